"""Knows the shapes that meet: nodes, edges, records, and what each side must offer.

Never a concrete store, archive or deriver.

Nodes and edges are structs because millions of them pass: they are cheap to make, and the
garbage collector need not look at them (they hold no cycles).
Any object with these methods works: nothing here has to be imported to implement it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    """Take a new graph in: nodes first, then edges between nodes that exist.

    Ids are unique among nodes, and among edges: records that an archive holds twice arrive as
    one, whose ``rest`` says how many ``copies`` there are.
    """

    def write_nodes(self, nodes: Iterable[Node]) -> None:
        """Add a batch of new nodes. Called many times; batches may be of any size."""

    def write_edges(self, edges: Iterable[Edge]) -> None:
        """Add a batch of new edges. Called many times, after the last node."""

    def finish(self, header: Mapping[str, Any], progress: Progress) -> None:
        """Make everything durable and visible, keep ``header`` (plain JSON) with it."""

    def abort(self) -> None:
        """Drop what was written since the start. May be called after a failed write."""


@runtime_checkable
class GraphUpdater(GraphWriter, Protocol):
    """Take a graph into a store that may hold one already: all of it, or nothing.

    Writing a node or an edge whose id is there replaces it whole; a node keeps its edges. An edge
    may end in any node that is in the store. Until :meth:`finish` nobody else sees a change, or
    else the store keeps a journal from which the same import goes on or is taken back.
    """

    def begin(self, key: str) -> None:
        """Start an import. Called once, first.

        Args:
            key: the same for every try at the same import (64 hex digits); a store that takes
                everything in one transaction need not remember it.

        Raises:
            StoreRefused: an import with another key was broken off here; the text says how to
                go on with it or take it back.
            StoreBusy: another import is at work; the text says whose and since when.
        """

    def header(self) -> Mapping[str, Any]:
        """Return what was kept by the last :meth:`GraphWriter.finish`, {} if nothing."""

    def nodes_at(self, ids: Sequence[str]) -> Mapping[str, Node]:
        """Return those of the nodes that are in the store, by id, as they were at ``begin``.

        May be called with up to some thousand ids, before these ids are written.
        """

    def edges_at(self, ids: Sequence[str]) -> Mapping[str, Edge]:
        """Return those of the edges that are in the store; as :meth:`nodes_at`."""


@runtime_checkable
class RecordSource(Protocol):
    """Records that can be gone through again and again: an archive, a store, or either changed.

    ``system`` is the external_system that goes without saying (a manifest's source_system).
    """

    system: str

    def iter_batches(self, *kinds: str) -> Iterator[tuple[str, Sequence[Any]]]:
        """Yield (kind, records) for the kinds asked for, default all of them.

        Records are hot-path ones (attributes as the models of :mod:`cogx.format.records`, typed
        values tagged inline), free for the caller to change. Kinds come in the order asked for,
        or in any order if none is named; a batch has one kind. May be called again.
        """


class Passage(Struct, frozen=True):
    """A stretch of raw text to derive from.

    ``record`` is (kind, external_id) of the content record it stands in; ``at`` counts the
    record's passages from 0. ``before`` is the end of what the same record says just before:
    context to understand the text by, of which nothing is derived a second time.
    """

    id: str
    record: tuple[str, str]
    at: int
    text: str
    before: str = ""


class Underived(Struct, frozen=True):
    """Stands in the place of a passage's records if they could not be had, in spite of retries."""

    reason: str


@runtime_checkable
class Deriver(Protocol):
    """Make entities and facts out of text. ``name`` and ``version`` are kept with what it makes.

    A deriver may have these as well: ``report`` (a Counter) and ``examples`` (names to lists of
    texts) for the receipt; ``origin``, a mapping kept with every record beside name and version
    (``model``, ``prompt``); ``calls_per_passage`` to a language model, else 1;
    ``estimate(passage)``, the tokens in and out of these calls, ``cost_of(tokens in, out)`` and
    ``concurrency``, how many of them run at once; ``overlap_tokens``, how much of
    the text before a passage it wants to see unless told otherwise; and ``cache_key``, a text of
    all that a result depends on besides the deriver's name and version and the passage: with it
    results are kept on disk, and a passage that was derived once costs nothing again.
    """

    name: str
    version: str

    def prepare(self, known: RecordSource) -> None:
        """Look at what is known already (names of entities). Called once, first."""

    def derive(
        self, passages: Iterable[Passage]
    ) -> Iterator[tuple[Passage, Sequence[Any] | Underived]]:
        """Yield each passage with the records that it gives, in the order of the passages.

        Entities and facts as models or hot-path records; their provenance is added by the caller.
        May be called several times, each time with other passages.
        """
