"""Knows what every half-made output shares: a private name beside the target, a parent handle.

Must never know whether a file or a directory is being made.
"""

from __future__ import annotations

import errno
import os
import secrets
from typing import Final

from cogx.errors import BadSetting, OutputError

FOLDER_FLAGS: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
NEW_FLAGS: Final = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
ASK: Final = "Choose another name, or allow overwriting with --force."


def temporary_name(name: str, kind: str = "partial") -> str:
    """Return a name beside ``name`` that nobody can guess and readers know as a leftover."""
    return f".{name[:60]}.{kind}-{secrets.token_hex(8)}"


def open_parent(path: str) -> int:
    """Open the directory that is to hold ``path``."""
    parent = os.path.dirname(path)
    try:
        return os.open(parent, FOLDER_FLAGS)
    except OSError as error:
        raise BadSetting(f"{parent}: cannot hold the output: {error.strerror}.") from error


def set_mode(descriptor: int, mode: int) -> None:
    """Set permissions, as far as this kind of disk has any."""
    try:
        os.fchmod(descriptor, mode)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS):
            raise


def confirm(folder: int, path: str) -> None:
    """Make the new name of ``path`` survive a power cut."""
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno == errno.EINVAL:
            return  # This kind of disk confirms files only, and that was done.
        text = f"{path}: is in place, but the disk did not confirm it: {error.strerror}."
        raise OutputError(text, path=path) from error
