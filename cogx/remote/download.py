"""Knows how one file comes from a server, and goes on where it was cut; not what the file is.

Bytes are added to what is there only if the server says that they belong to the same file, by an
ETag or a time of change; else the file begins anew.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cogx.errors import NoSpace, RemoteError, RemoteGarbled, RemoteRefused, RemoteUnavailable
from cogx.remote.server import TRIES, Server, passes

if TYPE_CHECKING:
    import httpx

FIRST_WAIT_S: float = 0.2
MOST_WAIT_S: Final = 30.0
_RANGE: Final = re.compile(r"bytes (\d{1,18})-\d{1,18}/(?:\d{1,18}|\*)")
_NOT_THERE: Final = 416


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A file that is whole."""

    size_bytes: int
    sha256: str


def _nobody(_: Any) -> None:
    """Hear and do nothing."""


def download(
    server: Server,
    path: str,
    target: Path,
    *,
    params: Mapping[str, Any] | None = None,
    validator: str | None = None,
    silence_s: float | None = None,
    began: Callable[[str | None], None] = _nobody,
    advance: Callable[[int], None] = _nobody,
    check: Callable[[httpx.Response], None] = _nobody,
) -> Downloaded:
    """Fetch a file, however often the connection is cut, as long as something arrives.

    Args:
        target: where it goes; what is there is gone on from if ``validator`` still holds.
        validator: what ``began`` heard when the bytes at ``target`` were fetched.
        silence_s: how long the server may say nothing; None: as always.
        began: hears the validator of a file that begins anew, before its first byte.
        advance: hears how many bytes arrived.
        check: may refuse an answer by its headers.

    Raises:
        RemoteUnavailable, RemoteRefused, RemoteGarbled: after :data:`TRIES` tries in a row that
            brought nothing, or at once where trying again does not help. What arrived stays.
        NoSpace: the disk is full.
    """
    kept = validator
    fruitless = 0
    while True:
        before = _size(target)
        start = before if kept else 0
        try:
            with server.stream(
                path, params, start=start, validator=kept, silence_s=silence_s
            ) as answer:
                check(answer)
                offset = _offset(answer, start)
                if offset == 0:
                    kept = _validator(answer)
                    began(kept)
                _write(answer, target, offset, advance)
            return Downloaded(_size(target), _sha256(target))
        except RemoteRefused as error:
            if error.status == _NOT_THERE and start:
                kept = None  # what is there is longer than the file, which has changed
                continue
            if not passes(error):
                raise
            fruitless = patience(error, fruitless + 1)
        except _Elsewhere:
            kept = None
        except RemoteUnavailable as error:
            grown = kept is not None and _size(target) > before
            fruitless = patience(error, 1 if grown else fruitless + 1)


class _Elsewhere(Exception):
    """The server answers with bytes from another place than was asked for."""


def _offset(answer: httpx.Response, start: int) -> int:
    """Return where the bytes of an answer belong."""
    if answer.status_code != 206:
        return 0
    told = _RANGE.fullmatch(answer.headers.get("content-range", "").strip())
    if told is None or int(told[1]) != start or not start:
        if not start:
            raise RemoteGarbled(f"{answer.url}: the server sends a part, and all was asked for.")
        raise _Elsewhere
    return start


def _validator(answer: httpx.Response) -> str | None:
    """Return what tells whether the file is still the same, None if nothing does for sure."""
    tag = str(answer.headers.get("etag", "")).strip()
    if tag.startswith('"'):
        return tag
    return str(answer.headers.get("last-modified", "")).strip() or None


def _write(
    answer: httpx.Response, target: Path, offset: int, advance: Callable[[int], None]
) -> None:
    told = answer.headers.get("content-length", "")
    arrived = 0
    try:
        with target.open("r+b" if offset else "wb") as file:
            file.seek(offset)
            for chunk in answer.iter_bytes():
                file.write(chunk)
                arrived += len(chunk)
                advance(len(chunk))
    except OSError as error:
        raise NoSpace(f"{target.parent}: {error.strerror}. What was fetched stays.") from error
    if told.isdecimal() and arrived != int(told):
        raise RemoteUnavailable(
            f"{answer.url}: {arrived:,} of {int(told):,} bytes arrived. Try again."
        )


def patience(error: RemoteError, fruitless: int) -> int:
    """Wait before the next try, longer each time, or raise the error if there were enough."""
    if fruitless >= TRIES:
        raise error
    told = error.context.get("retry_after")
    wait_s = FIRST_WAIT_S * 2 ** (fruitless - 1)
    if isinstance(told, str) and told.strip().isdecimal():
        wait_s = float(told)
    time.sleep(min(wait_s, MOST_WAIT_S))
    return fruitless


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
