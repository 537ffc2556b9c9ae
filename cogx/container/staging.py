"""Knows what every half-made output shares: a private name beside the target, a parent handle.

Must never know whether a file or a directory is being made.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Final

from cogx.errors import BadSetting, OutputError

FOLDER_FLAGS: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
NEW_FLAGS: Final = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_LINKLESS: Final = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)
_RENAME_EXCHANGE: Final = 2
"""From Linux' fcntl.h; the standard library has no name for it."""

ASK: Final = "Choose another name, or allow overwriting with --force."


def temporary_name(name: str, kind: str = "partial") -> str:
    """Return a name beside ``name`` that nobody can guess and readers know as a leftover."""
    return f"{temporary_prefix(name, kind)}{os.urandom(8).hex()}"


def temporary_prefix(name: str, kind: str = "partial") -> str:
    """Return how temporary names beside ``name`` begin; 16 hexadecimal digits follow."""
    return f".{name[:60]}.{kind}-"


def open_parent(path: str) -> int:
    """Open the directory that is to hold ``path``."""
    return open_holder(str(Path(path).parent))


def open_holder(folder: str) -> int:
    """Open a directory that is to hold the output."""
    try:
        return os.open(folder, FOLDER_FLAGS)
    except OSError as error:
        raise BadSetting(f"{folder}: cannot hold the output: {error.strerror}.") from error


def move_new(source: str, target: str, source_folder: int, target_folder: int) -> None:
    """Rename a file to a name that must be free.

    Raises:
        FileExistsError: The name is taken, maybe since a moment ago; the file stays where it was.

    """
    try:
        # A link, unlike a rename, never replaces a file that appeared in the meantime.
        os.link(
            source,
            target,
            src_dir_fd=source_folder,
            dst_dir_fd=target_folder,
            follow_symlinks=False,
        )
    except OSError as error:
        if error.errno not in _LINKLESS:
            raise
        _claim_and_replace(source, target, source_folder, target_folder)
    else:
        os.unlink(source, dir_fd=source_folder)


def _claim_and_replace(source: str, target: str, source_folder: int, target_folder: int) -> None:
    # For disks without links: the name is taken by an empty file of ours first.
    os.close(os.open(target, NEW_FLAGS, 0o600, dir_fd=target_folder))
    try:
        os.replace(source, target, src_dir_fd=source_folder, dst_dir_fd=target_folder)
    except BaseException:
        os.unlink(target, dir_fd=target_folder)
        raise


def exchange(one: str, other: str, folder: int) -> bool:
    """Exchange two names in one step; False where the system or the disk cannot.

    Raises:
        OSError: It could, but did not.

    """
    import ctypes  # noqa: PLC0415 - loaded when needed

    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    if rename(folder, os.fsencode(one), folder, os.fsencode(other), _RENAME_EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in (errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP):
        return False
    raise OSError(code, os.strerror(code))


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
