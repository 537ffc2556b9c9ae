"""Knows two JSON files that hold a graph: networkx node-link, and the JSON export of cognee.

Both are read; node-link is written, so that ``networkx.node_link_graph(json.load(file))`` gives
a MultiDiGraph with every property. It must never know an archive.

In what is written, a node is its properties beside ``id``, ``type`` and ``labels``; an edge is
its properties beside ``source``, ``target``, ``key`` (the edge's id) and ``predicate``. ``_cogx``
holds ``rest`` and those properties whose names are taken. Values that JSON lacks are tagged as
in an archive. ``graph.cogx`` marks such a file, and holds the header.
"""

from __future__ import annotations

import os
from pathlib import Path

from cogx.stores.json_graph.reader import JsonGraphReader
from cogx.stores.json_graph.writer import JsonGraphWriter


def open_reader(path: str | Path) -> JsonGraphReader:
    """Open a JSON graph of either form; which one it is, it says itself.

    Raises:
        StoreRefused: there is no such file, or it is not a graph.
    Cost: the whole graph is held in memory.
    """
    return JsonGraphReader(Path(path))


def open_writer(path: str | Path, *, replace: bool = False) -> JsonGraphWriter:
    """Start a new node-link file. Nothing appears at ``path`` before ``finish()``.

    Args:
        replace: whether a file may be there; it is replaced as a whole.

    Raises:
        StoreRefused: there is a file already.
        StoreBusy: another process writes to it.
        BadSetting: its directory does not exist.
    Cost: memory of one batch.
    """
    return JsonGraphWriter(Path(path), replace=replace)


def is_vacant(path: str | Path) -> bool:
    """Tell whether no file is there."""
    return not os.path.lexists(path)


__all__ = ["JsonGraphReader", "JsonGraphWriter", "is_vacant", "open_reader", "open_writer"]
