"""Knows bytes at rest that can be read at any offset: a file, a file object, memory.

Must never know what the bytes are.
"""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path
from typing import BinaryIO, Protocol

from cogx.container.room import put_all, writing
from cogx.errors import BadSetting

_COPY_BYTES = 1 << 20


class Resting(Protocol):
    """Bytes that stay where they are, so that every pass can begin anew."""

    @property
    def size(self) -> int:
        """Return the number of bytes."""

    def read_at(self, offset: int, limit: int) -> bytes:
        """Return at most ``limit`` bytes from ``offset``; nothing at the end."""

    def changed(self) -> bool:
        """Tell whether the bytes were changed since they were opened, as far as one can see."""

    def close(self) -> None:
        """Give back what opening took; twice is fine."""


class RestingMemory:
    """Bytes in memory."""

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)
        self.size = len(data)

    def read_at(self, offset: int, limit: int) -> bytes:
        """Return a copy of the slice."""
        return bytes(self._data[offset : offset + limit])

    def changed(self) -> bool:
        """Return False: bytes do not change."""
        return False

    def close(self) -> None:
        """Do nothing; the bytes belong to the caller."""


class RestingFile:
    """A regular file on disk, held open; passes do not share a file position."""

    def __init__(self, file: io.FileIO | BinaryIO) -> None:
        self._file = file
        self._mark = self._state()
        self.size = self._mark[0]

    @classmethod
    def open(cls, path: str) -> RestingFile:
        """Open a path that must lead to a regular file."""
        if not stat.S_ISREG(Path(path).stat().st_mode):
            raise BadSetting(f"{path}: not a regular file or a directory; for a pipe use -.")
        # A FIFO put there between the two calls must not hang us, hence O_NONBLOCK.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        file = io.FileIO(descriptor, "rb")
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            file.close()
            raise BadSetting(f"{path}: not a regular file or a directory; for a pipe use -.")
        return cls(file)

    def _state(self) -> tuple[int, int]:
        state = os.fstat(self._file.fileno())
        return state.st_size, state.st_mtime_ns

    def read_at(self, offset: int, limit: int) -> bytes:
        """Return bytes from the file."""
        return os.pread(self._file.fileno(), limit, offset)

    def changed(self) -> bool:
        """Tell whether size or modification time differ from those at opening."""
        return self._state() != self._mark

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class RestingObject:
    """A seekable binary file object of the caller, from where it stood; it is never closed."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._start = source.tell()
        self.size = source.seek(0, os.SEEK_END) - self._start
        source.seek(self._start)

    def read_at(self, offset: int, limit: int) -> bytes:
        """Seek, then read: others may have moved the position meanwhile."""
        self._source.seek(self._start + offset)
        return self._source.read(limit)

    def changed(self) -> bool:
        """Return False: a file object does not tell."""
        return False

    def close(self) -> None:
        """Do nothing; the object belongs to the caller."""


def spool_pipe(source: BinaryIO) -> RestingFile:
    """Copy what a pipe gives into a temporary file without a name."""
    import tempfile  # noqa: PLC0415 - loaded when needed

    folder = tempfile.gettempdir()
    hint = "the input is kept there while it is read; set TMPDIR to a larger disk"
    with writing(folder, hint):
        spool = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115 - kept open
    try:
        while piece := source.read(_COPY_BYTES):
            with writing(folder, hint):
                put_all(spool.fileno(), piece)
    except BaseException:
        spool.close()
        raise
    return RestingFile(spool)
