"""Knows what the ``CogxJournal`` node says about an import, and what that means for others.

Nothing of how it is taken or kept alive (:mod:`~cogx.stores.bolt.journal`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cogx.errors import StoreBusy, StoreRefused
from cogx.stores.bolt.dialect import JOURNAL
from cogx.stores.bolt.owner import Owner
from cogx.stores.bolt.server import Server

LOADING: Final = "loading"
FINISHING: Final = "finishing"
ROLLING_BACK: Final = "rolling back"
DEAD_AFTER_S: Final = 120.0
ADVICE: Final = (
    " The import is unfinished, and the store cannot be read until it is: run the same import "
    "again to go on, or take it back with: cogx import ARCHIVE STORE --rollback"
)
THE: Final = f"(j:{JOURNAL} {{name: 'import'}})"


@dataclass(frozen=True, slots=True)
class Entry:
    """What a journal says. ``age_s`` is the time since its owner was heard of."""

    key: str
    phase: str
    fresh: bool
    since: str
    owner: Owner
    heartbeat: int
    age_s: float
    relationships: tuple[str, ...]
    header: str | None

    def is_dead(self) -> bool:
        """Tell whether nobody is at work on it any more."""
        return self.age_s > DEAD_AFTER_S or self.owner.is_gone()


def read_entry(server: Server) -> Entry | None:
    """Return what the journal says, None if there is none."""
    rows = server.rows(f"MATCH {THE} RETURN properties(j), timestamp() - j.heartbeat")
    if not rows:
        return None
    held, age = rows[0]
    owner = Owner(*(held[name] for name in ("host", "user", "pid", "place", "start", "token")))
    return Entry(
        held["key"],
        held["phase"],
        held["fresh"],
        held["since"],
        owner,
        held["heartbeat"],
        age / server.dialect.ticks,
        tuple(held["relationships"]),
        held.get("header"),
    )


def check_readable(server: Server) -> Entry | None:
    """Return the journal's entry unless it says that the graph is not whole.

    Raises:
        StoreBusy: an import is at work.
        StoreRefused: an import was broken off.
    """
    entry = read_entry(server)
    if entry is None or entry.phase == FINISHING:
        return entry
    if not entry.is_dead():
        raise busy(server, entry)
    raise StoreRefused(f"{server.address.shown}: {_broken_off(entry)}{ADVICE}")


def busy(server: Server, entry: Entry) -> StoreBusy:
    """Return the error that says who is at work."""
    return StoreBusy(
        f"{server.address.shown}: an import is at work since {entry.since} ({entry.owner}, heard "
        f"of {max(0.0, entry.age_s):.0f} s ago). Wait until it is done. A process that is not "
        f"heard of for {DEAD_AFTER_S:.0f} s counts as dead.",
        owner=str(entry.owner),
        age_s=entry.age_s,
    )


def other_import(server: Server, entry: Entry) -> StoreRefused:
    """Return the error that says that another import has to be dealt with first."""
    return StoreRefused(
        f"{server.address.shown}: {_broken_off(entry)} Before anything else is imported here, run "
        "that import again to go on with it, or take it back with: "
        "cogx import ARCHIVE STORE --rollback",
        key=entry.key,
    )


def _broken_off(entry: Entry) -> str:
    return (
        f"an import begun {entry.since} ({entry.owner}; key {entry.key[:12]}) was broken off "
        f"while {entry.phase}."
    )
