"""Knows the files of the page, by name, and what each says of itself to a browser; never a request.

The page is HTML, CSS and JavaScript modules as they lie here: nothing is built, nothing comes from
another server. All it shows comes from the API, with the cookie of the login.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import PurePath
from typing import Final

INDEX: Final = "index.html"
MEDIA_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
HEADERS: Final = {
    # Names and texts of graphs are anybody's. They are shown as text only; if that failed, what
    # they hold would still not run, load or be framed, nor could markup be made of a string.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    # Asked for each time, and answered with 304 as long as it is the same.
    "Cache-Control": "no-cache",
}


@dataclass(frozen=True, slots=True)
class PageFile:
    """One file of the page."""

    content: bytes
    media_type: str
    etag: str


@cache
def page_files() -> dict[str, PageFile]:
    """Return all files of the page by their names."""
    found = {}
    for one in files(__name__).iterdir():
        media_type = MEDIA_TYPES.get(PurePath(one.name).suffix)
        if media_type is not None:
            content = one.read_bytes()
            digest = hashlib.sha256(content).hexdigest()
            found[one.name] = PageFile(content, media_type, f'"{digest[:32]}"')
    return found
