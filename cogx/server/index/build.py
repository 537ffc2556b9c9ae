"""Knows how an index is made from a store, and whether the one that is there is still true.

It is built beside its place and takes it when it is whole; one at a time builds, in whatever
process, and the others wait. A missing, old or foreign one is made anew; nothing is lost with it.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import msgspec

from cogx.engine.uris import open_reader
from cogx.errors import StoreUnavailable
from cogx.graph.mapping import is_stub, kinds_of
from cogx.ports import Edge, Node
from cogx.server.index.reading import Index
from cogx.server.index.tables import FINISH, TABLES, VERSION
from cogx.server.places import Places

_NAMES: Final = ("name", "title", "label")
_TEXTS: Final = ("content", "text", "description", "value")
_ENCODER: Final = msgspec.json.Encoder(enc_hook=str)
_LONGEST_WAIT_S: Final = 60.0
_LOOK_EVERY_S: Final = 0.05


def current_index(places: Places, dataset_id: str) -> Index:
    """Return the index of a dataset's graph as it is now, made if it is not there.

    What is returned stays as it is, whatever happens to the graph meanwhile. While somebody is
    writing to a store that is changed in place, it is the index of the graph before that.

    Raises:
        StoreUnavailable: another one is making it, and that takes long.
        StoreError: the store cannot be read.
    Cost: one pass over the store if it has changed; memory does not grow.
    """
    place = places.index(dataset_id)
    index = _opened(place, store_mark(places, dataset_id))
    if index is not None:
        return index
    with _alone(place):
        mark = store_mark(places, dataset_id)
        index = _opened(place, mark)
        if index is not None:
            return index
        try:
            return _built(place, mark, places.store_uri(dataset_id) if mark else None)
        except StoreUnavailable:
            before = _opened(place, None)
            if before is None:
                raise
            return before


def store_mark(places: Places, dataset_id: str) -> str:
    """Return what changes whenever the store does; empty if there is no store."""
    path = Path(places.store_uri(dataset_id).partition(":")[2])
    try:
        found = path.stat()
    except FileNotFoundError:
        return ""
    return f"{found.st_ino:x}-{found.st_mtime_ns:x}-{found.st_size:x}"


def _opened(place: Path, mark: str | None) -> Index | None:
    """Return the index at a place if it is that of a mark (None: of any)."""
    with suppress(sqlite3.DatabaseError):  # Not there, or no index.
        index = Index(place)
        with suppress(sqlite3.DatabaseError):
            told = index.meta()
            if told.get("version") == str(VERSION) and mark in (None, told.get("mark")):
                return index
        index.close()
    return None


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Hold the right to build an index, which the kernel takes back from a process that dies."""
    handle = os.open(place.with_name(f"{place.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    give_up = time.monotonic() + _LONGEST_WAIT_S
    try:
        while not _taken_by_us(handle):
            if time.monotonic() > give_up:
                raise StoreUnavailable(
                    "This graph has changed and is being made searchable. Try again in a minute."
                )
            time.sleep(_LOOK_EVERY_S)
        yield
    finally:
        os.close(handle)


def _taken_by_us(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _built(place: Path, mark: str, store: str | None) -> Index:
    for left in place.parent.glob(f"{place.name}.*.partial"):
        left.unlink(missing_ok=True)  # Its process died: nobody else builds now.
    partial = place.with_name(f"{place.name}.{uuid4().hex}.partial")
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
        index = Index(partial)  # Open before it has its name: it may be replaced at once.
        partial.replace(place)
    finally:
        partial.unlink(missing_ok=True)
    return index


def _fill(table: sqlite3.Connection, store: str) -> None:
    with closing(open_reader(store)) as reader:
        nodes = (node for node in reader.iter_nodes() if not is_stub(node))
        _insert(table, "items (id, kind, type, name, text, name_key, text_key, properties)",
                map(_item, nodes))  # fmt: skip
        _insert(table, "links (id, source, target, predicate, text, properties)",
                map(_link, reader.iter_edges()))  # fmt: skip


def _insert(table: sqlite3.Connection, into: str, rows: Iterator[tuple[Any, ...]]) -> None:
    marks = ", ".join("?" * (into.count(",") + 1))
    table.executemany(f"INSERT INTO {into} VALUES ({marks})", rows)  # noqa: S608


def _item(node: Node) -> tuple[Any, ...]:
    kind = next(kinds_of(node))[0]
    properties = dict(node.properties)
    name, name_key = _taken(properties, _NAMES)
    text, text_key = _taken(properties, _TEXTS)
    if text is None and kind == "episode":
        text = _spoken(properties.get("turns", ()))
    kept = _ENCODER.encode(properties)
    return node.id, kind, node.type, name, text, name_key, text_key, kept


def _link(edge: Edge) -> tuple[Any, ...]:
    properties = dict(edge.properties)
    text, _ = _taken(properties, ("fact_text",))
    return edge.id, edge.source, edge.target, edge.predicate, text, _ENCODER.encode(properties)


def _taken(
    properties: dict[str, Any], names: tuple[str, ...]
) -> tuple[str, str] | tuple[None, None]:
    """Take the first of some properties that is a text out of them; return it and its name."""
    for name in names:
        if isinstance(properties.get(name), str) and properties[name]:
            return str(properties.pop(name)), name
    return None, None


def _spoken(turns: Iterable[Any]) -> str:
    return "\n".join(f"{turn['role']}: {turn['content']}" for turn in turns)
