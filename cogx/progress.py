"""Knows how long work tells where it stands; never draws anything.

The library calls a :class:`Progress`; the command line supplies one that draws.
"""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Hear about long work. Every method may be called from the working thread only."""

    def begin(self, task: str, *, total: int | None, unit: str) -> None:
        """Start a task (``"read"``, ``"load nodes"``); ``total`` in ``unit``, None if unknown."""

    def advance(self, amount: int) -> None:
        """Add ``amount`` units to the task that was begun last."""

    def end(self) -> None:
        """Finish the task that was begun last."""


class Silent:
    """The default: hears everything, says nothing."""

    def begin(self, task: str, *, total: int | None, unit: str) -> None:
        """Do nothing."""

    def advance(self, amount: int) -> None:
        """Do nothing."""

    def end(self) -> None:
        """Do nothing."""


SILENT = Silent()
