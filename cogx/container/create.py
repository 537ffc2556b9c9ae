"""Knows which writer fits a target the caller names: a path, a file object, a mapping.

Must never know how any of them writes.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from pathlib import Path
from typing import BinaryIO, Final

from cogx.container.contract import ContainerWriter
from cogx.container.directory_writer import DirectoryWriter
from cogx.container.memory import MemoryWriter
from cogx.container.tarball_writer import FileOutlet, StreamOutlet, TarballWriter
from cogx.errors import BadSetting, UnknownName
from cogx.format.layout import SUFFIXES

_COMPRESSIONS: Final = ("gz", "zst", "tar", "dir")


def create_container(
    target: str | os.PathLike[str] | BinaryIO | MutableMapping[str, bytes],
    *,
    compression: str | None = None,
    level: int | None = None,
    force: bool = False,
    mtime: int = 0,
) -> ContainerWriter:
    """Begin to write named members; the target appears, whole, at publish.

    The same members with the same bytes give the same container, however they were cut.

    Args:
        target: A path with a known ending makes a tarball, a path without any a directory; a
            mapping is filled; a binary file object gets the whole tarball at publish.
        compression: ``"gz"``, ``"zst"``, ``"tar"`` or ``"dir"``, where the path does not say it.
        level: Of gz 0 to 3 (default 1), of zst 1 to 19 (default 3).
        force: Replace what is there, in one step at the end.
        mtime: Modification time of all members, in seconds since 1970.

    Raises:
        AlreadyThere: The target exists, or is something that is never replaced.
        BadSetting: The path or a setting does not say what to write.
        OutputError: The target's directory cannot be written.

    """
    if compression is not None and compression not in _COMPRESSIONS:
        raise UnknownName("compression", compression, _COMPRESSIONS)
    if isinstance(target, MutableMapping):
        return MemoryWriter(target, force=force)
    if not isinstance(target, (str, os.PathLike)):
        if compression == "dir":
            raise BadSetting("A stream cannot hold a directory; choose gz, zst or tar.")
        return TarballWriter(StreamOutlet(target), compression or "gz", level=level, mtime=mtime)
    path = os.fspath(target)
    chosen = compression or _compression_of(path)
    if chosen == "dir":
        if level is not None:
            raise BadSetting("A directory has no compression level.")
        return DirectoryWriter(path, force=force)
    return TarballWriter(FileOutlet(path, force=force), chosen, level=level, mtime=mtime)


def _compression_of(path: str) -> str:
    for suffix, compression in SUFFIXES.items():
        if path.lower().endswith(suffix):
            return compression
    if path.endswith(os.sep) or Path(path).is_dir() or not Path(path).suffix:
        return "dir"
    endings = ", ".join(SUFFIXES)
    raise BadSetting(
        f"{path}: cannot tell what to write. End the name in {endings}, "
        "or in / for a directory, or name the compression."
    )
