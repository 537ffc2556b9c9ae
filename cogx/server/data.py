"""Knows the data items of a dataset: files as they were sent, and the contents of archives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, delete, func, select, tuple_, update

from cogx.server.refusals import refused
from cogx.server.state.database import Database
from cogx.server.state.tables import data_items

_PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class DataItem:
    """Something raw in a dataset: a file of its own, or a content record of its graph."""

    id: str
    dataset_id: str
    name: str
    label: str | None
    extension: str | None
    mime_type: str | None
    size_bytes: int
    md5: str
    sha256: str
    file_name: str | None
    record_kind: str | None
    record_id: str | None
    external_metadata: Any
    in_graph: bool
    created_at: datetime
    updated_at: datetime | None


def page(state: Connection, dataset_id: str, limit: int, offset: int) -> list[DataItem]:
    """Return some of a dataset's items, oldest first."""
    rows = (
        select(data_items)
        .where(data_items.c.dataset_id == dataset_id)
        .order_by(data_items.c.created_at, data_items.c.id)
        .limit(limit)
        .offset(offset)
    )
    return [DataItem(**row._mapping) for row in state.execute(rows)]


def iter_by_name(database: Database, dataset_id: str) -> Iterator[DataItem]:
    """Yield all items of a dataset, ordered by name.

    Between two pages nobody is kept waiting: whoever takes them may be slow.
    """
    order = tuple_(data_items.c.name, data_items.c.id)
    rows = select(data_items).where(data_items.c.dataset_id == dataset_id)
    rows = rows.order_by(data_items.c.name, data_items.c.id).limit(_PAGE)
    after: tuple[str, str] | None = None
    while True:
        with database.read() as state:
            found = state.execute(rows if after is None else rows.where(order > after)).all()
        for row in found:
            yield DataItem(**row._mapping)
        if len(found) < _PAGE:
            return
        after = found[-1].name, found[-1].id


def count(state: Connection, dataset_id: str) -> tuple[int, int]:
    """Return (items, items whose content is in the graph)."""
    mine = data_items.c.dataset_id == dataset_id
    every = state.scalar(select(func.count()).where(mine)) or 0
    known = state.scalar(select(func.count()).where(mine, data_items.c.in_graph)) or 0
    return every, known


def item(state: Connection, dataset_id: str, data_id: str) -> DataItem:
    """Return one item of a dataset.

    Raises:
        Refusal: there is none (404).
    """
    mine = (data_items.c.dataset_id == dataset_id) & (data_items.c.id == data_id)
    row = state.execute(select(data_items).where(mine)).first()
    if row is None:
        raise refused(404, "There is no such data item in this dataset.", "EntityNotFoundError")
    return DataItem(**row._mapping)


def hashes(state: Connection, dataset_id: str) -> set[str]:
    """Return the MD5 of every file of a dataset."""
    mine = (data_items.c.dataset_id == dataset_id) & data_items.c.file_name.is_not(None)
    return set(state.scalars(select(data_items.c.md5).where(mine)))


def by_md5(state: Connection, dataset_id: str, md5: str) -> DataItem | None:
    """Return an item of these bytes, None if there is none."""
    mine = (data_items.c.dataset_id == dataset_id) & (data_items.c.md5 == md5)
    row = state.execute(select(data_items).where(mine).order_by(data_items.c.id)).first()
    return None if row is None else DataItem(**row._mapping)


def remove_others(state: Connection, dataset_id: str, kept: set[str]) -> list[str]:
    """Forget the files of a dataset whose MD5 is none of those; return their ids."""
    mine = (data_items.c.dataset_id == dataset_id) & data_items.c.file_name.is_not(None)
    rows = state.execute(select(data_items.c.id, data_items.c.md5).where(mine)).all()
    gone = [row.id for row in rows if row.md5 not in kept]
    for data_id in gone:
        remove(state, dataset_id, data_id)
    return gone


def remove(state: Connection, dataset_id: str, data_id: str) -> None:
    """Forget an item; what the graph says of it stays."""
    mine = (data_items.c.dataset_id == dataset_id) & (data_items.c.id == data_id)
    state.execute(delete(data_items).where(mine))


def none_in_graph(state: Connection, dataset_id: str) -> None:
    """Keep that no item of a dataset is in its graph any more."""
    mine = data_items.c.dataset_id == dataset_id
    state.execute(update(data_items).where(mine).values(in_graph=False))
