"""Knows two JSON files that hold a graph: networkx node-link, and the JSON export of cognee.

Both are read; node-link is written, so that ``networkx.node_link_graph(json.load(file))`` gives
a MultiDiGraph with every property. It must never know an archive.

In what is written, a node is its properties beside ``id``, ``type`` and ``labels``; an edge is
its properties beside ``source``, ``target``, ``key`` (the edge's id) and ``predicate``. ``_cogx``
holds ``rest`` and those properties whose names are taken. Values that JSON lacks are tagged as
in an archive. ``graph.cogx`` marks such a file, and holds the header.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

import msgspec

from cogx.codec import canonical
from cogx.codec.canonical import NotJson
from cogx.codec.typed import from_json, to_json
from cogx.errors import BadSetting, NoSpace, StoreRefused, UsageError
from cogx.ports import Edge, Node
from cogx.progress import Progress

FORMAT: Final = 1
DEFAULT_TYPE: Final = "Node"
DEFAULT_PREDICATE: Final = "related_to"
_NODE_NAMES: Final = frozenset({"id", "type", "labels", "_cogx"})
_EDGE_NAMES: Final = frozenset({"source", "target", "key", "predicate", "_cogx"})
_PREDICATE_NAMES: Final = ("predicate", "relationship_name")
_PREDICATE_HINTS: Final = ("key", "relation", "label", "type")


def open_reader(path: str | Path) -> JsonGraphReader:
    """Open a JSON graph of either form; which one it is, it says itself.

    Raises:
        StoreRefused: there is no such file, or it is not a graph.
    Cost: the whole graph is held in memory.
    """
    return JsonGraphReader(Path(path))


def open_writer(path: str | Path) -> JsonGraphWriter:
    """Start a new node-link file. Nothing appears at ``path`` before ``finish()``.

    Raises:
        StoreRefused: there is a file already.
        BadSetting: its directory does not exist.
    Cost: memory of one batch.
    """
    return JsonGraphWriter(Path(path))


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
                self._nodes = [_foreign_node(item) for item in document["nodes"]]
                edges = document["edges"] if "edges" in document else document["links"]
                self._edges = list(_foreign_edges(edges))
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


class JsonGraphWriter:
    """Write a graph as one node-link file: a GraphWriter. Lines are in the order given."""

    def __init__(self, path: Path) -> None:
        if not path.parent.is_dir():
            raise BadSetting(f"{path.parent} is not a directory. Make it first.")
        if os.path.lexists(path):
            raise StoreRefused(f"{path} exists already. Give another path, or remove it first.")
        self._path = path
        handle, name = tempfile.mkstemp(
            prefix=f".{path.name}.", suffix=".cogx-partial", dir=path.parent
        )
        self._partial = Path(name)
        self._file = os.fdopen(handle, "wb", buffering=1 << 20)
        self._list = "nodes"
        self._empty = True
        self._write(b'{"directed":true,"multigraph":true,"nodes":[')

    def write_nodes(self, nodes: Iterable[Node]) -> None:
        """Add a batch of new nodes; see GraphWriter."""
        if self._list != "nodes":
            raise UsageError("Nodes must be written before edges.")
        for node in nodes:
            fields = {"id": node.id, "type": node.type}
            labels = {"labels": list(node.labels)} if node.labels else {}
            self._item(node, {**fields, **labels}, _NODE_NAMES)

    def write_edges(self, edges: Iterable[Edge]) -> None:
        """Add a batch of new edges, after the last node; see GraphWriter."""
        self._begin_edges()
        for edge in edges:
            fields = {
                "source": edge.source,
                "target": edge.target,
                "key": edge.id,
                "predicate": edge.predicate,
            }
            self._item(edge, fields, _EDGE_NAMES)

    def finish(self, header: Mapping[str, Any], progress: Progress) -> None:
        """Complete the file, make it durable, and let it appear at the path."""
        self._begin_edges()
        progress.begin("write file", total=1, unit="files")
        mark = {"cogx": {"format": FORMAT, "header": dict(header)}}
        self._write(b'],\n"graph":' + canonical.encode(mark) + b"}\n")
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._partial.replace(self._path)
        except OSError as error:
            raise _no_space(self._path, error) from error
        self._list = "over"
        progress.advance(1)
        progress.end()

    def abort(self) -> None:
        """Drop what was not finished; may be called twice."""
        self._list = "over"
        self._file.close()
        self._partial.unlink(missing_ok=True)

    def _begin_edges(self) -> None:
        if self._list == "over":
            raise UsageError("This writer is finished or aborted; open a new one.")
        if self._list == "nodes":
            self._write(b'],\n"edges":[')
            self._list, self._empty = "edges", True

    def _item(self, row: Node | Edge, item: dict[str, Any], taken: frozenset[str]) -> None:
        ours: dict[str, Any] = {} if row.rest is None else {"rest": row.rest}
        try:
            for name, value in row.properties.items():
                if name in taken:
                    ours.setdefault("properties", {})[name] = to_json(value)
                else:
                    item[name] = to_json(value)
            if ours:
                item["_cogx"] = ours
            line = canonical.encode(item)
        except (NotJson, TypeError) as error:
            raise StoreRefused(
                f"{row.id!r:.80}: a value cannot be stored ({error}). Change or drop that property."
            ) from error
        self._write((b"\n" if self._empty else b",\n") + line)
        self._empty = False

    def _write(self, data: bytes) -> None:
        try:
            self._file.write(data)
        except OSError as error:
            raise _no_space(self._path, error) from error


def _no_space(path: Path, error: OSError) -> NoSpace:
    return NoSpace(f"{path}: {error.strerror}. Nothing was written there.")


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
    properties, rest = _own_properties(item, _NODE_NAMES)
    return Node(_text(item["id"]), _text(item["type"]), properties, rest, _labels(item))


def _own_edge(item: dict[str, Any]) -> Edge:
    properties, rest = _own_properties(item, _EDGE_NAMES)
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


def _foreign_node(item: dict[str, Any]) -> Node:
    properties = {name: value for name, value in item.items() if name != "id"}
    kind = properties.get("type")
    if isinstance(kind, str) and kind:
        del properties["type"]
    else:
        kind = DEFAULT_TYPE
    return Node(_foreign_id(item["id"]), kind, properties)


def _foreign_edges(items: list[dict[str, Any]]) -> Iterator[Edge]:
    seen: set[str] = set()
    for item in items:
        source, target = _foreign_id(item["source"]), _foreign_id(item["target"])
        predicate, properties = _foreign_predicate(item)
        edge_id = f"{source}:{predicate}:{target}"
        if edge_id in seen:
            digest = hashlib.sha256(json.dumps(item, sort_keys=True).encode()).hexdigest()
            edge_id = first = f"{edge_id}:{digest[:12]}"
            number = 2
            while edge_id in seen:
                edge_id, number = f"{first}:{number}", number + 1
        seen.add(edge_id)
        yield Edge(edge_id, source, target, predicate, properties)


def _foreign_predicate(item: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return an edge's predicate and the properties that are left."""
    properties = {name: item[name] for name in item if name not in ("source", "target")}
    if isinstance(properties.get("key"), int):
        # networkx numbers parallel edges; the number says nothing about the edge.
        del properties["key"]
    for name in _PREDICATE_NAMES:
        value = properties.get(name)
        if isinstance(value, str) and value:
            del properties[name]
            return value, properties
    for name in _PREDICATE_HINTS:
        value = properties.get(name)
        if isinstance(value, str) and value:
            return value, properties
    return DEFAULT_PREDICATE, properties


def _foreign_id(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
