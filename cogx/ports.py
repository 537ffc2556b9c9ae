"""Knows the shapes that meet: nodes, edges, and what a store must offer; never a concrete store.

Nodes and edges are structs because millions of them pass: they are cheap to make, and the
garbage collector need not look at them (they hold no cycles).
Any object with these methods works: nothing here has to be imported to implement it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from msgspec import Struct, field

from cogx.progress import Progress


class Node(Struct, gc=False):
    """One node of a graph.

    ``properties`` holds what a person would query: JSON values plus the typed ones of
    :mod:`cogx.codec.typed` (datetime, date, time, timedelta, bytes, Decimal, UUID, NaN).
    ``rest`` holds what belongs to the records behind the node and has no place among the
    properties (plain JSON); a store keeps it in its reserved property and gives it back.
    """

    id: str
    type: str
    properties: dict[str, Any] = field(default_factory=dict)
    rest: dict[str, Any] | None = None
    labels: tuple[str, ...] = ()


class Edge(Struct, gc=False):
    """One directed edge; parallel edges differ by ``id``."""

    id: str
    source: str
    target: str
    predicate: str
    properties: dict[str, Any] = field(default_factory=dict)
    rest: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a store keeps. A False here is a loss that the store declares beforehand."""

    parallel_edges: bool = True
    typed_values: bool = True
    snapshot: bool = True


@runtime_checkable
class GraphReader(Protocol):
    """Give a graph out."""

    def counts(self) -> tuple[int, int]:
        """Return (nodes, edges). Stubs, whose ``rest`` is ``{"stub": true}``, may be left out."""

    def header(self) -> Mapping[str, Any]:
        """Return what was kept by :meth:`GraphWriter.finish` (plain JSON), {} if nothing."""

    def iter_nodes(self) -> Iterator[Node]:
        """Yield every node, ordered by id (code points); memory does not grow with the graph."""

    def iter_edges(self) -> Iterator[Edge]:
        """Yield every edge, ordered by id (code points)."""

    def close(self) -> None:
        """Release the store. May be called twice."""


@runtime_checkable
class GraphWriter(Protocol):
    """Take a graph in: nodes first, their ids unique, then edges between nodes that exist.

    Ids of edges are unique too, but for records that an archive holds twice.
    """

    def write_nodes(self, nodes: Iterable[Node]) -> None:
        """Add a batch of new nodes. Called many times; batches may be of any size."""

    def write_edges(self, edges: Iterable[Edge]) -> None:
        """Add a batch of new edges. Called many times, after the last node."""

    def finish(self, header: Mapping[str, Any], progress: Progress) -> None:
        """Make everything durable and visible, keep ``header`` (plain JSON) with it."""

    def abort(self) -> None:
        """Drop what was written since the start. May be called after a failed write."""
