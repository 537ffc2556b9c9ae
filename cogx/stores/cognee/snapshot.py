"""Knows how to tell whether files change, and how to copy those of one moment; reads no content.

A database that somebody has open, or that died open, is its file and what lies beside it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from cogx.errors import StoreUnavailable

Stamps = list[tuple[int, int, int]]
_ATTEMPTS: Final = 6
_PAUSE_S: Final = 0.1
_BLOCK_BYTES: Final = 4 << 20


def stamps_of(path: Path, endings: Sequence[str] = ()) -> Stamps:
    """Return what tells one state from another: of the file, then of those beside it.

    An absent file has the size 0, which stands second.
    """
    return [_stamp(_beside(path, ending)) for ending in ("", *endings)]


def copy_together(path: Path, endings: Sequence[str], folder: Path) -> Path:
    """Copy a file and those beside it into a folder, all of one moment; return the copy.

    Raises:
        StoreUnavailable: they change faster than they can be copied; a retry may help.
    Cost: disk as large as the files.
    """
    copy = folder / path.name
    for attempt in range(_ATTEMPTS):
        pause(attempt)
        before = stamps_of(path, endings)
        for ending in ("", *endings):
            _copy(_beside(path, ending), _beside(copy, ending))
        if stamps_of(path, endings) == before:
            return copy
    raise StoreUnavailable(f"cognee keeps writing to {path}. Try again when it rests, or stop it.")


def pause(attempt: int) -> None:
    """Wait before a retry, longer each time; not before the first try, which is 0."""
    if attempt:
        time.sleep(_PAUSE_S * 2**attempt)


def _copy(source: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    try:
        with source.open("rb") as reading, target.open("xb") as writing:
            while block := reading.read(_BLOCK_BYTES):
                writing.write(block)
    except FileNotFoundError:
        target.unlink(missing_ok=True)


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        state = path.stat()
    except FileNotFoundError:
        return 0, 0, 0
    return state.st_ino, state.st_size, state.st_mtime_ns
