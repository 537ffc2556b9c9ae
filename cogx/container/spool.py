"""Knows how one member is compressed while it is written, and kept without a name until the end.

Must never know what stands before or behind it.
"""

from __future__ import annotations

import errno
import os
from typing import Final, Protocol

from cogx.container.contract import CHUNK_BYTES
from cogx.container.joining import Encoder
from cogx.container.room import put_all, writing

_IN_MEMORY_BYTES: Final = 1 << 20
_NO_RANGE_COPY: Final = (
    errno.EXDEV,
    errno.EINVAL,
    errno.ENOSYS,
    errno.EOPNOTSUPP,
    errno.EBADF,
    errno.EPERM,
    errno.ETXTBSY,
)


class Sink(Protocol):
    """Where finished bytes go."""

    def put(self, data: bytes | memoryview) -> None:
        """Write all of the bytes."""

    def descriptor(self) -> int | None:
        """Return a file descriptor that the kernel can copy into, if there is one."""


class Spool:
    """One member in the making.

    Input is cut at fixed places, however it comes, because what a compressor gives depends on
    where its input was cut; so the same bytes give the same file. Small members stay in memory.
    """

    def __init__(self, encoder: Encoder, folder: str) -> None:
        self._encoder = encoder
        self._folder = folder
        self._pending = bytearray()
        self._parts: list[bytes] = []
        self._kept_bytes = 0
        self._file: int | None = None
        self.size = 0

    @property
    def checksum(self) -> int:
        """Return the checksum of the plain bytes."""
        return self._encoder.checksum

    def write(self, data: bytes) -> None:
        """Append plain bytes."""
        self.size += len(data)
        self._pending += data
        whole = len(self._pending) - len(self._pending) % CHUNK_BYTES
        if not whole:
            return
        with memoryview(self._pending) as view:
            for at in range(0, whole, CHUNK_BYTES):
                self._keep(self._encoder.encode(view[at : at + CHUNK_BYTES]))
        del self._pending[:whole]

    def finish(self) -> None:
        """Compress what is left."""
        if self._pending:
            self._keep(self._encoder.encode(bytes(self._pending)))
            self._pending.clear()
        self._keep(self._encoder.end())

    def _keep(self, data: bytes) -> None:
        self._parts.append(data)
        self._kept_bytes += len(data)
        if self._kept_bytes > _IN_MEMORY_BYTES or self._file is not None:
            self._flush()

    def _flush(self) -> None:
        import tempfile  # noqa: PLC0415 - loaded when needed

        with writing(self._folder, "members are kept there until the archive is whole"):
            if self._file is None:
                with tempfile.TemporaryFile(dir=self._folder, buffering=0) as file:
                    self._file = os.dup(file.fileno())
            for part in self._parts:
                put_all(self._file, part)
        self._parts.clear()

    def copy_into(self, sink: Sink) -> None:
        """Append the compressed bytes to the sink; the spool stays as it is."""
        if self._file is None:
            for part in self._parts:
                sink.put(part)
            return
        at = _copy_by_kernel(self._file, sink.descriptor())
        while piece := os.pread(self._file, CHUNK_BYTES, at):
            sink.put(piece)
            at += len(piece)

    def close(self) -> None:
        """Forget the member; its file has no name, so this removes it."""
        self._parts.clear()
        self._pending.clear()
        file, self._file = self._file, None
        if file is not None:
            os.close(file)


def _copy_by_kernel(source: int, target: int | None) -> int:
    """Copy as far as the kernel does it, and return how far that is."""
    at = 0
    if target is None or not hasattr(os, "copy_file_range"):
        return at
    try:
        while copied := os.copy_file_range(source, target, 1 << 30, offset_src=at):
            at += copied
    except OSError as error:
        if error.errno not in _NO_RANGE_COPY:
            raise
    return at
