"""A graph store in one pickle: what the command line needs of a store, and no more."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from cogx.errors import BadSetting, StoreRefused
from cogx.ports import Edge, Node
from cogx.progress import Progress


class LittleStore:
    def __init__(self, path: str) -> None:
        self.path = Path(path)
        self.kept: dict[str, Any] = {"nodes": [], "edges": [], "header": {}}

    def counts(self) -> tuple[int, int]:
        return len(self.kept["nodes"]), len(self.kept["edges"])

    def header(self) -> Mapping[str, Any]:
        header: Mapping[str, Any] = self.kept["header"]
        return header

    def iter_nodes(self) -> Iterator[Node]:
        return iter(sorted(self.kept["nodes"], key=lambda node: node.id))

    def iter_edges(self) -> Iterator[Edge]:
        return iter(sorted(self.kept["edges"], key=lambda edge: edge.id))

    def close(self) -> None:
        pass

    def write_nodes(self, nodes: Iterable[Node]) -> None:
        self.kept["nodes"] += nodes

    def write_edges(self, edges: Iterable[Edge]) -> None:
        self.kept["edges"] += edges

    def finish(self, header: Mapping[str, Any], progress: Progress) -> None:
        self.kept["header"] = dict(header)
        self.save()

    def save(self) -> None:
        self.path.write_bytes(pickle.dumps(self.kept))

    def abort(self) -> None:
        pass


def is_vacant(path: str) -> bool:
    return not Path(path).exists() or not open_reader(path).kept["nodes"]


def open_reader(path: str) -> LittleStore:
    store = LittleStore(path)
    if not store.path.exists():
        raise BadSetting(f"{path}: no such store.")
    store.kept = pickle.loads(store.path.read_bytes())
    return store


def open_writer(path: str, *, replace: bool = False) -> LittleStore:
    if not replace and not is_vacant(path):
        raise StoreRefused(f"{path} holds a graph already. Choose another path.")
    return LittleStore(path)
