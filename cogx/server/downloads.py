"""Knows how something large is given out: piece by piece or a range of it, and its name there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final
from urllib.parse import quote

from starlette.responses import FileResponse
from starlette.types import Receive, Scope, Send

_BLOCK_BYTES: Final = 64 << 10
_RANGE: Final = re.compile(rb"bytes=(?:(\d{1,18})-(\d{0,18})|-\d{1,18})")
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]+")


class Download(FileResponse):
    """A file, or one range of it; what is no range, or several, gives all (RFC 9110, 14.2)."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        headers = [(k, v) for k, v in scope["headers"] if k != b"range" or _is_range(v)]
        await super().__call__({**scope, "headers": headers}, receive, send)


def _is_range(value: bytes) -> bool:
    found = _RANGE.fullmatch(value)
    return found is not None and not (found[2] and int(found[2]) < int(found[1]))


def begun(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Return pieces gathered into blocks, of which the first has been made.

    So what cannot be given out at all fails before an answer has begun, and a thread is not
    changed to for every few bytes.
    """
    blocks = _gathered(pieces)
    return chain([next(blocks, b"")], blocks)


def _gathered(pieces: Iterable[bytes]) -> Iterator[bytes]:
    block = bytearray()
    for piece in pieces:
        block += piece
        if len(block) >= _BLOCK_BYTES:
            yield bytes(block)
            block.clear()
    yield bytes(block)


def attachment(name: str, ending: str = "") -> dict[str, str]:
    """Return the header under whose name a browser saves what comes; see RFC 6266.

    Nothing of a name can end the header or name a directory: what is not plain is an underscore in
    the first form, and percent-encoded in the second, which every present client prefers.
    """
    plain = _UNSAFE.sub("_", name).strip("._") or "data"
    told = f'attachment; filename="{plain}{ending}"'
    if plain != name:
        last = name.replace("\\", "/").rpartition("/")[2] or plain
        told += f"; filename*=UTF-8''{quote(last + ending, safe='', errors='replace')}"
    return {"Content-Disposition": told}
