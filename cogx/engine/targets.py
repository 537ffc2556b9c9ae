"""Knows how the target of an import is opened, whatever it is; moves nothing itself.

A target is a store that a URI names or an object. A store may be new, may change in place, or may
only ever be written whole; a session hides which.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cogx.build_site import tidy
from cogx.engine.holdings import Holdings, holdings_of
from cogx.engine.incoming import Incoming
from cogx.engine.rebuild import Rebuild
from cogx.engine.uris import StoreAt, store_at
from cogx.errors import StoreRefused
from cogx.graph.datasets import DatasetUpdater, dataset_names, has_others, is_own, reader_of
from cogx.ports import Edge, GraphReader, GraphUpdater, GraphWriter, Node
from cogx.progress import Progress


@dataclass(slots=True)
class Session:
    """A target that is open: a writer of a new graph, or an updater."""

    writer: GraphWriter
    was_vacant: bool

    def begin(self, key: str) -> dict[str, Any]:
        """Start; return what the dataset's header says, {} if it is new."""
        if not isinstance(self.writer, GraphUpdater):
            return {}
        self.writer.begin(key)
        return dict(self.writer.header())

    def expect(self, incoming: Incoming) -> None:
        """Let a store that is written anew know which ids will come."""
        expect: Callable[..., None] | None = getattr(self.writer, "expect", None)
        if expect is not None:
            expect(
                lambda: (node.id for batch in incoming.nodes() for node in batch),
                lambda: (edge.id for batch in incoming.edges() for edge in batch),
            )


class UriTarget:
    """A store that a URI names."""

    def __init__(self, store: StoreAt) -> None:
        self._store = store
        self._vacant = store.is_vacant()
        self.name = store.uri

    def before(self, into: str | None, progress: Progress) -> Holdings | None:
        """Return what the dataset holds; None if it is new, or has to be mended first."""
        if self._vacant:
            return None
        try:
            return self._holdings(into, progress, "look at")
        except StoreRefused:
            if hasattr(self._store.module, "rollback"):
                return None  # an import was broken off: whether it can go on, its journal tells
            raise

    def after(self, into: str | None, progress: Progress) -> Holdings | None:
        """Return what the dataset holds now."""
        return self._holdings(into, progress, "verify")

    def open(self, into: str | None, *, dry_run: bool) -> Session:
        """Open the store for one import; the caller finishes or aborts the session's writer."""
        if self._vacant:
            writer = Nowhere() if dry_run else self._store.writer()
            if writer is not None:
                return Session(writer, was_vacant=True)
        updater = self._store.updater()
        if updater is None:
            if not self._store.is_file:
                raise StoreRefused(
                    f"{self.name} holds a graph already, and this store takes new ones only. "
                    "Import into a new place."
                )
            updater = self._rebuild(dry_run=dry_run)
        if dry_run and not isinstance(updater, Rebuild):
            updater = Rehearsal(updater)
        return Session(_for_dataset(updater, into), was_vacant=self._vacant)

    def tidy(self) -> None:
        """Clear away what an import has left that died after its end, if none is at work."""
        if self._store.is_file:
            tidy(Path(self._store.place))

    def _rebuild(self, *, dry_run: bool) -> Rebuild:
        new = Nowhere() if dry_run else self._store.writer(replace=True)
        assert new is not None, "a store has a writer or an updater"
        try:
            old = self._store.reader()
        except BaseException:
            new.abort()
            raise
        if not old.header():
            new.abort()
            old.close()
            raise StoreRefused(
                f"{self.name} holds a graph that cogx did not make, and cogx does not write into "
                "it. Give another path; `cogx export` takes it out of there."
            )
        return Rebuild(old, new)

    def _holdings(self, into: str | None, progress: Progress, task: str) -> Holdings:
        with closing(self._store.reader()) as reader:
            return _held(reader, into, progress, task)


class ObjectTarget:
    """An object with the methods of a GraphWriter or a GraphUpdater."""

    def __init__(self, writer: GraphWriter) -> None:
        self._writer = writer
        self.name = type(writer).__name__

    def before(self, into: str | None, progress: Progress) -> Holdings | None:
        """Return what the object holds, if it is an updater that can be read, too."""
        if not isinstance(self._writer, GraphUpdater) or not isinstance(self._writer, GraphReader):
            return None
        return _held(self._writer, into, progress, "look at")

    def after(self, into: str | None, progress: Progress) -> Holdings | None:
        """Return what the object holds now, if it can be read."""
        if not isinstance(self._writer, GraphReader):
            return None
        return _held(self._writer, into, progress, "verify")

    def open(self, into: str | None, *, dry_run: bool) -> Session:
        """Give the object out; the caller finishes or aborts it."""
        if not isinstance(self._writer, GraphUpdater):
            return Session(Nowhere() if dry_run else self._writer, was_vacant=True)
        updater = Rehearsal(self._writer) if dry_run else self._writer
        return Session(_for_dataset(updater, into), was_vacant=False)

    def tidy(self) -> None:
        """Do nothing: an object leaves nothing beside it."""


Target = UriTarget | ObjectTarget


def target_of(target: Any) -> Target:
    """Return the target that a URI, an object or a graph of networkx is."""
    if isinstance(target, str):
        return UriTarget(store_at(target))
    if hasattr(target, "add_edges_from"):
        from cogx.stores.networkx_graph import NetworkxUpdater  # noqa: PLC0415 - if it is one

        return ObjectTarget(NetworkxUpdater(target))
    return ObjectTarget(target)


def _for_dataset(updater: GraphUpdater, into: str | None) -> GraphUpdater:
    header = updater.header()
    if header and not is_own(header, into):
        return DatasetUpdater(updater, into)
    return DatasetUpdater(updater, None) if has_others(header) else updater


def _held(reader: GraphReader, into: str | None, progress: Progress, task: str) -> Holdings:
    header = reader.header()
    if header and not is_own(header, into) and into not in dataset_names(header):
        return Holdings()
    return holdings_of(reader_of(reader, into), progress, task)


class Nowhere:
    """A GraphWriter that keeps nothing: for a rehearsal."""

    def write_nodes(self, nodes: Iterable[Node]) -> None:
        """Forget the nodes."""
        for _ in nodes:
            pass

    def write_edges(self, edges: Iterable[Edge]) -> None:
        """Forget the edges."""
        for _ in edges:
            pass

    def finish(self, header: Mapping[str, Any], progress: Progress) -> None:
        """Do nothing."""

    def abort(self) -> None:
        """Do nothing."""


class Rehearsal(Nowhere):
    """A GraphUpdater that looks things up and writes nothing."""

    def __init__(self, updater: GraphUpdater) -> None:
        self._updater = updater

    def begin(self, key: str) -> None:
        """Start, as if it were meant."""
        self._updater.begin(key)

    def header(self) -> Mapping[str, Any]:
        """Return what the store remembers."""
        return self._updater.header()

    def nodes_at(self, ids: Sequence[str]) -> Mapping[str, Node]:
        """Return the nodes that are there."""
        return self._updater.nodes_at(ids)

    def edges_at(self, ids: Sequence[str]) -> Mapping[str, Edge]:
        """Return the edges that are there."""
        return self._updater.edges_at(ids)

    def finish(self, header: Mapping[str, Any], progress: Progress) -> None:
        """Leave the store as it was."""
        self._updater.abort()

    def abort(self) -> None:
        """Leave the store as it was."""
        self._updater.abort()
