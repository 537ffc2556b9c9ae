"""Knows how to read a JSON graph of either form; which one it is, it says itself."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from operator import attrgetter
from pathlib import Path
from typing import Any

import msgspec

from cogx.codec.typed import from_json
from cogx.errors import StoreRefused
from cogx.ports import Edge, Node
from cogx.stores.json_graph.foreign import foreign_edges, foreign_node
from cogx.stores.json_graph.form import EDGE_NAMES, FORMAT, NODE_NAMES


class JsonGraphReader:
    """Read a graph out of one JSON file: a GraphReader.

    In a file that cogx did not write, ``type`` is a node's type and ``predicate``,
    ``relationship_name`` or a text ``key`` an edge's predicate; ids that are not text become
    their JSON; an edge's id is ``source:predicate:target``, with a hash from the second such
    edge on. An undirected graph is read in the direction in which its edges are written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        document = _load(path)
        marked = document.get("graph")
        mark = marked.get("cogx") if isinstance(marked, dict) else None
        self._header: dict[str, Any] = {}
        try:
            if isinstance(mark, dict):
                _check_format(path, mark)
                self._header = mark.get("header") or {}
                self._nodes = [_own_node(item) for item in document["nodes"]]
                self._edges = [_own_edge(item) for item in document["edges"]]
            else:
                self._nodes = [foreign_node(item) for item in document["nodes"]]
                edges = document["edges"] if "edges" in document else document["links"]
                self._edges = list(foreign_edges(edges))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise StoreRefused(
                f"{path} is not a graph in node-link or cognee's form "
                f"({type(error).__name__}: {error}). Check the file."
            ) from error
        self._nodes.sort(key=attrgetter("id"))
        self._edges.sort(key=attrgetter("id", "source", "target", "predicate"))
        self._check_unique()

    def counts(self) -> tuple[int, int]:
        """Return (nodes, edges), stubs not counted."""
        stubs = sum(1 for node in self._nodes if node.rest == {"stub": True})
        return len(self._nodes) - stubs, len(self._edges)

    def header(self) -> Mapping[str, Any]:
        """Return the header of a file that cogx wrote, else {}."""
        return self._header

    def iter_nodes(self) -> Iterator[Node]:
        """Yield every node, ordered by id."""
        yield from self._nodes

    def iter_edges(self) -> Iterator[Edge]:
        """Yield every edge, ordered by id."""
        yield from self._edges

    def close(self) -> None:
        """Let go of the graph; may be called twice."""
        self._nodes, self._edges = [], []

    def _check_unique(self) -> None:
        before = None
        for node in self._nodes:
            if node.id == before:
                raise StoreRefused(f"{self._path}: two nodes have the id {node.id!r:.80}.")
            before = node.id


def _load(path: Path) -> dict[str, Any]:
    """Return the document; Python's parser is the second, for the NaN that others write."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise StoreRefused(f"There is no readable file at {path} ({error.strerror}).") from error
    try:
        document = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError):
        try:
            document = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise StoreRefused(f"{path} is not JSON: {error}.") from error
    if not isinstance(document, dict):
        raise StoreRefused(f"{path} is JSON, but not a graph: an object is expected.")
    return document


def _check_format(path: Path, mark: dict[str, Any]) -> None:
    found = mark.get("format")
    if type(found) is not int or found > FORMAT:
        raise StoreRefused(
            f"{path} has form {found!r:.20}, written by a newer cogx. Upgrade cogx.", found=found
        )


def _own_node(item: dict[str, Any]) -> Node:
    properties, rest = _own_properties(item, NODE_NAMES)
    return Node(_text(item["id"]), _text(item["type"]), properties, rest, _labels(item))


def _own_edge(item: dict[str, Any]) -> Edge:
    properties, rest = _own_properties(item, EDGE_NAMES)
    return Edge(
        _text(item["key"]),
        _text(item["source"]),
        _text(item["target"]),
        _text(item["predicate"]),
        properties,
        rest,
    )


def _own_properties(
    item: dict[str, Any], taken: frozenset[str]
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    properties = {name: from_json(value) for name, value in item.items() if name not in taken}
    ours = item.get("_cogx") or {}
    for name, value in ours.get("properties", {}).items():
        properties[name] = from_json(value)
    return properties, ours.get("rest")


def _labels(item: dict[str, Any]) -> tuple[str, ...]:
    return tuple(_text(label) for label in item.get("labels", ()))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"text expected, not {value!r:.40}")
    return value
