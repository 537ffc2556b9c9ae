"""Knows how a graph lives in a GraphML file: open one to read it, or to write it.

It must never know an archive. networkx parses and writes the XML.

Attributes are those of :mod:`cogx.stores.networkx_graph`: numbers, booleans and text stand in
GraphML's types; dates and their like as text; lists, objects and what XML cannot hold as JSON
text. The key ``_cogx`` (JSON) says under ``types`` which is which, and holds what has no place
elsewhere: ids and names that XML cannot hold, and ``rest``. So nothing is lost, and what a
person changes in a graph editor is read as changed.
"""

from __future__ import annotations

import os
from pathlib import Path

from cogx.stores.graphml.parsing import parse
from cogx.stores.graphml.writer import GraphmlWriter
from cogx.stores.networkx_graph import NetworkxReader


def open_reader(path: str | Path) -> NetworkxReader:
    """Open a GraphML file, of cogx or of anybody.

    In a file that cogx did not write, ``type`` is a node's type and ``predicate`` (or
    ``relationship_name``, ``relation``, ``label``) an edge's predicate; an edge's XML id is its
    id if all edges have different ones. Default values are applied. What networkx does not
    read is refused, or named in the header's notes.

    Raises:
        StoreRefused: there is no such file, it is not GraphML, or networkx cannot read it.
    Cost: the whole graph in memory, about 4 kB a node or edge while it is parsed.
    """
    return parse(Path(path))


def open_writer(path: str | Path, *, replace: bool = False) -> GraphmlWriter:
    """Start a new GraphML file. Nothing appears at ``path`` before ``finish()``.

    Args:
        replace: whether a file may be there; it is replaced as a whole.

    Raises:
        StoreRefused: there is a file already.
        BadSetting: its directory does not exist.
    Cost: the whole graph in memory, about 4 kB a node or edge in ``finish()``.
    """
    return GraphmlWriter(Path(path), replace=replace)


def is_vacant(path: str | Path) -> bool:
    """Tell whether no file is there."""
    return not os.path.lexists(path)


__all__ = ["GraphmlWriter", "is_vacant", "open_reader", "open_writer"]
