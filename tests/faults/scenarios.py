"""Knows the work that is disturbed: what is there before, the command, and where it goes.

Must never know how it is disturbed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

PLACE: Final = "{place}"
"""In a command: the directory that holds the target, and nothing else."""
SOURCES: Final = "{sources}"
"""In a command: the directory that holds what is read."""
_LITTLE_CACHE: Final = "?buffer=16KiB"
"""So little that SQLite writes pages of an open transaction, and must journal them first."""


@dataclass(frozen=True)
class Scenario:
    """One command.

    Args:
        target: what is judged, a store's URI or an archive's path.
        command: arguments of cogx.
        before: a command that makes what is there before, if anything is.
        again: the exit code of the same command once the target is whole: 0, or 2 where an
            archive that is there is never overwritten unasked.
        program: a key of PROGRAMS.
        piecewise: the target is an empty directory, which is kept: files appear in it one by one,
            the manifest last, so that what is not whole is no archive.
        every: of disturbances other than a kill, try each so many; kills are tried at all points.
    """

    name: str
    target: str
    command: Sequence[str]
    before: Sequence[str] = ()
    again: int = 0
    program: str = "cogx"
    piecewise: bool = False
    every: int = 1

    @property
    def is_store(self) -> bool:
        """Tell whether the target is a store, else it is an archive."""
        return self.command[0] == "import"


_SQLITE: Final = f"sqlite:{PLACE}/graph.sqlite{_LITTLE_CACHE}"
_LADYBUG: Final = f"ladybug:{PLACE}/graph.lbug"
_TARBALL: Final = f"{PLACE}/graph.tar.gz"
_DIRECTORY: Final = f"{PLACE}/graph"
_STORE: Final = f"sqlite:{SOURCES}/store.sqlite"
_OLD_STORE: Final = f"sqlite:{SOURCES}/old-store.sqlite"


def _import(archive: str, store: str, *options: str) -> tuple[str, ...]:
    return ("import", f"{SOURCES}/{archive}.tar.gz", store, *options)


SCENARIOS: Final = (
    # What takes longest first, so that two processes end at about the same time.
    Scenario("sqlite, more", _SQLITE, _import("more", _SQLITE), _import("some", _SQLITE)),
    Scenario(
        "ladybug, more",
        _LADYBUG,
        _import("few-more", _LADYBUG),
        _import("few", _LADYBUG),
        every=4,
    ),
    Scenario("ladybug, new", _LADYBUG, _import("few", _LADYBUG), every=4),
    Scenario("sqlite, new", _SQLITE, _import("some", _SQLITE)),
    Scenario("sqlite, hybrid", _SQLITE, _import("some", _SQLITE, "--mode", "hybrid")),
    Scenario("tarball, new", _TARBALL, ("export", _STORE, _TARBALL), again=2),
    Scenario(
        "tarball, over an old one",
        _TARBALL,
        ("export", _STORE, _TARBALL, "--force"),
        ("export", _OLD_STORE, _TARBALL),
    ),
    Scenario("directory, new", _DIRECTORY, ("export", _STORE, _DIRECTORY), again=2),
    Scenario(
        "directory, over an old one",
        _DIRECTORY,
        ("export", _STORE, _DIRECTORY, "--force"),
        ("export", _OLD_STORE, _DIRECTORY),
    ),
    Scenario(
        "directory, into an empty one",
        _DIRECTORY,
        ("export", _STORE, _DIRECTORY, "--force"),
        piecewise=True,
    ),
)

UNSAFE: Final = (
    Scenario("unsafe build", _SQLITE, _import("some", _SQLITE), program="unsafe build"),
    Scenario(
        "unsafe change",
        _SQLITE,
        _import("more", _SQLITE),
        _import("some", _SQLITE),
        program="unsafe change",
    ),
)
"""What a sweep must find fault with."""

SOURCES_MADE_BY: Final = (
    _import("some", _OLD_STORE),
    _import("some", _STORE),
    _import("more", _STORE),
)
