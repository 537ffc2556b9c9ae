"""Knows how an upload that is complete stands in for a file of a form, once.

Source: spec/wire.md#resumable.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from anyio import CancelScope, to_thread

from cogx.server.context import Context
from cogx.server.form import Form, ReceivedFile, base_name
from cogx.server.identity.users import User
from cogx.server.places import TAKEN
from cogx.server.refusals import Refusal, refused
from cogx.server.upload_files import Upload, drop, unknown, upload_of

_READ_BYTES: Final = 1 << 20


@asynccontextmanager
async def with_upload(
    context: Context, caller: User, form: Form, upload_id: str | None,
    *, name: str | None = None, mime_type: str | None = None,
) -> AsyncIterator[None]:  # fmt: skip
    """Give a form the file of an upload. It is used up then, unless what follows is refused.

    Args:
        upload_id: None changes nothing.
        name, mime_type: of the file; else as the upload was begun.

    Raises:
        Refusal: no such upload (404), bytes of it are missing (409), or it is not what its hash
            says (422), and is dropped.
    """
    if not upload_id:
        yield
        return
    upload = await to_thread.run_sync(upload_of, context, caller, upload_id)
    taken = await to_thread.run_sync(_taken, upload)
    is_over = False
    try:
        file = await to_thread.run_sync(_received, upload, taken)
        is_over = upload.sha256 not in (None, file.sha256)
        if is_over:
            raise mismatch()
        if name:
            file.name = base_name(name.encode())
        file.mime_type = mime_type
        form.files.append(file)
        try:
            yield
        finally:
            form.files.remove(file)  # The form would remove it.
        is_over = True
    finally:
        with CancelScope(shield=True):
            await to_thread.run_sync(_end, context, upload, taken, is_over)


def mismatch() -> Refusal:
    """Return the answer to bytes that are not those that their hash says."""
    return refused(
        422, "What was received is not what its hash says. Nothing was kept; send it again.",
        code="checksum_mismatch",
    )  # fmt: skip


def _taken(upload: Upload) -> Path:
    """Keep an upload from others who ask for it; a server that starts gives it back."""
    taken = upload.path.with_name(upload.id + TAKEN)
    try:
        upload.path.rename(taken)
    except FileNotFoundError as error:
        raise unknown() from error
    return taken


def _received(upload: Upload, path: Path) -> ReceivedFile:
    md5, sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()
    size = 0
    with path.open("rb") as file:
        while part := file.read(_READ_BYTES):
            md5.update(part)
            sha256.update(part)
            size += len(part)
    if upload.size_bytes not in (None, size):
        raise refused(
            409, f"The upload is not complete: {size:,} of {upload.size_bytes:,} bytes are there.",
            code="upload.incomplete", headers={"Upload-Offset": str(size)},
        )  # fmt: skip
    return ReceivedFile("data", upload.name, None, path, size, md5.hexdigest(), sha256.hexdigest())


def _end(context: Context, upload: Upload, taken: Path, is_over: bool) -> None:
    if is_over:
        taken.unlink(missing_ok=True)
        drop(context, upload.id)
        return
    with suppress(FileNotFoundError):  # Moved already, by what failed afterwards.
        taken.rename(upload.path)
