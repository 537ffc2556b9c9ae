"""Knows how much room a disk has and how a failed write is told to the user.

Must never know what is written.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cogx.errors import NoSpace, OutputError

_FULL = (errno.ENOSPC, errno.EDQUOT)


def free_bytes(path: str | os.PathLike[str]) -> int:
    """Return the bytes that an ordinary user may still write where ``path`` is or would be."""
    place = Path(path).absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    room = os.statvfs(place)
    return room.f_bavail * room.f_frsize


@contextmanager
def writing(path: str, hint: str = "") -> Iterator[None]:
    """Turn every OSError inside into NoSpace or OutputError that name ``path`` and a way out."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        tail = f" ({hint})" if hint else ""
        if error.errno in _FULL:
            raise NoSpace(
                f"{path}: no room left on the disk{tail}. "
                "Nothing was left behind; free some space or choose another place.",
                path=path,
            ) from error
        raise OutputError(
            f"{path}: cannot be written: {reason}{tail}. "
            "Nothing was left behind; check the place and its permissions.",
            path=path,
        ) from error


def put_all(descriptor: int, data: bytes | memoryview) -> None:
    """Write all of the bytes, however few the system takes at once."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
