"""The stores that are files, and what they hold."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

from cogx.engine.holdings import holdings_of
from cogx.engine.uris import open_reader
from cogx.graph.datasets import reader_of
from cogx.ports import Edge, Node

KINDS = ("sqlite", "json", "graphml", "ladybug")


def path_of(uri: str) -> Path:
    return Path(uri.partition(":")[2])


def state(uri: str) -> tuple[bytes | None, list[str]]:
    """Return the bytes of a store, None if there is none, and what else is beside it."""
    path = path_of(uri)
    return path.read_bytes() if path.exists() else None, sorted(
        one.name for one in path.parent.iterdir()
    )


def fingerprint(store: Any, dataset: str | None = None) -> dict[str, str]:
    """Return the fingerprint of what a store holds now, read from the store itself."""
    with closing(open_reader(store)) as reader:
        return holdings_of(reader_of(reader, dataset)).sums.hex()


def rows(uri: str) -> tuple[dict[str, Node], dict[str, Edge]]:
    with closing(open_reader(uri)) as reader:
        return (
            {node.id: node for node in reader.iter_nodes()},
            {edge.id: edge for edge in reader.iter_edges()},
        )
