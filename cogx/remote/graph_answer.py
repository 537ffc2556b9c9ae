"""Knows how the graph of a dataset comes over the wire, and reads it while it arrives.

Never what a node or an edge means. The answer has no pages and may be larger than memory; what is
held of it is one node, or one edge. A wrong one is refused with its place, not mended.
Source: spec/wire.md#pull.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, Literal, NoReturn

from cogx.errors import MissingExtra, RemoteGarbled
from cogx.remote.graph_items import GraphEdge, GraphNode, Unfit, edge_in, node_in, number_in
from cogx.remote.half_pairs import HalfPairs

MOST_ITEM_BYTES: Final = 64 << 20
"""How much of the answer may pass without a node or an edge coming to its end."""
MOST_DEPTH: Final = 60
"""Lists and objects in each other; an archive's reader takes a few more."""

_LISTS: Final = ("nodes", "edges")
_SHOWN: Final = 80


Batch = tuple[Literal["nodes"], list[GraphNode]] | tuple[Literal["edges"], list[GraphEdge]]


class GraphAnswer:
    """One answer of the graph route while it is read.

    ``nodes`` and ``edges`` count what was read so far, ``half_pairs`` the halves of surrogate
    pairs, which are no text and came out as ``?``.

    Args:
        name: how messages call the answer.
    """

    def __init__(self, name: str) -> None:
        try:
            import ijson  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise MissingExtra("remote", "Reading a graph from a server") from error
        self._ijson = ijson
        self._name = name
        self._done: dict[str, list[Any]] = {"nodes": [], "edges": []}
        self._counts = dict.fromkeys(_LISTS, 0)
        self._seen: set[str] = set()
        self._at = "start"
        self._key = ""
        self._containers: list[Any] = []
        self._keys: list[str] = []
        self._read = self._last = 0
        self._halves = HalfPairs()
        self.half_pairs = 0

    @property
    def nodes(self) -> int:
        """Return how many nodes were read."""
        return self._counts["nodes"]

    @property
    def edges(self) -> int:
        """Return how many edges were read."""
        return self._counts["edges"]

    def iter_batches(self, chunks: Iterable[bytes]) -> Iterator[Batch]:
        """Yield nodes and edges in the order of the answer; call it once.

        Args:
            chunks: the bytes as they arrive, some 64 KiB each.

        Raises:
            RemoteGarbled: not JSON, cut off, or no graph; the text says where.
        Cost: memory for one chunk and the longest item, which is bounded.
        """
        events = self._ijson.sendable_list()
        parser = self._ijson.basic_parse_coro(events, use_float=False)
        for chunk in chunks:
            self._read += len(chunk)
            self._halves.look(chunk)
            self._feed(parser, chunk)
            yield from self._taken(events)
            if self._read - self._last > MOST_ITEM_BYTES:
                self._refuse(f"more than {MOST_ITEM_BYTES:,} bytes are one item")
        self.half_pairs = self._halves.finish()
        self._feed(parser, None)
        yield from self._taken(events)
        missing = [name for name in _LISTS if name not in self._seen]
        if missing:
            self._refuse(f"the answer has no list {missing[0]!r}")

    def _feed(self, parser: Any, chunk: bytes | None) -> None:
        """Hand bytes to the parser; None is the end."""
        try:
            if chunk is None:
                parser.close()
            elif chunk:
                parser.send(chunk)
        except (self._ijson.JSONError, ValueError) as error:
            said = str(error).lstrip("b'\"").partition("\n")[0].partition("\\n")[0].strip()
            if "premature EOF" in said:
                self._refuse("the answer ends in the middle")
            self._refuse(f"this is not JSON ({said[:_SHOWN]})")

    def _taken(self, events: list[tuple[str, Any]]) -> Iterator[Batch]:
        """Take what the parser saw; yield what is whole."""
        self._take(events)
        del events[:]
        nodes, edges = self._done["nodes"], self._done["edges"]
        if nodes:
            self._done["nodes"] = []
            yield "nodes", nodes
        if edges:
            self._done["edges"] = []
            yield "edges", edges

    def _take(self, events: Sequence[tuple[str, Any]]) -> None:
        containers, keys = self._containers, self._keys
        for event, value in events:
            if not containers:
                self._outside(event, value)
            elif event == "map_key":
                if value in containers[-1]:
                    self._refuse(f"the key {value[:_SHOWN]!r} stands twice in one object")
                keys[-1] = value
            elif event in ("end_map", "end_array"):
                item = containers.pop()
                keys.pop()
                if not containers:
                    self._finish(item)
            else:
                made = _begun(event, value)
                holder = containers[-1]
                if type(holder) is dict:
                    holder[keys[-1]] = made
                else:
                    holder.append(made)
                if event in ("start_map", "start_array"):
                    self._enter(made)

    def _enter(self, container: Any) -> None:
        if len(self._containers) >= MOST_DEPTH:
            self._refuse(f"more than {MOST_DEPTH} lists and objects stand in each other")
        self._containers.append(container)
        self._keys.append("")

    def _outside(self, event: str, value: Any) -> None:
        """Follow the frame around the items."""
        if self._at == "start":
            if event != "start_map":
                self._refuse("the answer is no object")
            self._at = "object"
        elif self._at == "object":
            self._in_object(event, value)
        elif event == "end_array":
            self._at = "object"
        elif event == "start_map":
            self._enter({})
        else:
            self._refuse(f"{self._place()} is no object")

    def _in_object(self, event: str, value: Any) -> None:
        if event == "map_key":
            if value in _LISTS and value in self._seen:
                self._refuse(f"the list {value!r} stands there twice")
            self._key = value
        elif self._key in _LISTS:
            if event == "start_array":
                self._seen.add(self._key)
                self._at = self._key
            elif event != "end_map":
                self._refuse(f"{self._key!r} is no list")
        elif event in ("start_map", "start_array"):
            self._enter(_begun(event, value))
        if event == "end_map":
            self._at = "end"

    def _finish(self, item: Any) -> None:
        """Take an item that is whole; one outside the two lists means nothing to us."""
        if self._at in _LISTS:
            try:
                made = node_in(item) if self._at == "nodes" else edge_in(item)
            except Unfit as error:
                self._refuse(f"{self._place()}{error}")
            self._done[self._at].append(made)
            self._counts[self._at] += 1
        self._last = self._read

    def _place(self) -> str:
        return f"{self._at}[{self._counts[self._at]}]"

    def _refuse(self, what: str) -> NoReturn:
        """Say what is wrong, and how far the answer was fine."""
        raise RemoteGarbled(
            f"{self._name}: {what}. It was read for {self._read:,} bytes: {self.nodes:,} nodes "
            f"and {self.edges:,} edges. Try again; if it says the same, this server does not "
            "answer as a cognee does.",
            nodes=self.nodes,
            edges=self.edges,
        )


def _begun(event: str, value: Any) -> Any:
    """Return what an event makes: a value, or a container that is still empty."""
    if event == "start_map":
        return {}
    if event == "start_array":
        return []
    return number_in(value) if event == "number" else value
