"""Knows which half-made outputs nobody works on any more: the kernel unlocks what the dead held.

Must never know what they were to become. Only temporary names of our own form are looked at.
"""

from __future__ import annotations

import fcntl
import os
import re
import stat
from contextlib import suppress
from typing import Final

from cogx.container.staging import FOLDER_FLAGS, temporary_prefix
from cogx.format.layout import MEMBERS

_LOOK: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def claim(name: str, folder: int, descriptor: int) -> bool:
    """Hold what was just made, until the descriptor is closed; False if it was cleared away.

    A disk that knows no locks holds nothing, and there nothing is ever cleared away.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return os.path.samestat(found, os.fstat(descriptor))


def clear_abandoned(place: str, name: str) -> None:
    """Remove from a directory what writers that died have left of an output of that name.

    What cannot be removed harms nobody, and stays.
    """
    ours = re.compile(re.escape(temporary_prefix(name)) + "[0-9a-f]{16}")
    with suppress(OSError):
        folder = os.open(place, FOLDER_FLAGS)
        try:
            for found in filter(ours.fullmatch, _names(folder)):
                with suppress(OSError):
                    _clear(found, folder)
        finally:
            os.close(folder)


def _clear(name: str, folder: int) -> None:
    descriptor = os.open(name, _LOOK, dir_fd=folder)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            os.unlink(name, dir_fd=folder)
        elif MEMBERS.issuperset(members := _names(descriptor)):
            for member in members:
                os.unlink(member, dir_fd=descriptor)
            os.rmdir(name, dir_fd=folder)
    finally:
        os.close(descriptor)


def _names(folder: int) -> list[str]:
    with os.scandir(folder) as scan:
        return [entry.name for entry in scan]
