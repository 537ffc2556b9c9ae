"""Knows how a server's graph is given out, in order; changes nothing there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, TypeVar

from cogx.errors import StoreRefused, StoreUnavailable
from cogx.ports import Capabilities, Edge, Node
from cogx.stores.bolt.entries import check_readable
from cogx.stores.bolt.found import has_nodes, header_of, read_meta
from cogx.stores.bolt.ordering import in_order
from cogx.stores.bolt.server import Server
from cogx.stores.bolt.shapes import Foreign, Own, Shape

Row = TypeVar("Row", Node, Edge)


class BoltReader:
    """Read a graph: a GraphReader. Memory does not grow with the graph.

    Nodes are read in one transaction and edges in another, and neither is a snapshot to the
    server: what others change meanwhile may be seen in part (``capabilities.snapshot`` is
    False). An import of cogx that comes in between is noticed, and the read refused.

    ``losses`` counts, by code, what the store holds and cogx cannot say, as far as the nodes and
    edges have been read: see :mod:`cogx.stores.bolt.received`, and ``edge.outside``.
    """

    capabilities: ClassVar[Capabilities] = Capabilities(snapshot=False)

    def __init__(self, uri: str, *, database: str | None) -> None:
        self._server = Server(uri, database)
        self._lost: dict[str, Counter[str]] = {}
        try:
            entry = check_readable(self._server)
            meta = read_meta(self._server)
            self._stamp = (meta or {}).get("stamp")
            text = (meta or {}).get("header") if entry is None else entry.header
            self._header = header_of(text)
            own = meta is not None or has_nodes(self._server)
            self._shape: Shape = Own(self._server) if own else Foreign(self._server)
        except BaseException:
            self._server.close()
            raise

    @property
    def losses(self) -> Counter[str]:
        """What could not be said, by code."""
        return sum(self._lost.values(), Counter())

    def counts(self) -> tuple[int, int]:
        """Return (nodes, edges), stubs not counted."""
        return self._shape.counts()

    def header(self) -> Mapping[str, Any]:
        """Return the header that was kept."""
        return self._header

    def iter_nodes(self) -> Iterator[Node]:
        """Yield every node, ordered by id."""
        return self._ordered("nodes", self._shape.nodes)

    def iter_edges(self) -> Iterator[Edge]:
        """Yield every edge, ordered by id."""
        return self._ordered("edges", self._shape.edges)

    def close(self) -> None:
        """Release the store; may be called twice."""
        self._server.close()

    def _ordered(self, what: str, rows: Callable[[Counter[str]], Iterator[Row]]) -> Iterator[Row]:
        losses = self._lost[what] = Counter()
        last: str | None = None
        for row in in_order(self._whole(rows(losses))):
            if row.id == last:
                raise StoreRefused(
                    f"{self._server.address.shown}: two {what} have the id {row.id!r:.80}. "
                    "Give one of them another."
                )
            last = row.id
            yield row

    def _whole(self, rows: Iterator[Row]) -> Iterator[Row]:
        """Yield the rows; then make sure that no import came in between."""
        yield from rows
        check_readable(self._server)
        if (read_meta(self._server) or {}).get("stamp") != self._stamp:
            raise StoreUnavailable(
                f"{self._server.address.shown} was imported into while it was read. Try again."
            )
