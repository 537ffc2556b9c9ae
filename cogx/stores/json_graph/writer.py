"""Knows how to write a node-link file line by line, which appears at once when it is whole."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cogx.build_site import BuildSite
from cogx.codec import canonical
from cogx.codec.canonical import NotJson
from cogx.codec.typed import to_json
from cogx.errors import NoSpace, StoreRefused, UsageError
from cogx.ports import Edge, Node
from cogx.progress import Progress
from cogx.stores.json_graph.form import EDGE_NAMES, FORMAT, NODE_NAMES


class JsonGraphWriter:
    """Write a graph as one node-link file: a GraphWriter. Lines are in the order given."""

    def __init__(self, path: Path, *, replace: bool) -> None:
        self._path = path
        self._site = BuildSite(path)
        try:
            if os.path.lexists(path) and not replace:
                raise StoreRefused(f"{path} exists already. Give another path, or remove it first.")
            self._file = self._site.built.open("wb", buffering=1 << 20)
        except BaseException:
            self._site.close()
            raise
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
            self._item(node, {**fields, **labels}, NODE_NAMES)

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
            self._item(edge, fields, EDGE_NAMES)

    def finish(self, header: Mapping[str, Any], progress: Progress) -> None:
        """Complete the file, make it durable, and let it appear at the path."""
        self._begin_edges()
        progress.begin("write file", total=1, unit="files")
        mark = {"cogx": {"format": FORMAT, "header": dict(header)}}
        self._write(b'],\n"graph":' + canonical.encode(mark) + b"}\n")
        try:
            self._file.close()
        except OSError as error:
            raise _no_space(self._path, error) from error
        self._site.publish()
        self.abort()
        progress.advance(1)
        progress.end()

    def abort(self) -> None:
        """Drop what was not finished; may be called twice."""
        self._list = "over"
        self._file.close()
        self._site.close()

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
