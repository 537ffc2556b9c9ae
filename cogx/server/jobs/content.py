"""Knows which data items the content records of an archive are; their texts stay in the graph."""

from __future__ import annotations

import hashlib
import uuid
from typing import Any, Final

from sqlalchemy import delete, insert

from cogx.archive.reader import Archive
from cogx.derive.texts import TEXT_KINDS, is_binary, text_of
from cogx.engine.record_sources import ArchiveRecords
from cogx.server.state.database import Database, now
from cogx.server.state.tables import data_items

_BATCH: Final = 500
_LONGEST_NAME: Final = 500


def keep_contents(database: Database, dataset_id: str, archive: Archive) -> int:
    """Keep a data item for every content record of an archive; again changes nothing but dates.

    Cost: one pass over the content records; memory does not grow.
    """
    kept = 0
    waiting: list[dict[str, Any]] = []
    for kind, batch in ArchiveRecords(archive).iter_batches(*TEXT_KINDS):
        for record in batch:
            waiting.append(_item(dataset_id, kind, record))
            kept += 1
            if len(waiting) >= _BATCH:
                _keep(database, waiting)
                waiting = []
    _keep(database, waiting)
    return kept


def data_id(dataset_id: str, kind: str, external_id: str) -> str:
    """Return the id of a content record's data item: scoped by its dataset."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"cogx:{dataset_id}:{kind}:{external_id}"))


def _item(dataset_id: str, kind: str, record: Any) -> dict[str, Any]:
    content = text_of(kind, record).encode()
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    title = getattr(record, "title", None) or getattr(record, "label", None)
    mime = getattr(record, "mime_type", None) or "text/plain"
    binary = kind == "document" and is_binary(record.metadata)
    return {
        "id": data_id(dataset_id, kind, record.external_id),
        "dataset_id": dataset_id,
        "name": (title or f"text_{md5}")[:_LONGEST_NAME],
        "label": title,
        "extension": "txt" if not binary else (title or "").rpartition(".")[2][:40] or "bin",
        "mime_type": mime[:200],
        "size_bytes": len(content),
        "md5": md5,
        "sha256": hashlib.sha256(content).hexdigest(),
        "record_kind": kind,
        "record_id": record.external_id,
        "external_metadata": {
            "external_system": record.external_system,
            "external_id": record.external_id,
        },
        "in_graph": True,
        "created_at": now(),
    }


def _keep(database: Database, items: list[dict[str, Any]]) -> None:
    if not items:
        return
    by_id = {item["id"]: item for item in items}
    with database.write() as state:
        state.execute(delete(data_items).where(data_items.c.id.in_(list(by_id))))
        state.execute(insert(data_items), list(by_id.values()))
