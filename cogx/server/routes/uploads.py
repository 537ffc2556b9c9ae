"""Knows the routes of resumable uploads, and of how much a user keeps.

Source: spec/wire.md#resumable.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from anyio import to_thread
from fastapi import APIRouter, Header, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from cogx.server import quota, upload_files
from cogx.server.context import Caller, Ctx
from cogx.server.form import iter_body, too_large
from cogx.server.refusals import refused
from cogx.server.routes.answers import answers
from cogx.server.upload_pieces import append, check_offset

MEDIA_TYPE: Final = "application/offset+octet-stream"
_PATH: Final = "/api/v1/cogx/uploads"
_LARGEST: Final = 2**53

router: Final = APIRouter(tags=["uploads"])


class NewUpload(BaseModel):
    """What is to be uploaded; null where it is not known yet."""

    size: int | None = Field(None, ge=0, le=_LARGEST)
    sha256: str | None = Field(None, pattern="^[0-9A-Fa-f]{64}$")
    name: str = Field("archive.cogx.tar.gz", max_length=1000)


@router.post(_PATH, status_code=201, response_class=Response, responses=answers(400, 401, 413, 429))
def begin_upload(body: NewUpload, caller: Caller, context: Ctx) -> Response:
    """Begin an upload that can go on where it was cut; Location says where."""
    made = upload_files.begin(context, caller, body.size, body.sha256, body.name)
    return Response(status_code=201, headers={"Location": f"{_PATH}/{made}", "Upload-Offset": "0"})


@router.head(f"{_PATH}/{{upload_id}}", response_class=Response, responses=answers(401, 404))
def how_much(upload_id: str, caller: Caller, context: Ctx) -> Response:
    """Say how much of an upload is there: Upload-Offset."""
    upload = upload_files.upload_of(context, caller, upload_id)
    headers = {"Upload-Offset": str(upload.offset())}
    if upload.size_bytes is not None:
        headers["Upload-Length"] = str(upload.size_bytes)
    return Response(headers=headers)


@router.patch(
    f"{_PATH}/{{upload_id}}",
    status_code=204,
    response_class=Response,
    responses=answers(400, 401, 404, 408, 409, 411, 413, 415, 429, 503),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def send_piece(
    upload_id: str,
    request: Request,
    caller: Caller,
    context: Ctx,
    upload_offset: Annotated[int, Header(ge=0, le=_LARGEST)],
) -> Response:
    """Append a piece at Upload-Offset; answer with the new one."""
    upload = await to_thread.run_sync(upload_files.upload_of, context, caller, upload_id)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != MEDIA_TYPE:
        raise refused(415, f"A piece has the Content-Type {MEDIA_TYPE}.")
    told = request.headers.get("content-length", "")
    if not told.isdecimal():
        raise refused(411, "Say the length of the piece: Content-Length.")
    most = context.settings.upload_chunk_bytes
    if int(told) > most:
        raise too_large(most)
    await to_thread.run_sync(check_offset, upload, upload_offset)
    if upload.size_bytes is not None and upload_offset + int(told) > upload.size_bytes:
        raise too_large(upload.size_bytes)
    async with context.uploads.enter():
        blocks = iter_body(request, context.settings.idle_upload_s)
        reached = await append(context, upload, upload_offset, blocks)
    return Response(status_code=204, headers={"Upload-Offset": str(reached)})


@router.delete(
    f"{_PATH}/{{upload_id}}",
    status_code=204,
    response_class=Response,
    responses=answers(401, 404),
)
def drop_upload(upload_id: str, caller: Caller, context: Ctx) -> None:
    """Drop an upload."""
    upload = upload_files.upload_of(context, caller, upload_id)
    upload_files.drop(context, upload.id)


@router.get("/api/v1/cogx/usage", responses=answers(401))
def usage(caller: Caller, context: Ctx) -> dict[str, Any]:
    """Say how much the caller keeps, and may keep."""
    found = quota.usage_of(context, caller.id)
    return found.body(context.settings.user_quota_bytes) | {
        "requests_per_minute": context.settings.requests_per_minute
    }
