"""Knows which number each outcome ends with; nothing else in cogx knows numbers.

One code per error family. Scripts should treat a code that is not in the table as a failure.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from cogx.errors import (
    ArchiveError,
    BudgetSpent,
    DamagedArchive,
    EmptyGraph,
    Interrupted,
    InvalidArchive,
    OutputError,
    RemoteError,
    StoreError,
    UsageError,
)


class Meaning(NamedTuple):
    """One row of the table that users read."""

    code: int
    title: str
    details: str


FINE: Final = 0
PROBLEMS: Final = 1
USAGE: Final = 2
EMPTY: Final = 3
ARCHIVE: Final = 4
DAMAGED: Final = 5
STORE: Final = 6
OUTPUT: Final = 7
REMOTE: Final = 8
BUDGET: Final = 9
BUG: Final = 70
INTERRUPTED: Final = 130
PIPE_CLOSED: Final = 141
TERMINATED: Final = 143

MEANINGS: Final = (
    Meaning(FINE, "fine", "Done; nothing was lost."),
    Meaning(PROBLEMS, "problems", "The data has problems: an archive is not valid, two sides "
            "differ, or a target could not keep everything."),
    Meaning(USAGE, "usage", "The command was called wrongly, or names something that is not "
            "there or already there. Nothing was read or written."),
    Meaning(EMPTY, "empty", "There is nothing to export or import."),
    Meaning(ARCHIVE, "archive", "The archive cannot be taken as it is: a version this cogx does "
            "not read, an unsafe member, or a limit passed."),
    Meaning(DAMAGED, "damaged", "Bytes of the archive are missing or changed."),
    Meaning(STORE, "store", "A graph store could not be reached, or refused."),
    Meaning(OUTPUT, "output", "The result could not be written, or the system refused: no room, "
            "no permission. Nothing is left under the final name."),
    Meaning(REMOTE, "remote", "A server could not be reached, refused, or is not what is needed."),
    Meaning(BUDGET, "budget", "The token budget of a language model is spent. Its answers "
            "are kept: the same command goes on from there."),
    Meaning(BUG, "bug", "A fault in cogx itself; please report it."),
    Meaning(INTERRUPTED, "interrupted", "Stopped with Ctrl-C; nothing half-written is left."),
    Meaning(PIPE_CLOSED, "pipe closed", "The reader of the output went away, as head does."),
    Meaning(TERMINATED, "terminated", "Stopped by a signal; nothing half-written is left."),
)  # fmt: skip

OF_ERROR: Final[dict[type[BaseException], int]] = {
    UsageError: USAGE,
    EmptyGraph: EMPTY,
    ArchiveError: ARCHIVE,
    InvalidArchive: PROBLEMS,
    DamagedArchive: DAMAGED,
    StoreError: STORE,
    OutputError: OUTPUT,
    RemoteError: REMOTE,
    BudgetSpent: BUDGET,
    Interrupted: INTERRUPTED,
    OSError: OUTPUT,
    MemoryError: OUTPUT,
    KeyboardInterrupt: INTERRUPTED,
}
"""Families; the nearest base class of an error decides."""


def exit_code_of(error: BaseException) -> int:
    """Return the code an error ends with; one of no family is a bug of cogx."""
    for kind in type(error).__mro__:
        if kind in OF_ERROR:
            return OF_ERROR[kind]
    return BUG
