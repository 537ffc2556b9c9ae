"""Knows who is importing into a store: the ``CogxJournal`` node, taken, kept alive, taken over.

Nothing of nodes and edges. The phases of an import:

- ``loading``: batches are written, each in a transaction of its own. Where nodes were there
  before, all that is written carries ``_cogx_import``, and what was changed ``_cogx_before``;
  where there were none (``fresh``), all is the import's, and nothing need be marked.
- ``finishing``: everything is written, the marks are being removed. From here on the import
  counts; whoever comes after a crash completes this first.
- ``rolling back``: likewise.

Every transaction touches the journal first, so that a process that was given up, and wakes up,
changes nothing any more. While nothing is written, a thread keeps the journal alive.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event, Lock, Thread
from typing import Any, Final, TypeVar

from neo4j import Transaction
from neo4j.exceptions import ConstraintError

from cogx.errors import CogxError, StoreBusy, StoreRefused
from cogx.stores.bolt.dialect import JOURNAL
from cogx.stores.bolt.owner import Owner
from cogx.stores.bolt.server import Server, run

Made = TypeVar("Made")

LOADING: Final = "loading"
FINISHING: Final = "finishing"
ROLLING_BACK: Final = "rolling back"
DEAD_AFTER_S: Final = 120.0
_BEAT_EVERY_S: Final = 20.0
ADVICE: Final = (
    " The import is unfinished, and the store cannot be read until it is: run the same import "
    "again to go on, or take it back with: cogx import ARCHIVE STORE --rollback"
)
_THE: Final = f"(j:{JOURNAL} {{name: 'import'}})"
_BEAT: Final = f"MATCH {_THE} WHERE j.token = $token SET j.heartbeat = timestamp() RETURN j.phase"
_TAKE_OVER: Final = (
    # The first SET locks the node, so that of two who come at once the second sees the first.
    f"MATCH {_THE} SET j.wanted = $token WITH j WHERE j.token = $old AND j.heartbeat = $seen "
    "SET j += $owner SET j.heartbeat = timestamp() RETURN j.phase"
)


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
    rows = server.rows(f"MATCH {_THE} RETURN properties(j), timestamp() - j.heartbeat")
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


class Journal:
    """The journal, held by this process. Make one with :func:`begin` or :func:`take_over`."""

    def __init__(self, server: Server, entry: Entry) -> None:
        self.server = server
        self.entry = entry
        self.relationships = set(entry.relationships)
        self._writing = Lock()
        self._stop = Event()
        server.advice = ADVICE
        self._thread = Thread(target=self._keep_alive, name="cogx journal", daemon=True)
        self._thread.start()

    def write(self, work: Callable[[Transaction], Made]) -> Made:
        """Do work in one transaction if the journal is still ours.

        Raises:
            StoreRefused: another process took the import over.
        """
        with self._writing:
            return self.server.write(lambda transaction: self._if_ours(transaction, work))

    def say(self, transaction: Transaction, **changes: Any) -> None:
        """Write something into the journal, as part of a transaction."""
        run(transaction, f"MATCH {_THE} SET j += $changes", changes=changes)

    def remove(self, transaction: Transaction) -> None:
        """Take the journal away, as part of a transaction."""
        run(transaction, f"MATCH {_THE} DELETE j")

    def release(self) -> None:
        """Let the journal go, as it stands in the store. May be called twice."""
        self._stop.set()
        self._thread.join(timeout=_BEAT_EVERY_S)
        self.server.advice = ""

    def _if_ours(self, transaction: Transaction, work: Callable[[Transaction], Made]) -> Made:
        if not run(transaction, _BEAT, token=self.entry.owner.token):
            raise StoreRefused(
                f"{self.server.address.shown}: another process took this import over, because "
                "this one was not heard of. Nothing more is written here."
            )
        return work(transaction)

    def _keep_alive(self) -> None:
        while not self._stop.wait(_BEAT_EVERY_S):
            # Whoever is writing is heard of by that.
            if self._writing.acquire(blocking=False):
                try:
                    self.server.write(lambda transaction: self._if_ours(transaction, _nothing))
                except (CogxError, ConstraintError):
                    continue  # the next write meets the same, and says so to the caller
                finally:
                    self._writing.release()


def begin(server: Server, key: str, *, fresh: bool) -> Journal | None:
    """Return a new journal, None if somebody else was faster."""
    owner = Owner.this()
    fields = _fields(owner) | {
        "name": "import",
        "key": key,
        "phase": LOADING,
        "fresh": fresh,
        "since": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "relationships": [],
    }
    query = f"CREATE (j:{JOURNAL}) SET j = $fields SET j.heartbeat = timestamp()"
    # If one is there, it may be ours all the same: the answer to a first try may be lost.
    with suppress(ConstraintError):
        server.write(lambda transaction: run(transaction, query, fields=fields))
    entry = read_entry(server)
    return Journal(server, entry) if entry is not None and entry.owner == owner else None


def take_over(server: Server, entry: Entry) -> Journal | None:
    """Return the journal of a dead process as ours, None if somebody else was faster."""
    owner = Owner.this()
    taken = server.write(
        lambda transaction: run(
            transaction,
            _TAKE_OVER,
            token=owner.token,
            old=entry.owner.token,
            seen=entry.heartbeat,
            owner=_fields(owner),
        )
    )
    found = read_entry(server) if taken else None
    return Journal(server, found) if found is not None and found.owner == owner else None


def _fields(owner: Owner) -> dict[str, Any]:
    return {
        "host": owner.host,
        "user": owner.user,
        "pid": owner.pid,
        "place": owner.place,
        "start": owner.start,
        "token": owner.token,
    }


def _nothing(_: Transaction) -> None:
    """Do nothing: the touch was all."""
