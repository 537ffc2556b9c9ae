"""Knows how a multipart form is received: files go to disk as they come, fields stay small.

Memory does not grow with a file. A body that is too large is refused at the first byte over the
limit, one that stops coming is cut off, and what was not taken over is gone when the form closes.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final
from urllib.parse import quote, unquote
from uuid import uuid4

from anyio import to_thread
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from cogx.server.body_limit import streamed
from cogx.server.refusals import Refusal, invalid, refused

MOST_FILES: Final = 1000
MOST_FIELDS: Final = 1000
MOST_FIELD_BYTES: Final = 16 << 20
"""Of all fields that are no files, together."""
_AROUND_BYTES: Final = 1 << 20
"""What boundaries and headers may add to the files of a body."""
_LEAST_BYTES: Final = 32 << 10
"""What must come of a body while it may be idle: who sends a byte now and then is idle, too."""
_GATHER_BYTES: Final = 1 << 20
_MOST_HEADER_BYTES: Final = 4096
"""Of one part."""
_LONGEST_NAME: Final = 255


@dataclass(slots=True)
class ReceivedFile:
    """A file of a form, as it lies on disk until the form closes; move it to keep it."""

    field: str
    name: str
    mime_type: str | None
    path: Path
    size_bytes: int = 0
    md5: str = ""
    sha256: str = ""


@dataclass(slots=True)
class Form:
    """A received form: its fields in order, its files in order."""

    fields: list[tuple[str, str]] = field(default_factory=list)
    files: list[ReceivedFile] = field(default_factory=list)

    def plain(self, *lists: str) -> dict[str, Any]:
        """Return the fields by name, the last of each; those of ``lists`` as lists of all."""
        found: dict[str, Any] = {name: [] for name in lists}
        for name, value in self.fields:
            if name in lists:
                found[name].append(value)
            else:
                found[name] = value
        return found


@asynccontextmanager
async def received_form(
    request: Request, place: Callable[[str], Path], *, limit_bytes: int, idle_s: float
) -> AsyncIterator[Form]:
    """Give a form whose files are on disk, and remove those that nobody moved.

    Args:
        place: where a file of a new name is to lie.

    Raises:
        Refusal: no form (400), a part of it too large (413), packed (415), or hardly anything came
            for ``idle_s`` (408).
    """
    if request.headers.get("content-encoding", "identity") != "identity":
        raise refused(
            415, "A form is sent without a Content-Encoding; archives are packed already."
        )
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise invalid(("header", "content-type"), "Send multipart/form-data with a boundary.")
    told = request.headers.get("content-length", "")
    left = limit_bytes + MOST_FIELD_BYTES + _AROUND_BYTES
    if told.isdecimal() and int(told) > left:
        raise too_large(limit_bytes)
    parts = _Parts(place, limit_bytes)
    try:
        await _receive(parts, options[b"boundary"], iter_body(request, idle_s), left)
        yield parts.form
    finally:
        parts.close()


async def _receive(parts: _Parts, boundary: bytes, blocks: AsyncIterator[bytes], left: int) -> None:
    try:
        parser = MultipartParser(boundary, parts.callbacks())  # type: ignore[arg-type]
        async for block in blocks:
            left -= len(block)
            if left < 0:  # Names and headers without an end: neither files nor fields.
                raise too_large(parts.limit_bytes)
            await to_thread.run_sync(parser.write, block)
        await to_thread.run_sync(parser.finalize)
    except (FormParserError, UnicodeDecodeError) as error:
        raise invalid(("body",), f"This is no multipart form: {error}") from error
    if not parts.ended:
        raise invalid(("body",), "The form ends before its last boundary. Send it again.")


async def iter_body(request: Request, idle_s: float) -> AsyncIterator[bytes]:
    """Yield a request's body in blocks of about 1 MiB; of one that breaks off all that came.

    Raises:
        Refusal: hardly anything came for ``idle_s`` (408), or the client went away (400).
    """
    streamed(request.scope)
    clock = asyncio.get_running_loop().time
    stream = request.stream().__aiter__()
    gathered = bytearray()
    came, deadline = 0, clock() + idle_s
    while True:
        try:
            async with asyncio.timeout_at(deadline):
                piece = await anext(stream, None)
        except (TimeoutError, ClientDisconnect) as error:
            if gathered:
                yield bytes(gathered)
            raise _broken_off(error, idle_s) from error
        if piece is None:
            break
        gathered += piece
        came += len(piece)
        if len(gathered) >= _GATHER_BYTES:
            yield bytes(gathered)
            gathered.clear()
        if came >= _LEAST_BYTES:
            came, deadline = 0, clock() + idle_s
    if gathered:
        yield bytes(gathered)


def _broken_off(error: Exception, idle_s: float) -> Refusal:
    if isinstance(error, ClientDisconnect):
        return refused(400, "The client went away.")
    return refused(
        408, f"Hardly anything came for {idle_s:g} seconds. Send it again, or in parts.",
        headers={"Connection": "close"},
    )  # fmt: skip


def too_large(limit_bytes: int) -> Exception:
    """Return the answer to an upload over the limit."""
    return refused(
        413,
        f"The upload is larger than {limit_bytes:,} bytes, the most that this server takes.",
        code="upload.too-large",
        remedy="Split the archive (cogx push --split), or ask for a higher COGX_MAX_UPLOAD_BYTES.",
        headers={"Connection": "close"},
    )


class _Parts:
    """Takes a form in, part by part, as the parser finds them."""

    def __init__(self, place: Callable[[str], Path], limit_bytes: int) -> None:
        self.form = Form()
        self.ended = False
        self._place = place
        self.limit_bytes = limit_bytes
        self._bytes = 0
        self._field_bytes = 0
        self._headers: dict[bytes, bytes] = {}
        self._header_bytes = 0
        self._name = b""
        self._value = b""
        self._field = ""
        self._text: bytearray | None = None
        self._file: BinaryIO | None = None
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._sha256 = hashlib.sha256()

    def callbacks(self) -> dict[str, Callable[..., None]]:
        """Return what the parser calls."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._header_name,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_end,
            "on_part_data": self._data,
            "on_part_end": self._end,
            "on_end": self._all,
        }

    def close(self) -> None:
        """Remove what was not moved away."""
        if self._file is not None:
            self._file.close()
        for one in self.form.files:
            one.path.unlink(missing_ok=True)

    def _begin(self) -> None:
        self._headers, self._name, self._value = {}, b"", b""
        self._header_bytes = 0

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]
        self._count_header(end - start)

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]
        self._count_header(end - start)

    def _count_header(self, count: int) -> None:
        self._header_bytes += count
        if self._header_bytes > _MOST_HEADER_BYTES:
            raise invalid(("body",), "The headers of a part are too long.")

    def _header_end(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name, self._value = b"", b""

    def _headers_end(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._field = options.get(b"name", b"").decode()
        filename = options.get(b"filename")
        if filename is None:
            if len(self.form.fields) >= MOST_FIELDS:
                raise invalid(("body",), f"A form may have {MOST_FIELDS:,} fields.")
            self._text = bytearray()
            return
        if len(self.form.files) >= MOST_FILES:
            raise invalid(("body",), f"A form may have {MOST_FILES:,} files.")
        mime = self._headers.get(b"content-type", b"").decode("ascii", "replace") or None
        path = self._place(uuid4().hex)
        self.form.files.append(ReceivedFile(self._field, base_name(filename), mime, path))
        self._file = path.open("xb")
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._sha256 = hashlib.sha256()

    def _data(self, data: bytes, start: int, end: int) -> None:
        piece = data[start:end]
        if self._text is not None:
            self._field_bytes += len(piece)
            if self._field_bytes > MOST_FIELD_BYTES:
                raise too_large(MOST_FIELD_BYTES)
            self._text += piece
            return
        assert self._file is not None
        self._bytes += len(piece)
        if self._bytes > self.limit_bytes:
            raise too_large(self.limit_bytes)
        self._file.write(piece)
        self._md5.update(piece)
        self._sha256.update(piece)
        self.form.files[-1].size_bytes += len(piece)

    def _end(self) -> None:
        if self._text is not None:
            self.form.fields.append((self._field, self._text.decode()))
            self._text = None
        elif self._file is not None:
            self._file.close()
            self._file = None
            self.form.files[-1].md5 = self._md5.hexdigest()
            self.form.files[-1].sha256 = self._sha256.hexdigest()

    def _all(self) -> None:
        self.ended = True


def base_name(filename: bytes) -> str:
    """Return a file's name without directories: clients send whole paths of their machine.

    A real cognee sends them percent-encoded, every character that is not plain (RFC 7578, 2).
    """
    text = filename.decode("utf-8", "replace")
    if quote(unquote(text), safe="") == text:
        text = unquote(text)
    text = text.replace("\\", "/").rpartition("/")[2]
    kept = "".join(one for one in text if one.isprintable()).strip()
    return kept[-_LONGEST_NAME:] or "unnamed"
