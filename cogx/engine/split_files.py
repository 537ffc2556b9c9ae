"""Knows how the parts of an archive are called, and how all of them get their names at the end."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

from cogx.container.staging import ASK, FOLDER_FLAGS, confirm, move_new, temporary_prefix
from cogx.errors import AlreadyThere, OutputError
from cogx.format.layout import SUFFIXES

ENDINGS: Final = {"gz": ".cogx.tar.gz", "zst": ".cogx.tar.zst", "tar": ".cogx.tar"}
"""Compression -> how the name of a part ends."""


class PartFiles:
    """The files of all parts, in a directory of their own until :meth:`publish`.

    Use it as a context manager: what has no final name by its end is gone.

    Args:
        target: a directory (one that is there, or a name that ends in ``/``), or how the names of
            the parts begin.
        source: how the archive is called; in a directory the parts are called after it.

    Raises:
        AlreadyThere: a part exists and ``force`` is not set.
        OutputError: the directory cannot be written.
    """

    def __init__(
        self,
        target: str | os.PathLike[str],
        source: str,
        parts: int,
        compression: str,
        *,
        force: bool,
    ) -> None:
        text = os.fspath(target)
        prefix = Path(text)
        if text.endswith(os.sep) or prefix.is_dir():
            prefix /= stem_of(source)
        width = len(str(parts))
        self._force = force
        self.finals = [
            prefix.with_name(
                f"{prefix.name}.part-{number:0{width}}-of-{parts}{ENDINGS[compression]}"
            )
            for number in range(1, parts + 1)
        ]
        self._folder = prefix.parent
        for final in self.finals if not force else ():
            if os.path.lexists(final):
                raise AlreadyThere(f"{final} exists already; nothing was written. {ASK}")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._staging = tempfile.TemporaryDirectory(
                prefix=temporary_prefix(prefix.name), dir=self._folder
            )
        except OSError as error:
            raise OutputError(
                f"{self._folder}: cannot hold the parts: {error.strerror}."
            ) from error
        self.paths = [Path(self._staging.name, final.name) for final in self.finals]

    def publish(self) -> None:
        """Give all parts their names; if one is taken meanwhile, none of them stays.

        Raises:
            AlreadyThere, OutputError: a name is taken, or cannot be given.
        """
        given: list[Path] = []
        try:
            for path, final in zip(self.paths, self.finals, strict=True):
                self._name(path, final)
                given.append(final)
        except BaseException:
            for final in given if not self._force else ():
                with suppress(OSError):
                    final.unlink()
            raise
        folder = os.open(self._folder, FOLDER_FLAGS)
        try:
            confirm(folder, str(self.finals[0]))
        finally:
            os.close(folder)

    def _name(self, path: Path, final: Path) -> None:
        source, folder = os.open(path.parent, FOLDER_FLAGS), os.open(self._folder, FOLDER_FLAGS)
        try:
            if self._force:
                os.replace(path.name, final.name, src_dir_fd=source, dst_dir_fd=folder)
            else:
                move_new(path.name, final.name, source, folder)
        except FileExistsError as error:
            raise AlreadyThere(f"{final} exists already; nothing was written. {ASK}") from error
        except OSError as error:
            raise OutputError(f"{final}: cannot be given its name: {error.strerror}.") from error
        finally:
            os.close(source)
            os.close(folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._staging.cleanup()


def stem_of(path: str) -> str:
    """Return the name of an archive without its directory and endings; ``archive`` for none."""
    name = Path(path).name.strip("<>-")
    for ending in sorted((*SUFFIXES, ".cogx"), key=len, reverse=True):
        name = name.removesuffix(ending)
    return name or "archive"
