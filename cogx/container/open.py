"""Knows which reader fits a source the caller names: a path, a file object, bytes, a mapping.

Must never know how any of them reads. The form is told by content, never by a name.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from cogx.container.contract import Container
from cogx.container.directory import DirectoryContainer
from cogx.container.memory import MemoryContainer
from cogx.container.resting import (
    Resting,
    RestingFile,
    RestingMemory,
    RestingObject,
    spool_pipe,
)
from cogx.container.tarball import Tarball
from cogx.errors import BadSetting
from cogx.limits import Limits

_DEFAULT = Limits()


def open_container(
    source: str | os.PathLike[str] | bytes | BinaryIO | Mapping[str, bytes],
    limits: Limits = _DEFAULT,
) -> Container:
    """Open named members for reading; nothing is created or changed.

    Args:
        source: A path of a directory or tarball, the bytes of a tarball, a mapping of member to
            bytes, or a binary file object; a pipe is spooled once to a nameless temporary file.
        limits: Bounds on what is accepted.

    Returns:
        A container that the caller closes. Each of its passes begins anew.

    Raises:
        BadSetting: There is no such file, or it is neither regular nor a directory.
        InvalidArchive: container.unreadable; the content is no tarball. A retry does not help.
        NoSpace: A pipe did not fit the temporary directory.

    Cost: a few blocks are read; a pipe is read to its end.

    """
    if isinstance(source, Mapping):
        return MemoryContainer(source, limits)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return Tarball(RestingMemory(bytes(source)), "<bytes>", limits)
    if isinstance(source, (str, os.PathLike)):
        return _open_path(os.fspath(source), limits)
    name = getattr(source, "name", None)
    shown_name = name if isinstance(name, str) else "<stream>"
    try:
        resting = RestingObject(source) if source.seekable() else spool_pipe(source)
        return _tarball(resting, shown_name, limits)
    except OSError as error:
        raise BadSetting(f"{shown_name}: cannot be read: {error.strerror}.") from error


def _open_path(path: str, limits: Limits) -> Container:
    if "\0" in path:
        raise BadSetting(f"{path!r}: no such file or directory.")
    try:
        if Path(path).is_dir():
            return DirectoryContainer(path, limits)
        return _tarball(RestingFile.open(path), path, limits)
    except FileNotFoundError as error:
        raise BadSetting(f"{path}: no such file or directory.", path=path) from error
    except OSError as error:
        raise BadSetting(f"{path}: cannot be opened: {error.strerror}.", path=path) from error


def _tarball(resting: Resting, name: str, limits: Limits) -> Tarball:
    try:
        return Tarball(resting, name, limits)
    except BaseException:
        resting.close()
        raise
