"""Knows how a half-made directory becomes a finished one in one step, or none at all.

Must never know what is in its files. Everything happens under directory handles, so that a path
that is exchanged meanwhile leads nowhere else.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from cogx.container.abandoned import claim, clear_abandoned
from cogx.container.room import writing
from cogx.container.staging import (
    ASK,
    FOLDER_FLAGS,
    NEW_FLAGS,
    confirm,
    exchange,
    move_new,
    open_holder,
    open_parent,
    set_mode,
    temporary_name,
)
from cogx.errors import AlreadyThere, BadSetting, OutputError
from cogx.format.layout import MANIFEST, MEMBERS, PERMISSIONS

_MOUNTED: Final = (errno.EBUSY, errno.EXDEV)
_TAKEN: Final = (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR)


class StagedDirectory:
    """A private directory under a temporary name, whose files are made one by one.

    It stands beside the target and takes its name in one step. Where the target is an empty
    directory already, it stands inside: someone may be working in that directory, or a disk may
    be mounted there, so it stays the same one; its files appear one by one, the manifest last.
    """

    def __init__(self, path: str, *, force: bool) -> None:
        # The user may name a link to a directory; what is replaced is the directory itself.
        self.path = str(Path(path).resolve())
        self._force = force
        self._name = Path(self.path).name
        self._temporary = temporary_name(self._name)
        self._made: list[str] = []
        for place in (str(Path(self.path).parent), self.path):
            clear_abandoned(place, self._name)
        standing = self.refuse_taken()
        self._inside = not standing and Path(self.path).is_dir()
        self._parent = open_holder(self.path) if self._inside else open_parent(self.path)
        self._folder = -1
        try:
            with writing(self.path):
                while not self._create():
                    self._temporary = temporary_name(self._name)
                self._granted = stat.S_IMODE(os.fstat(self._folder).st_mode)
                set_mode(self._folder, 0o700)
        except BaseException:
            self.abort()
            raise

    def _create(self) -> bool:
        """Make the private directory; False if it was cleared away before it was ours."""
        os.mkdir(self._temporary, 0o777, dir_fd=self._parent)
        flags = FOLDER_FLAGS | os.O_NOFOLLOW
        try:
            self._folder = os.open(self._temporary, flags, dir_fd=self._parent)
        except FileNotFoundError:
            return False
        if claim(self._temporary, self._parent, self._folder):
            return True
        os.close(self._folder)
        self._folder = -1
        return False

    def refuse_taken(self) -> list[str]:
        """Return the files that stand in the target and may be replaced.

        Raises:
            AlreadyThere: The target holds something, and ``force`` is off; or it is no directory,
                or holds what is not an archive's, which is never removed.

        """
        try:
            with os.scandir(self.path) as scan:
                entries = list(scan)
        except FileNotFoundError:
            return []
        except NotADirectoryError as error:
            raise AlreadyThere(f"{self.path}: is a file, not a directory.") from error
        except OSError as error:
            raise BadSetting(f"{self.path}: cannot be a target: {error.strerror}.") from error
        entries = [entry for entry in entries if entry.name != self._temporary]
        if entries and not self._force:
            raise AlreadyThere(f"{self.path}: exists and is not empty. {ASK}", path=self.path)
        for entry in entries:
            if entry.name not in MEMBERS or not entry.is_file(follow_symlinks=False):
                text = f"{self.path}: holds {entry.name!r}, which is no archive's, so it stays."
                raise AlreadyThere(f"{text} Choose another directory.", path=self.path)
        return [entry.name for entry in entries]

    def create(self, name: str) -> int:
        """Create a file that must be new, and return its descriptor, which the caller closes."""
        with writing(f"{self.path}/{name}"):
            file = os.open(name, NEW_FLAGS, 0o644, dir_fd=self._folder)
            self._made.append(name)
            if name == PERMISSIONS:
                set_mode(file, 0o600)
            return file

    def publish(self) -> None:
        """Give the directory its final name; the caller has fsynced and closed the files."""
        if self._folder < 0:
            raise OutputError(f"{self.path}: was published or given up before.")
        try:
            old = self.refuse_taken()
            with writing(self.path):
                set_mode(self._folder, self._granted)
                os.fsync(self._folder)
                if self._inside:
                    self._move_in()
                else:
                    self._exchange(old)
            confirm(self._parent, self.path)
        except BaseException:
            self.abort()
            raise
        self._close()

    def _move_in(self) -> None:
        moved: list[str] = []
        try:
            for name in sorted(self._made, key=lambda name: name == MANIFEST):
                moved.append(name)  # what stops us may come when it is there already
                move_new(name, name, self._folder, self._parent)
        except BaseException as error:
            if isinstance(error, FileExistsError):
                moved.pop()
            # The manifest first: without it nothing else is taken for an archive.
            for name in reversed(moved):
                with suppress(FileNotFoundError):
                    os.unlink(name, dir_fd=self._parent)
            if isinstance(error, FileExistsError):
                raise AlreadyThere(f"{self.path}: was filled meanwhile. {ASK}") from error
            raise
        self._made.clear()
        os.rmdir(self._temporary, dir_fd=self._parent)

    def _exchange(self, old: list[str]) -> None:
        if not old:
            self._rename(self._temporary, self._name)
            return
        aside = self._temporary
        if not exchange(self._temporary, self._name, self._parent):
            # Under a name that nobody clears away: for a moment it is all there is.
            aside = temporary_name(self._name, "replaced")
            self._put_aside(aside)
        else:
            self._made = old  # that is what has the temporary name now
        try:
            _remove(aside, old, self._parent)
        except OSError as error:
            text = f"{self.path}: is in place, but what it replaced still stands beside it as"
            raise OutputError(f"{text} {aside}: {error.strerror}.", path=self.path) from error

    def _put_aside(self, aside: str) -> None:
        # For disks that cannot exchange: for a moment nothing has the final name.
        self._rename(self._name, aside)
        try:
            self._rename(self._temporary, self._name)
        except BaseException:
            self._rename(aside, self._name)
            raise

    def _rename(self, source: str, target: str) -> None:
        # Renaming a directory replaces an empty one only, so nothing is lost by a race.
        try:
            os.rename(source, target, src_dir_fd=self._parent, dst_dir_fd=self._parent)
        except OSError as error:
            if error.errno in _MOUNTED:
                text = f"{self.path}: is where a disk is mounted; name a directory below it."
                raise OutputError(text, path=self.path) from error
            if error.errno not in _TAKEN:
                raise
            raise AlreadyThere(f"{self.path}: was filled meanwhile. {ASK}") from error

    def abort(self) -> None:
        """Remove what was made; after publish, or again, it does nothing."""
        if self._parent < 0:
            return
        # If the disk is gone, or someone else cleaned up, nothing else can be done.
        with suppress(OSError):
            _remove(self._temporary, self._made, self._parent)
        self._close()

    def _close(self) -> None:
        for descriptor in (self._folder, self._parent):
            if descriptor >= 0:
                os.close(descriptor)
        self._folder = self._parent = -1


def _remove(name: str, files: list[str], parent: int) -> None:
    """Remove a directory that holds nothing but these files."""
    folder = os.open(name, FOLDER_FLAGS | os.O_NOFOLLOW, dir_fd=parent)
    try:
        for file in files:
            with suppress(FileNotFoundError):
                os.unlink(file, dir_fd=folder)
    finally:
        os.close(folder)
    os.rmdir(name, dir_fd=parent)
