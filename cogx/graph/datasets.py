"""Knows how several datasets share one store; asks no store.

A store's own dataset (the first that was imported) stands there as it is. The rows of every other
one bear its name: their ids begin with ``NAME::``, and ``rest`` says ``dataset``, so that the
same id may stand in several datasets and a person sees which is whose.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

from msgspec.structs import replace

from cogx.errors import StoreRefused
from cogx.graph.mapping import is_stub
from cogx.ports import Capabilities, Edge, GraphReader, GraphUpdater, Node
from cogx.progress import Progress

Row = TypeVar("Row", Node, Edge)
_MARK: Final = "dataset"
_OTHERS: Final = "datasets"
"""The key of a store's header under which the headers of other datasets stand, by name."""


def dataset_names(header: Mapping[str, Any]) -> list[str | None]:
    """Return the names of the datasets in a store, its own first (None: it has no name)."""
    return [header.get(_MARK), *sorted(header.get(_OTHERS, ()))]


def has_others(header: Mapping[str, Any]) -> bool:
    """Tell whether a store holds more than its own dataset."""
    return bool(header.get(_OTHERS))


def is_own(header: Mapping[str, Any], name: str | None) -> bool:
    """Tell whether a name means the store's own dataset; None does."""
    return name is None or name == header.get(_MARK)


def reader_of(reader: GraphReader, name: str | None) -> GraphReader:
    """Return a reader of one dataset of a store; the caller still closes the one given.

    Args:
        name: a dataset's name; None: the store's own.

    Raises:
        StoreRefused: there is no such dataset; the text lists those there are.
    """
    header = reader.header()
    others = header.get(_OTHERS, {})
    if name is not None and not is_own(header, name) and name not in others:
        known = ", ".join(str(one) for one in dataset_names(header) if one is not None)
        raise StoreRefused(
            f"The store holds no dataset {name!r:.80}. Known: {known or 'one without a name'}."
        )
    if is_own(header, name):
        return _Dataset(reader, None) if others else reader
    return _Dataset(reader, name)


class _Dataset:
    """One dataset of a store: a GraphReader.

    Cost: all of the store's rows are read; memory does not grow.
    """

    def __init__(self, reader: GraphReader, name: str | None) -> None:
        self._reader = reader
        self._name = name
        self._skip = 0 if name is None else len(_prefix(name))
        self.capabilities = getattr(reader, "capabilities", Capabilities())

    @property
    def losses(self) -> Mapping[str, int]:
        """What the store counted while it was read, rows of other datasets included."""
        counted: Mapping[str, int] = getattr(self._reader, "losses", {})
        return counted

    def counts(self) -> tuple[int, int]:
        nodes = sum(1 for node in self.iter_nodes() if not is_stub(node))
        return nodes, sum(1 for _ in self.iter_edges())

    def header(self) -> Mapping[str, Any]:
        header = dict(self._reader.header())
        others = header.pop(_OTHERS, {})
        return header if self._name is None else dict(others[self._name])

    def iter_nodes(self) -> Iterator[Node]:
        for node in self._reader.iter_nodes():
            if _dataset_of(node) == self._name:
                yield _without(node, self._skip)

    def iter_edges(self) -> Iterator[Edge]:
        for edge in self._reader.iter_edges():
            if _dataset_of(edge) == self._name:
                yield _without(edge, self._skip)

    def close(self) -> None:
        self._reader.close()


class DatasetUpdater:
    """Take a graph into one dataset of a store that has several: a GraphUpdater.

    Args:
        name: the dataset's name; None: the store's own.
    """

    def __init__(self, updater: GraphUpdater, name: str | None) -> None:
        self._updater = updater
        self._name = name
        self._prefix = "" if name is None else _prefix(name)

    def begin(self, key: str) -> None:
        """Start an import."""
        self._updater.begin(key)

    def expect(
        self, node_ids: Callable[[], Iterable[str]], edge_ids: Callable[[], Iterable[str]]
    ) -> None:
        """Tell a store that is written anew which ids will come."""
        expect = getattr(self._updater, "expect", None)
        if expect is not None:
            expect(
                lambda: (self._prefix + one for one in node_ids()),
                lambda: (self._prefix + one for one in edge_ids()),
            )

    def header(self) -> Mapping[str, Any]:
        """Return the dataset's header, {} if it is new."""
        whole = dict(self._updater.header())
        others = whole.pop(_OTHERS, {})
        return whole if self._name is None else dict(others.get(self._name, {}))

    def nodes_at(self, ids: Sequence[str]) -> Mapping[str, Node]:
        """Return the dataset's nodes of these ids."""
        found = self._updater.nodes_at([self._prefix + one for one in ids])
        return {node.id: node for node in map(self._mine, found.values())}

    def edges_at(self, ids: Sequence[str]) -> Mapping[str, Edge]:
        """Return the dataset's edges of these ids."""
        found = self._updater.edges_at([self._prefix + one for one in ids])
        return {edge.id: edge for edge in map(self._mine, found.values())}

    def write_nodes(self, nodes: Iterable[Node]) -> None:
        """Write nodes under the dataset's name."""
        self._updater.write_nodes([self._named(node) for node in nodes])

    def write_edges(self, edges: Iterable[Edge]) -> None:
        """Write edges under the dataset's name."""
        self._updater.write_edges([self._named(edge) for edge in edges])

    def finish(self, header: Mapping[str, Any], progress: Progress) -> None:
        """Keep the dataset's header among those of the store."""
        whole = dict(self._updater.header())
        if self._name is None:
            whole = {**header, _OTHERS: whole.get(_OTHERS, {})}
        else:
            whole[_OTHERS] = {**whole.get(_OTHERS, {}), self._name: dict(header)}
        self._updater.finish(whole, progress)

    def abort(self) -> None:
        """Drop everything."""
        self._updater.abort()

    def _mine(self, row: Row) -> Row:
        if _dataset_of(row) != self._name:
            mine = "its own" if self._name is None else f"the dataset {self._name!r:.80}"
            raise StoreRefused(
                f"The id {row.id!r:.80} belongs to another dataset of the store, so {mine} cannot "
                "hold it here. Import --into another name."
            )
        return _without(row, len(self._prefix))

    def _named(self, row: Row) -> Row:
        if self._name is None:
            return row
        row.rest = (row.rest or {}) | {_MARK: self._name}
        row.id = self._prefix + row.id
        if isinstance(row, Edge):
            row.source, row.target = self._prefix + row.source, self._prefix + row.target
        return row


def _prefix(name: str) -> str:
    return f"{name}::"


def _dataset_of(row: Node | Edge) -> Any:
    return None if row.rest is None else row.rest.get(_MARK)


def _without(row: Row, length: int) -> Row:
    """Return a row without the dataset's name; a reader may give the same row out again."""
    if not length:
        return row
    rest = {key: value for key, value in (row.rest or {}).items() if key != _MARK} or None
    bare = {"id": row.id[length:], "rest": rest}
    if isinstance(row, Edge):
        bare |= {"source": row.source[length:], "target": row.target[length:]}
    return replace(row, **bare)
