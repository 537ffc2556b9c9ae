"""Knows how members become files of a directory that appears as a whole.

Must never know about compression or tar.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import BinaryIO, Final

from cogx.container.order import checked_name
from cogx.container.room import writing
from cogx.container.staged_directory import StagedDirectory
from cogx.errors import OutputError
from cogx.format.layout import MANIFEST

_BUFFER_BYTES: Final = 1 << 18


class DirectoryWriter:
    """Write into a private directory, rename it at publish. See :class:`ContainerWriter`."""

    def __init__(self, path: str, *, force: bool) -> None:
        self._staged = StagedDirectory(path, force=force)
        self._files: dict[str, BinaryIO] = {}
        self._open = True

    def write(self, name: str, data: bytes) -> None:
        """Append to a member."""
        self._demand_open()
        file = self._files.get(name)
        try:
            if file is None:
                file = self._create(checked_name(name))
            with writing(f"{self._staged.path}/{name}"):
                file.write(data)
        except OutputError:
            self.abort()
            raise

    def _create(self, name: str) -> BinaryIO:
        file = os.fdopen(self._staged.create(name), "wb", buffering=_BUFFER_BYTES)
        self._files[name] = file
        return file

    def publish(self, manifest: bytes) -> None:
        """Write the manifest last and give the directory its name."""
        self._demand_open()
        try:
            self._create(MANIFEST).write(manifest)
            with writing(self._staged.path):
                for file in self._files.values():
                    file.flush()
                    os.fsync(file.fileno())
                    file.close()
            self._staged.publish()
        except BaseException:
            self.abort()
            raise
        self._open = False

    def abort(self) -> None:
        """Remove the private directory; after publish it does nothing."""
        if not self._open:
            return
        self._open = False
        for file in self._files.values():
            # What it cannot flush any more is removed in the next step.
            with suppress(OSError):
                file.close()
        self._staged.abort()

    def _demand_open(self) -> None:
        if not self._open:
            raise OutputError(f"{self._staged.path}: was published or given up before.")
