"""Knows which data items the content records of an archive are: files, as if they had been sent.

A document in parts is one file, one declared as base64 the bytes it was made of, an episode its
transcript. They stay when the graph alone is forgotten, so that it can be made again.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path, PurePath
from typing import Any, Final

from sqlalchemy import Connection, insert, select, update

from cogx.archive.reader import Archive
from cogx.engine.raw_records import RawItem, RecordFiles
from cogx.engine.record_sources import ArchiveRecords
from cogx.server.bodies import instant
from cogx.server.jobs.presence import demand_there
from cogx.server.jobs.work import Work
from cogx.server.state.database import now
from cogx.server.state.tables import data_items

_BATCH: Final = 500
_PIECE_BYTES: Final = 1 << 20
_LONGEST_NAME: Final = 500
_LONGEST_TYPE: Final = 200
_LONGEST_ENDING: Final = 40


def keep_contents(work: Work, archive: Archive) -> dict[str, int]:
    """Keep a data item for every text or file that an archive's content records hold.

    Again changes nothing but dates.

    Returns:
        What could not become one, and why: {reason: how many}. The graph has the records still.
    Cost: one pass over the content records; memory does not grow.
    """
    problems: Counter[str] = Counter()
    kept = work.places.file(work.dataset_id, "")
    with tempfile.TemporaryDirectory(prefix="contents-", dir=work.directory) as directory:
        rows = _rows(work, archive, directory, problems)
        while batch := list(islice(rows, _BATCH)):
            by_id = {row["id"]: row for row in batch}  # The last of those that occur twice.
            with work.database.write() as state:
                demand_there(state, work.job)
                _keep(state, by_id)
                for one in by_id:
                    os.replace(f"{directory}/{one}", f"{kept}/{one}")  # noqa: PTH105 - of many
    return dict(problems)


def data_id(dataset_id: str, kind: str, external_id: str) -> str:
    """Return the id of a content record's data item: scoped by its dataset."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"cogx:{dataset_id}:{kind}:{external_id}"))


def _rows(
    work: Work, archive: Archive, directory: str, problems: Counter[str]
) -> Iterator[dict[str, Any]]:
    """Yield data items as rows; their contents lie in the directory under their ids."""
    for item in RecordFiles(ArchiveRecords(archive), "", None).iter_items():
        if item.path is None:
            problems[item.problem or ""] += 1
            continue
        row = _row(work.dataset_id, item, item.path)
        os.replace(item.path, f"{directory}/{row['id']}")  # noqa: PTH105 - of many
        yield row


def _row(dataset_id: str, item: RawItem, path: Path) -> dict[str, Any]:
    record = item.record
    made = data_id(dataset_id, item.kind, record.external_id)
    size_bytes, sha256, md5 = _digests(path)
    title = getattr(record, "title", None) or getattr(record, "label", None)
    name = PurePath(item.name)
    return {
        "id": made,
        "dataset_id": dataset_id,
        "name": (name.stem if title else f"text_{md5}")[:_LONGEST_NAME],
        "label": item.label or title,
        "extension": name.suffix[1 : _LONGEST_ENDING + 1].lower() or "bin",
        "mime_type": (item.mime_type or "text/plain")[:_LONGEST_TYPE],
        "size_bytes": size_bytes,
        "md5": md5,
        "sha256": sha256,
        "file_name": made,
        "record_kind": item.kind,
        "record_id": record.external_id,
        "external_metadata": _about(record),
        "in_graph": True,
        "created_at": now(),
    }


def _about(record: Any) -> dict[str, Any]:
    """Return what else the record says; its own metadata stands apart, so that it hides nothing."""
    told = {
        "external_system": record.external_system,
        "external_id": record.external_id,
        "scope": record.scope,
        "external_created_at": instant(record.created_at),
        "external_updated_at": instant(record.updated_at),
        "metadata": record.metadata,
    }
    return {name: value for name, value in told.items() if value}


def _keep(state: Connection, by_id: Mapping[str, dict[str, Any]]) -> None:
    ids = data_items.c.id.in_(list(by_id))
    there = set(state.scalars(select(data_items.c.id).where(ids)))
    for data_id in there:
        changed = by_id[data_id] | {"updated_at": now()}
        del changed["created_at"]
        state.execute(update(data_items).where(data_items.c.id == data_id).values(changed))
    new: Sequence[dict[str, Any]] = [row for key, row in by_id.items() if key not in there]
    if new:
        state.execute(insert(data_items), new)


def _digests(path: Path) -> tuple[int, str, str]:
    """Return (size, SHA-256, MD5) of a file."""
    size, sha256, md5 = 0, hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    with path.open("rb", buffering=0) as file:
        while piece := file.read(_PIECE_BYTES):
            size += len(piece)
            sha256.update(piece)
            md5.update(piece)
    return size, sha256.hexdigest(), md5.hexdigest()
