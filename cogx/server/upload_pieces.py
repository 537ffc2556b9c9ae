"""Knows how pieces of an upload get to the disk, in their order and each byte once.

A piece is on the disk before its answer leaves. Nothing is locked between two blocks: of two
requests that write at once, the one that comes to a byte second is told how much there is.
Source: spec/wire.md#resumable.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import AsyncIterator
from typing import Final

from anyio import CancelScope, to_thread
from sqlalchemy import update

from cogx.server.context import Context
from cogx.server.form import too_large
from cogx.server.refusals import Refusal, refused
from cogx.server.state.database import now
from cogx.server.state.tables import uploads
from cogx.server.upload_files import Upload, unknown

_FULL: Final = (errno.ENOSPC, errno.EDQUOT)


async def append(
    context: Context, upload: Upload, offset: int, blocks: AsyncIterator[bytes]
) -> int:
    """Write blocks at the end of an upload, and return how much is there then.

    Of blocks that break off, those that came are kept.

    Raises:
        Refusal: others write, too (409), the blocks go beyond its end (413), or the disk is full
            (503).
    """
    piece = await to_thread.run_sync(_Piece, upload, offset, context.settings.max_upload_bytes)
    try:
        async for block in blocks:
            await to_thread.run_sync(piece.write, block)
    finally:
        with CancelScope(shield=True):
            await to_thread.run_sync(piece.close)
            await to_thread.run_sync(_touch, context, upload.id)
    return piece.end


def check_offset(upload: Upload, offset: int) -> None:
    """Raise if an upload is not at that offset (409)."""
    there = upload.offset()
    if there != offset:
        raise _elsewhere(there)


def _elsewhere(offset: int) -> Refusal:
    """Return the answer to a piece that does not begin where the upload ends."""
    return refused(
        409, f"The upload goes on at byte {offset:,}.",
        code="upload.offset", headers={"Upload-Offset": str(offset), "Connection": "close"},
    )  # fmt: skip


class _Piece:
    """Blocks on their way to the end of an upload."""

    def __init__(self, upload: Upload, offset: int, most_bytes: int) -> None:
        self._most = most_bytes if upload.size_bytes is None else upload.size_bytes
        self.end = offset
        try:
            self._file = os.open(upload.path, os.O_WRONLY | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise unknown() from error

    def write(self, block: bytes) -> None:
        if self.end + len(block) > self._most:
            raise too_large(self._most)
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            there = os.fstat(self._file).st_size
            if there != self.end:
                raise _elsewhere(there)
            self._write(memoryview(block))
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def _write(self, left: memoryview) -> None:
        try:
            while left:
                written = os.pwrite(self._file, left, self.end)
                self.end += written
                left = left[written:]
        except OSError as error:
            if error.errno not in _FULL:
                raise
            raise refused(
                503, "The server's disk is full.",
                code="server.disk-full", headers={"Retry-After": "60", "Connection": "close"},
            ) from error  # fmt: skip

    def close(self) -> None:
        try:
            os.fsync(self._file)
        finally:
            os.close(self._file)


def _touch(context: Context, upload_id: str) -> None:
    with context.database.write() as state:
        state.execute(update(uploads).where(uploads.c.id == upload_id).values(updated_at=now()))
