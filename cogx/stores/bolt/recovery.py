"""Knows how an import that was left behind is brought to its end, forward or back."""

from __future__ import annotations

from contextlib import closing, suppress

from cogx.errors import StoreBusy, StoreUnavailable
from cogx.stores.bolt.ending import finish, roll_back
from cogx.stores.bolt.entries import FINISHING, Entry, busy, read_entry
from cogx.stores.bolt.journal import Journal, take_over
from cogx.stores.bolt.server import Server


def take_back(uri: str, *, database: str | None) -> str:
    """Roll back the import that was broken off; see :func:`cogx.stores.bolt.rollback`."""
    with closing(Server(uri, database)) as server:
        entry = read_entry(server)
        if entry is None:
            return f"No import was broken off in {server.address.shown}; nothing was changed."
        return f"The import begun {entry.since} ({entry.owner}) {complete(server, entry)}."


def complete(server: Server, entry: Entry) -> str:
    """Bring an import of a dead process to its end, forward or back; return what was done."""
    journal = held(server, entry)
    if journal is None:
        raise overtaken(server)
    try:
        if entry.phase == FINISHING:
            finish(journal, entry.header or "{}")
            return "had written everything already, so it was completed, not taken back"
        return f"was taken back: {roll_back(journal)}"
    finally:
        journal.release()


def held(server: Server, entry: Entry) -> Journal | None:
    """Return the journal of a dead process, taken over; None if somebody else was faster.

    Raises:
        StoreBusy: its owner lives.
    """
    if not entry.is_dead():
        raise busy(server, entry)
    return take_over(server, entry)


def abandon(journal: Journal) -> None:
    """Roll back, unless the import counts already or another process took it over."""
    # If the server is gone, the failure that led here told how to go on: the journal stays.
    with suppress(StoreUnavailable):
        entry = read_entry(journal.server)
        if entry is None or entry.owner != journal.entry.owner or entry.phase == FINISHING:
            return
        roll_back(journal)


def overtaken(server: Server) -> StoreBusy:
    """Return the error that says that somebody else was faster."""
    entry = read_entry(server)
    if entry is not None:
        return busy(server, entry)
    return StoreBusy(f"{server.address.shown}: another import came first and is done. Try again.")
