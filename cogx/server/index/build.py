"""Knows how an index is made from a store, and whether the one that is there is still true.

It is built beside its place and takes it when it is whole. A missing, old or foreign one is made
anew; nothing is lost with it.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from itertools import islice
from pathlib import Path
from typing import Any, Final

import msgspec

from cogx.engine.uris import open_reader
from cogx.graph.mapping import is_stub, kinds_of
from cogx.ports import Edge, Node
from cogx.server.index.reading import Index
from cogx.server.index.tables import FINISH, TABLES, VERSION
from cogx.server.places import Places

_BATCH: Final = 2000
_NAMES: Final = ("name", "title", "label")
_TEXTS: Final = ("content", "text", "description", "value")
_ENCODER: Final = msgspec.json.Encoder(enc_hook=str)


def current_index(places: Places, dataset_id: str) -> Index:
    """Return the index of a dataset's graph as it is now, made if it is not there.

    Cost: one pass over the store if it has changed; memory does not grow.
    """
    place, mark = places.index(dataset_id), store_mark(places, dataset_id)
    index = _opened(place, mark)
    if index is None:
        _build(place, mark, places.store_uri(dataset_id) if mark else None)
        index = _opened(place, mark)
        assert index is not None
    return index


def store_mark(places: Places, dataset_id: str) -> str:
    """Return what changes whenever the store does; empty if there is no store."""
    path = Path(places.store_uri(dataset_id).partition(":")[2])
    try:
        found = path.stat()
    except FileNotFoundError:
        return ""
    return f"{found.st_ino:x}-{found.st_mtime_ns:x}-{found.st_size:x}"


def _opened(place: Path, mark: str) -> Index | None:
    if not place.exists():
        return None
    index = Index(place)
    with suppress(sqlite3.DatabaseError):
        if index.meta() == {"version": str(VERSION), "mark": mark}:
            return index
    index.close()
    return None


def _build(place: Path, mark: str, store: str | None) -> None:
    partial = place.with_name(f"{place.name}.{os.getpid()}.partial")
    partial.unlink(missing_ok=True)
    try:
        with closing(sqlite3.connect(partial)) as table:
            table.execute("PRAGMA journal_mode = OFF")
            table.execute("PRAGMA synchronous = OFF")
            table.executescript(TABLES)
            if store is not None:
                _fill(table, store)
            table.executescript(FINISH)
            kept = [("version", str(VERSION)), ("mark", mark)]
            table.executemany("INSERT INTO meta VALUES (?, ?)", kept)
            table.commit()
        partial.replace(place)
    finally:
        partial.unlink(missing_ok=True)


def _fill(table: sqlite3.Connection, store: str) -> None:
    with closing(open_reader(store)) as reader:
        items = (_item(node) for node in reader.iter_nodes() if not is_stub(node))
        insert = (
            "INSERT INTO items (id, kind, type, name, text, properties) VALUES (?, ?, ?, ?, ?, ?)"
        )
        for batch in _batches(items):
            table.executemany(insert, batch)
        for batch in _batches(_link(edge) for edge in reader.iter_edges()):
            table.executemany("INSERT INTO links VALUES (?, ?, ?, ?, ?, ?)", batch)


def _item(node: Node) -> tuple[Any, ...]:
    kind = next(kinds_of(node))[0]
    properties = dict(node.properties)
    name, text = _taken(properties, _NAMES), _taken(properties, _TEXTS)
    if text is None and kind == "episode":
        text = _spoken(properties.get("turns", ()))
    return node.id, kind, node.type, name, text, _ENCODER.encode(properties)


def _link(edge: Edge) -> tuple[Any, ...]:
    properties = dict(edge.properties)
    text = _taken(properties, ("fact_text",))
    return edge.id, edge.source, edge.target, edge.predicate, text, _ENCODER.encode(properties)


def _taken(properties: dict[str, Any], names: tuple[str, ...]) -> str | None:
    """Take the first of some properties that is a text out of them."""
    for name in names:
        if isinstance(properties.get(name), str) and properties[name]:
            return str(properties.pop(name))
    return None


def _spoken(turns: Iterable[Any]) -> str:
    return "\n".join(f"{turn['role']}: {turn['content']}" for turn in turns)


def _batches(rows: Iterator[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    while batch := list(islice(rows, _BATCH)):
        yield batch
