"""Knows the routes of the page: what a browser is given, and what others are told at ``/``."""

from __future__ import annotations

import re
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from cogx.server.page import HEADERS, INDEX, page_files
from cogx.server.refusals import refused
from cogx.server.routes.answers import answers

ALIVE: Final = {"message": "Hello, World, I am alive!"}
_HTML: Final = re.compile(r"\btext/html\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))", re.IGNORECASE)
_DESCRIBED: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "Somebody is here; browsers, which ask for text/html, are given the page.",
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["message"],
                    "properties": {"message": {"type": "string"}},
                }
            },
            "text/html": {"schema": {"type": "string"}},
        },
    }
}

router: Final = APIRouter(tags=["page"])


@router.get("/", response_class=Response, responses=_DESCRIBED | answers(304))
def root(request: Request) -> Response:
    """Say that somebody is here; to a browser, show the page."""
    if _HTML.search(request.headers.get("accept", "")):
        answer = _file(request, INDEX)
    else:
        answer = JSONResponse(ALIVE)
    answer.headers["Vary"] = "Accept"
    return answer


@router.get("/page/{name}", include_in_schema=False)
def page_file(name: str, request: Request) -> Response:
    """Give a file that the page is made of; no part of the API."""
    return _file(request, name)


def _file(request: Request, name: str) -> Response:
    found = page_files().get(name)
    if found is None:
        raise refused(404, f"The page has no file {name!r}.")
    headers = HEADERS | {"ETag": found.etag}
    if found.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(found.content, headers=headers, media_type=found.media_type)
