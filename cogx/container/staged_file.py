"""Knows how a half-made file becomes a finished one in one step, or none at all.

Must never know what is in it. Everything happens under a directory handle, so that a path that
is exchanged meanwhile leads nowhere else.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from cogx.container.abandoned import claim, clear_abandoned
from cogx.container.room import writing
from cogx.container.staging import (
    ASK,
    NEW_FLAGS,
    confirm,
    move_new,
    open_parent,
    set_mode,
    temporary_name,
)
from cogx.errors import AlreadyThere, BadSetting, OutputError


class StagedFile:
    """A file under a temporary name, private until it is published."""

    def __init__(self, path: str, *, force: bool) -> None:
        self.path = str(Path(path).absolute())
        self._force = force
        self._name = Path(self.path).name
        self._temporary = temporary_name(self._name)
        clear_abandoned(str(Path(self.path).parent), self._name)
        self.refuse_taken()
        self.file = -1
        self._folder = open_parent(self.path)
        try:
            with writing(self.path):
                while not self._create():
                    self._temporary = temporary_name(self._name)
                # Created as the user's umask wants it: that is remembered, then it is closed off.
                self._granted = stat.S_IMODE(os.fstat(self.file).st_mode)
                set_mode(self.file, 0o600)
        except BaseException:
            self.abort()
            raise

    def _create(self) -> bool:
        """Make the private file; False if it was cleared away before it was ours."""
        self.file = os.open(self._temporary, NEW_FLAGS, 0o644, dir_fd=self._folder)
        if claim(self._temporary, self._folder, self.file):
            return True
        os.close(self.file)
        self.file = -1
        return False

    def refuse_taken(self) -> None:
        """Raise AlreadyThere if the final name is taken and may not be replaced."""
        try:
            found = os.lstat(self.path)
        except FileNotFoundError:
            return
        except OSError as error:
            raise BadSetting(f"{self.path}: cannot be a target: {error.strerror}.") from error
        if not self._force:
            raise AlreadyThere(f"{self.path}: exists already. {ASK}", path=self.path)
        if not stat.S_ISREG(found.st_mode) and not stat.S_ISLNK(found.st_mode):
            raise AlreadyThere(f"{self.path}: not a file, so it is never replaced.", path=self.path)

    def publish(self, *, private: bool) -> None:
        """Give the file its final name, on disk for good; ``private`` keeps it to the owner."""
        if self.file < 0:
            raise OutputError(f"{self.path}: was published or given up before.")
        try:
            self.refuse_taken()
            with writing(self.path):
                set_mode(self.file, 0o600 if private else self._granted)
                os.fsync(self.file)
                self._name_it()
            confirm(self._folder, self.path)
        except BaseException:
            self.abort()
            raise
        self._close()

    def _name_it(self) -> None:
        if self._force:
            os.replace(
                self._temporary, self._name, src_dir_fd=self._folder, dst_dir_fd=self._folder
            )
            return
        try:
            move_new(self._temporary, self._name, self._folder, self._folder)
        except FileExistsError as error:
            raise AlreadyThere(f"{self.path}: appeared meanwhile. {ASK}") from error

    def abort(self) -> None:
        """Remove the temporary file; after publish, or again, it does nothing."""
        if self._folder < 0:
            return
        # If it has its final name already, or the disk is gone, nothing else can be done.
        with suppress(OSError):
            os.unlink(self._temporary, dir_fd=self._folder)
        self._close()

    def _close(self) -> None:
        for descriptor in (self.file, self._folder):
            if descriptor >= 0:
                os.close(descriptor)
        self.file = self._folder = -1
