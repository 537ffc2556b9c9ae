"""Knows how a store that is only ever written whole takes more in: a new one is made from both.

The old store is read while the new one grows beside it; the new one takes its place when it is
whole. So nobody ever sees half an import, and what was there stays there if it fails.
"""

from __future__ import annotations

import pickle
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from cogx.errors import StoreRefused
from cogx.ports import Edge, GraphReader, GraphWriter, Node
from cogx.progress import Progress

Row = TypeVar("Row", Node, Edge)
Hashes = npt.NDArray[np.int64]
"""Python's own hashes: they never leave this process."""
_BATCH: Final = 2000


class Rebuild:
    """Make a new store out of an old one and what comes in: a GraphUpdater.

    Args:
        old: a reader of the store as it is; closed in the end.
        new: a writer whose ``finish`` puts its store in the old one's place.
    Cost: the old store is read and written once; 8 bytes of memory for each incoming record,
    and room on temporary disk for those rows of the old store whose ids come in again.
    """

    def __init__(self, old: GraphReader, new: GraphWriter) -> None:
        self._old = old
        self._new = new
        self._edge_ids: Callable[[], Iterable[str]] = tuple
        self._nodes: _SetAside[Node] = _SetAside()
        self._edges: _SetAside[Edge] = _SetAside()
        self._sealed = False

    def begin(self, key: str) -> None:
        """Do nothing: until the end the store is as it was, so that no journal is needed."""

    def expect(
        self, node_ids: Callable[[], Iterable[str]], edge_ids: Callable[[], Iterable[str]]
    ) -> None:
        """Take note of all ids that will be written, and copy the nodes that none is meant for."""
        self._edge_ids = edge_ids
        wanted = _hashes(node_ids())
        self._copy(self._old.iter_nodes(), wanted, self._nodes, self._new.write_nodes)

    def header(self) -> Mapping[str, Any]:
        """Return what the old store remembers."""
        return self._old.header()

    def nodes_at(self, ids: Sequence[str]) -> Mapping[str, Node]:
        """Return those of the incoming ids that the old store has."""
        return self._nodes.get(ids)

    def edges_at(self, ids: Sequence[str]) -> Mapping[str, Edge]:
        """Return those of the incoming ids that the old store has, once all nodes are written."""
        self._seal_nodes()
        return self._edges.get(ids)

    def write_nodes(self, nodes: Iterable[Node]) -> None:
        """Write nodes that came in, in place of those with their ids."""
        batch = list(nodes)
        self._nodes.drop(node.id for node in batch)
        self._new.write_nodes(batch)

    def write_edges(self, edges: Iterable[Edge]) -> None:
        """Write edges that came in, in place of those with their ids."""
        self._seal_nodes()
        batch = list(edges)
        self._edges.drop(edge.id for edge in batch)
        self._new.write_edges(batch)

    def finish(self, header: Mapping[str, Any], progress: Progress) -> None:
        """Let the new store take the old one's place."""
        self._seal_nodes()
        for batch in self._edges.rest():
            self._new.write_edges(batch)
        self._old.close()
        self._new.finish(header, progress)
        self._close()

    def abort(self) -> None:
        """Drop the new store; the old one is as it was. May be called twice."""
        self._new.abort()
        self._old.close()
        self._close()

    def _seal_nodes(self) -> None:
        """Write the old nodes that nothing took the place of, and copy the old edges."""
        if self._sealed:
            return
        self._sealed = True
        for batch in self._nodes.rest():
            self._new.write_nodes(batch)
        wanted = _hashes(self._edge_ids())
        self._copy(self._old.iter_edges(), wanted, self._edges, self._new.write_edges)

    def _copy(
        self,
        rows: Iterator[Row],
        wanted: Hashes,
        aside: _SetAside[Row],
        write: Callable[[Iterable[Row]], None],
    ) -> None:
        for batch in _batches(rows):
            again = _are_among([row.id for row in batch], wanted)
            aside.add(row for row, hit in zip(batch, again, strict=True) if hit)
            write([row for row, hit in zip(batch, again, strict=True) if not hit])

    def _close(self) -> None:
        self._nodes.close()
        self._edges.close()


class _SetAside(Generic[Row]):
    """Rows by id, on temporary disk."""

    def __init__(self) -> None:
        # An empty name is SQLite's private temporary database: it spills, and goes with us.
        self._table = sqlite3.connect("", isolation_level=None)
        self._table.execute("CREATE TABLE rows (id TEXT PRIMARY KEY, row BLOB) WITHOUT ROWID")
        self._table.execute("BEGIN")

    def add(self, rows: Iterable[Row]) -> None:
        for row in rows:
            try:
                packed = (row.id, pickle.dumps(row, protocol=5))
                self._table.execute("INSERT INTO rows VALUES (?, ?)", packed)
            except sqlite3.IntegrityError as error:
                raise StoreRefused(
                    f"The store holds the id {row.id!r:.80} twice, so it cannot be told which of "
                    "them comes in again. Give each its own id."
                ) from error

    def get(self, ids: Sequence[str]) -> dict[str, Row]:
        found = {}
        for identity in ids:
            row = self._table.execute("SELECT row FROM rows WHERE id = ?", (identity,)).fetchone()
            if row is not None:
                found[identity] = pickle.loads(row[0])  # noqa: S301 - written above, seen by none
        return found

    def drop(self, ids: Iterable[str]) -> None:
        self._table.executemany("DELETE FROM rows WHERE id = ?", ((one,) for one in ids))

    def rest(self) -> Iterator[list[Row]]:
        rows = self._table.execute("SELECT row FROM rows ORDER BY id")
        yield from _batches(pickle.loads(row) for (row,) in rows)  # noqa: S301

    def close(self) -> None:
        self._table.close()


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    batch: list[Row] = []
    for row in rows:
        batch.append(row)
        if len(batch) >= _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _hashes(ids: Iterable[str]) -> Hashes:
    """Return the hashes of ids, ordered, in memory of 8 bytes for each."""
    return np.unique(np.fromiter(map(hash, ids), np.int64))


def _are_among(ids: Sequence[str], wanted: Hashes) -> list[bool]:
    """Tell, for each id, whether it is wanted; by its hash, so that some more may be told so."""
    if not len(wanted):
        return [False] * len(ids)
    hashes = np.fromiter(map(hash, ids), np.int64, len(ids))
    at = np.minimum(np.searchsorted(wanted, hashes), len(wanted) - 1)
    found: list[bool] = (wanted[at] == hashes).tolist()
    return found
