"""Knows how files that were kept become part of a dataset's graph.

Each file is a document; what a deriver finds in it stands beside it, linked to what the graph knew
already. A file that cannot be read is named, and stays as it is; the others go on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select, update

from cogx.archive.writer import ArchiveWriter
from cogx.codec.from_values import line_type
from cogx.engine.import_ import import_archive
from cogx.engine.receipt import Receipt
from cogx.errors import BadSetting
from cogx.format.manifest import Manifest
from cogx.server.datasets import counted
from cogx.server.derivers import deriver_of, schema_of
from cogx.server.index import current_index
from cogx.server.intake import path_of, taken_body
from cogx.server.jobs.work import Work
from cogx.server.names_source import NamesSource
from cogx.server.refusals import failed
from cogx.server.state.tables import data_items
from cogx.text_files import text_of_file

SYSTEM: Final = "cogx"
_PART_CHARACTERS: Final = 2_000_000
"""A longer text is cut in parts: a line of an archive is bounded."""


def run(work: Work) -> dict[str, Any]:
    """Bring the files of a job into the graph; those that are there already stay as they are."""
    rows = _waiting(work)
    problems: dict[str, str] = {}
    archive = work.directory / "contents.tar"
    done = _write(archive, work, rows, problems)
    if rows and not done:
        raise failed(422, "; ".join(problems.values()), code="data.unreadable")
    receipt = _derived(work, archive) if done else None
    # What lacks something waits for the next time, which derives that alone.
    _keep(work, done if receipt is not None and not receipt.losses else [])
    return _answer(work, rows, problems, receipt)


def _derived(work: Work, archive: Path) -> Receipt:
    schema = schema_of(work.job.payload)
    with current_index(work.places, work.dataset_id) as index:
        return import_archive(
            str(archive),
            work.places.store_uri(work.dataset_id),
            mode="hybrid",
            on_conflict="skip",  # What the graph says already is not changed by what is found.
            deriver=deriver_of(work.settings, schema, work.job.payload.get("prompt")),
            schema=schema,
            known=NamesSource(index, SYSTEM),
            progress=work.progress,
        )


def _waiting(work: Work) -> Sequence[Any]:
    wanted = (data_items.c.dataset_id == work.dataset_id) & data_items.c.file_name.is_not(None)
    ids = work.job.payload.get("data_ids")
    chosen = data_items.c.id.in_(ids) if ids is not None else ~data_items.c.in_graph
    with work.database.read() as state:
        rows = select(data_items).where(wanted & chosen)
        return state.execute(rows.order_by(data_items.c.created_at, data_items.c.id)).all()


def _write(archive: Path, work: Work, rows: Sequence[Any], problems: dict[str, str]) -> list[str]:
    """Write an archive of the files that can be read; return their ids."""
    done = []
    manifest = Manifest(source_system=SYSTEM)
    archive.unlink(missing_ok=True)
    work.progress.begin("read", total=len(rows), unit="files")
    with ArchiveWriter(str(archive), manifest=manifest) as writer:
        for row in rows:
            try:
                found = text_of_file(path_of(work.places, row), row.name, row.mime_type)
            except BadSetting as error:
                problems[row.id] = str(error)
                continue
            writer.write_batch("document", list(_documents(row, found.text)))
            done.append(row.id)
            work.progress.advance(1)
    work.progress.end()
    return done


def _documents(row: Any, text: str) -> Iterator[Any]:
    """Yield a file's document; a long one's later parts point to the first."""
    starts = range(0, max(len(text), 1), _PART_CHARACTERS)
    for number, start in enumerate(starts, 1):
        metadata: dict[str, Any] = {"sha256": row.sha256, "size_bytes": row.size_bytes}
        if row.external_metadata:
            metadata["external_metadata"] = row.external_metadata
        if len(starts) > 1:
            metadata = (metadata if number == 1 else {"part_of": row.record_id}) | {
                "part": number,
                "parts": len(starts),
            }
        yield line_type("document")(
            kind="document",
            external_system=SYSTEM,
            external_id=row.record_id if number == 1 else f"{row.record_id}#{number:05}",
            title=row.name,
            mime_type=row.mime_type,
            content=text[start : start + _PART_CHARACTERS],
            created_at=row.created_at,
            metadata=metadata,
        )


def _keep(work: Work, done: Sequence[str]) -> None:
    with current_index(work.places, work.dataset_id) as index:
        nodes, edges = index.counts()
    with work.database.write() as state:
        for one in done:
            state.execute(update(data_items).where(data_items.c.id == one).values(in_graph=True))
        counted(state, work.dataset_id, nodes, edges)


def _answer(
    work: Work, rows: Sequence[Any], problems: dict[str, str], receipt: Receipt | None
) -> dict[str, Any]:
    items = [
        taken_body(dict(row._mapping)) | ({"error": problems[row.id]} if row.id in problems else {})
        for row in rows
    ]
    return {
        "status": "completed",
        "dataset_name": work.job.payload["dataset_name"],
        "dataset_id": work.dataset_id,
        "pipeline_run_id": work.job.id,
        "items_processed": len(rows) - len(problems),
        "items": items,
        "losses": {} if receipt is None else receipt.losses,
        "notes": [] if receipt is None else receipt.notes,
    }
