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
from datetime import UTC, datetime
from threading import Event, Lock, Thread
from typing import Any, Final, TypeVar

from neo4j import Transaction
from neo4j.exceptions import ConstraintError

from cogx.errors import CogxError, StoreRefused
from cogx.stores.bolt.dialect import JOURNAL
from cogx.stores.bolt.entries import ADVICE, LOADING, THE, Entry, read_entry
from cogx.stores.bolt.owner import Owner
from cogx.stores.bolt.server import Server, run

Made = TypeVar("Made")

_BEAT_EVERY_S: Final = 20.0
_BEAT: Final = f"MATCH {THE} WHERE j.token = $token SET j.heartbeat = timestamp() RETURN j.phase"
_TAKE_OVER: Final = (
    # The first SET locks the node, so that of two who come at once the second sees the first.
    f"MATCH {THE} SET j.wanted = $token WITH j WHERE j.token = $old AND j.heartbeat = $seen "
    "SET j += $owner SET j.heartbeat = timestamp() RETURN j.phase"
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
        run(transaction, f"MATCH {THE} SET j += $changes", changes=changes)

    def remove(self, transaction: Transaction) -> None:
        """Take the journal away, as part of a transaction."""
        run(transaction, f"MATCH {THE} DELETE j")

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
