"""Knows the form with an archive as it goes over the wire, piece by piece; knows no route.

Source: spec/wire.md#upload.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Final

from cogx.errors import BadSetting
from cogx.progress import Progress
from cogx.remote.file_form import file_state, quoted

_PART_BYTES: Final = 64 << 10


class ArchiveForm:
    """The bytes around the archive: parts in the order in which a cognee client sends them."""

    def __init__(self, fields: Mapping[str, str], filename: str | None = None) -> None:
        self.boundary = secrets.token_hex(24)
        parts = [
            f'--{self.boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n'
            f"Content-Type: text/plain; charset=utf-8\r\n\r\n{value}\r\n"
            for key, value in fields.items()
        ]
        self.after = f"--{self.boundary}--\r\n".encode()
        if filename is not None:
            parts.append(
                f'--{self.boundary}\r\nContent-Disposition: form-data; name="data"; '
                f'filename="{quoted(filename)}"\r\nContent-Type: application/x-tar\r\n\r\n'
            )
            self.after = b"\r\n" + self.after
        self.before = "".join(parts).encode("utf-8", "replace")


class FieldsBody:
    """One request's body without a file: what has left of it."""

    def __init__(self, form: ArchiveForm) -> None:
        self._form = form
        self.size = len(form.before) + len(form.after)
        self.sent = 0
        """Bytes handed on, of which the last ones may not have left."""

    @property
    def is_complete(self) -> bool:
        """Tell whether all of it was handed on."""
        return self.sent >= self.size

    def __iter__(self) -> Iterator[bytes]:
        yield self._counted(self._form.before)
        yield self._counted(self._form.after)

    def _counted(self, part: bytes) -> bytes:
        self.sent += len(part)
        return part


class ArchiveBody(FieldsBody):
    """One request's body with the archive: what has left, and whether that was all of it.

    The end of the form is held back until the file has proven to be what it was at the start:
    without it no server imports anything.
    """

    def __init__(
        self, file: IO[bytes], path: Path, form: ArchiveForm, sha256: str | None, progress: Progress
    ) -> None:
        super().__init__(form)
        self._file = file
        self._path = path
        self._sha256 = sha256
        self._progress = progress
        self._before = file_state(file)
        self._archive_size = self._before[0]
        self.size += self._archive_size

    def __iter__(self) -> Iterator[bytes]:
        yield self._counted(self._form.before)
        seen = hashlib.sha256()
        left = self._archive_size
        while left:
            part = self._file.read(min(_PART_BYTES, left))
            if not part:
                raise self._changed()
            left -= len(part)
            if self._sha256:
                seen.update(part)
            yield self._counted(part)
            self._progress.advance(len(part))
        wrong = self._sha256 and seen.hexdigest() != self._sha256.lower()
        if wrong or file_state(self._file) != self._before:
            raise self._changed()
        yield self._counted(self._form.after)

    def _changed(self) -> BadSetting:
        return BadSetting(
            f"{self._path}: the file changed while it was sent. The upload was broken off and "
            "nothing was imported; push it again when it rests."
        )
