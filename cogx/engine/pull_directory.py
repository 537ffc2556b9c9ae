"""Knows the directory in which a pull works: whose it is, what in it is ours, what stays after it.

Never knows what the files mean.
"""

from __future__ import annotations

import os
import re
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

from cogx.errors import BadSetting, OutputError

_SUFFIX: Final = ".cogx-pull"
_SHOWN: Final = 60
_OURS: Final = re.compile(r"(state|graph)\.sqlite(-wal|-shm|-journal)?|file-\d+|archive")
_STATE: Final = re.compile(r"state\.sqlite.*")
_FILE: Final = re.compile(r"file-\d+")


class PullDirectory:
    """A private directory beside an archive, or a temporary one.

    Args:
        target: the archive; None for a stream: then the directory does not outlive :meth:`leave`.

    Raises:
        BadSetting: something else is there under its name.
        OutputError: the disk refuses.
    """

    def __init__(self, target: Path | None) -> None:
        self.lasts = target is not None
        self.path = (
            _beside(target) if target is not None else Path(tempfile.mkdtemp(prefix="cogx-"))
        )
        self.state = self.path / "state.sqlite"
        """Notes of what is here."""
        self.graph = self.path / "graph.sqlite"
        """Where the graph may be kept meanwhile; it does not outlive :meth:`leave`."""
        self.archive = self.path / "archive"
        """Where an archive may be kept meanwhile; it does not outlive :meth:`leave`."""

    def file(self, number: int) -> Path:
        """Return where a file of the dataset is kept."""
        return self.path / f"file-{number}"

    def forget(self) -> None:
        """Remove all but the notes."""
        _unlink(self.path, keep=(_STATE,))

    def clear(self) -> None:
        """Remove all."""
        _unlink(self.path)

    def leave(self, *, done: bool) -> bool:
        """Remove what is not needed any more; all, if it is done or no byte of a file is here.

        Returns whether something stays. May be called twice.
        """
        _unlink(self.path, keep=(_STATE, _FILE))
        held = any(one.stat().st_size for one in self.path.glob("file-*"))
        if held and not done and self.lasts:
            return True
        self.clear()
        with suppress(OSError):
            self.path.rmdir()
        return False


def _beside(target: Path) -> Path:
    """Make the directory, readable by its owner only."""
    place = target.absolute()
    path = place.with_name(f".{place.name[:_SHOWN]}{_SUFFIX}")
    try:
        path.mkdir(0o700, exist_ok=True)
        found = path.lstat()
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror}.") from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise BadSetting(f"{path} is not a directory of ours. Remove it, or choose another name.")
    return path


def _unlink(directory: Path, keep: tuple[re.Pattern[str], ...] = ()) -> None:
    """Remove what is ours in a directory, but for what is kept."""
    for one in directory.iterdir() if directory.is_dir() else ():
        kept = any(pattern.fullmatch(one.name) for pattern in keep)
        if _OURS.fullmatch(one.name) and not kept:
            one.unlink(missing_ok=True)
