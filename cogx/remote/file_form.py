"""Knows a form with one file, as it goes over the wire a piece at a time; knows no route."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from cogx.errors import BadSetting

_PART_BYTES: Final = 64 << 10


@dataclass(frozen=True, slots=True)
class FileToSend:
    """A file and what goes with it. ``id`` is a UUID of ours, ``sha256`` and ``md5`` in hex."""

    id: str
    path: Path
    name: str
    size_bytes: int
    sha256: str
    md5: str
    mime_type: str | None = None
    label: str | None = None
    external_metadata: Mapping[str, Any] = field(default_factory=dict)
    node_set: Sequence[str] = ()


class FileChanged(BadSetting):
    """A file is not what it was when it was looked at; the server did not get it whole."""


def file_state(file: IO[bytes]) -> tuple[int, int]:
    """Return what tells that an open file has changed: its size, and when it was written to."""
    found = os.fstat(file.fileno())
    return found.st_size, found.st_mtime_ns


class FileForm:
    """A form with one file.

    Its end is held back until the bytes have proven to be the right ones: without it no server
    takes the file.
    """

    def __init__(
        self,
        content: IO[bytes],
        *,
        file: FileToSend,
        fields: Sequence[tuple[str, str]],
        part: str,
        advance: Callable[[int], None] | None,
    ) -> None:
        self.boundary = secrets.token_hex(24)
        self._content = content
        self._file = file
        self._advance = advance
        lines = [
            f'--{self.boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields
        ]
        name = quoted(file.name)
        kind = file.mime_type or "application/octet-stream"
        lines.append(
            f"--{self.boundary}\r\nContent-Disposition: form-data; "
            f'name="{part}"; filename="{name}"\r\nContent-Type: {_plain(kind)}\r\n\r\n'
        )
        self._before = "".join(lines).encode("utf-8", "replace")
        self._after = f"\r\n--{self.boundary}--\r\n".encode()
        self.size = len(self._before) + file.size_bytes + len(self._after)

    def __iter__(self) -> Iterator[bytes]:
        if os.fstat(self._content.fileno()).st_size != self._file.size_bytes:
            raise self._changed()
        yield self._before
        seen, left = hashlib.sha256(), self._file.size_bytes
        while left:
            part = self._content.read(min(_PART_BYTES, left))
            if not part:
                raise self._changed()
            left -= len(part)
            seen.update(part)
            yield part
            if self._advance is not None:
                self._advance(len(part))
        if seen.hexdigest() != self._file.sha256:
            raise self._changed()
        yield self._after

    def _changed(self) -> FileChanged:
        return FileChanged(f"{self._file.name}: it changed while it was sent. Sync again.")


def quoted(name: str) -> str:
    """Return a file name as browsers write it into a form."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _plain(kind: str) -> str:
    return kind if kind.isascii() and kind.isprintable() else "application/octet-stream"
