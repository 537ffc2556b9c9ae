"""Knows what ``-`` means: an archive on stdin, an archive on stdout."""

from __future__ import annotations

import sys
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Final

from cogx.cli.terminal import Console, binary, is_terminal
from cogx.errors import BadSetting, NoSpace

STANDARD: Final = "-"
_SMALLEST_BYTES: Final = 1 << 20


def source_of(path: str) -> str | BinaryIO:
    """Return what to read an archive from.

    Raises:
        BadSetting: no name at all, or ``-`` where somebody would have to type the archive.
    """
    if path != STANDARD:
        return _named(path)
    if is_terminal(sys.stdin):
        raise BadSetting("- reads an archive from a pipe, and stdin is a terminal.")
    return sys.stdin.buffer


def target_of(path: str, console: Console) -> str | BinaryIO:
    """Return what to write an archive to; with ``-`` the console leaves stdout to it.

    Raises:
        BadSetting: no name at all, or ``-`` where the archive would flood a terminal.
    """
    if path != STANDARD:
        return _named(path)
    if is_terminal(sys.stdout):
        raise BadSetting("- writes an archive to a pipe, and stdout is a terminal.")
    console.stdout_taken = True
    return binary(sys.stdout)


def _named(path: str) -> str:
    if not path:
        raise BadSetting("An archive needs a name; an empty one was given.")
    return path


def shown(path: str, standard: str = "stdin") -> str:
    """Return how messages call a path the user gave."""
    return standard if path == STANDARD else path


def check_room(path: str, least_bytes: int, what: str) -> None:
    """Refuse long work whose result cannot possibly fit on the disk.

    Args:
        path: where the result goes; ``-`` is not checked.
        least_bytes: a lower bound of what will be written.
        what: how a message calls the result.

    Raises:
        NoSpace: less than that is free.
    """
    from cogx.container import free_bytes

    if path == STANDARD:
        return
    needed = max(least_bytes, _SMALLEST_BYTES)
    free = free_bytes(path)
    if free < needed:
        place = Path(path).absolute().parent
        raise NoSpace(
            f"{place}: {free:,} bytes are free, {what} needs at least {needed:,}. "
            "Nothing was written; free some space or choose another place.",
            path=path,
            free=free,
            needed=needed,
        )


def bytes_at(path: str) -> int:
    """Return the bytes a file holds, or a directory's members; 0 if it cannot be told."""
    try:
        place = Path(path)
        if not place.is_dir():
            return place.stat().st_size
        return sum(file.lstat().st_size for file in chain(place.glob("*"), place.glob("*/*")))
    except OSError:
        return 0
