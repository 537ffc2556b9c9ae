"""Knows how an archive that was received becomes a dataset's graph."""

from __future__ import annotations

from typing import Any

from cogx.archive.reader import open_archive
from cogx.engine.import_ import import_archive
from cogx.engine.receipt import Receipt
from cogx.format.layout import CONTENT_KINDS, GRAPH_KINDS
from cogx.server.datasets import counted
from cogx.server.derivers import deriver_of
from cogx.server.index import current_index
from cogx.server.jobs.content import keep_contents
from cogx.server.jobs.presence import demand_there
from cogx.server.jobs.work import Work
from cogx.server.limits import limits_of
from cogx.server.social_layer import IGNORED, apply, read_social_layer


def run(work: Work) -> dict[str, Any]:
    """Import the archive of a job; return the body that answers for it.

    Validated first, then all of it or nothing; again is no change.
    """
    asked = work.job.payload
    archive = work.directory / asked["file"]
    receipt = import_archive(
        str(archive),
        work.places.store_uri(work.dataset_id),
        mode=asked["mode"],
        deriver=deriver_of(work.settings),
        limits=limits_of(work.settings),
        allow_empty=True,
        progress=work.progress,
    )
    with open_archive(str(archive), limits=limits_of(work.settings)) as opened:
        system = opened.manifest.source_system if opened.manifest else "unknown"
        left_out = keep_contents(work, opened)
        social = read_social_layer(opened) if asked.get("permissions") == "import" else None
        record_counts = {kind: count for kind, count in opened.counts.items() if count}
    record_counts = record_counts or {k: n["accepted"] for k, n in receipt.actions.items()}
    with current_index(work.places, work.dataset_id) as index:
        nodes, edges = index.counts()
    with work.database.write() as state:
        demand_there(state, work.job)
        counted(state, work.dataset_id, nodes, edges)
        if social is not None:
            receipt.notes += apply(state, social, work.dataset_id, work.job.owner_id).notes()
    if asked.get("permissions") == "ignore":
        receipt.notes.append(IGNORED)
    receipt.notes += [f"{number} content records are no data item: {reason}."
                      for reason, number in left_out.items()]  # fmt: skip
    return answer_of(work, receipt, system, record_counts)


def answer_of(
    work: Work, receipt: Receipt, system: str, record_counts: dict[str, int]
) -> dict[str, Any]:
    """Return what ``POST /remember`` answers for an archive; see the wire specification."""
    accepted = {kind: counts["accepted"] for kind, counts in receipt.actions.items()}
    nodes = sum(accepted.get(kind, 0) for kind in GRAPH_KINDS if kind != "fact") + receipt.stubs
    contents = sum(accepted.get(kind, 0) for kind in CONTENT_KINDS)
    item = {
        "kind": "migration_import",
        "source_system": system,
        "mode": receipt.mode,
        "record_counts": record_counts,
        "graph_nodes": nodes,
        "graph_edges": accepted.get("fact", 0),
        "skipped_facts": 0,
        "deduped_edges": 0,
        "pipeline_run_id": work.job.id,
        "fingerprint": receipt.fingerprint,
        "verified": receipt.verified,
        "losses": receipt.losses,
        "notes": receipt.notes,
    }
    return {
        "status": "completed",
        "dataset_name": work.job.payload["dataset_name"],
        "dataset_id": work.dataset_id,
        "pipeline_run_id": work.job.id,
        "items_processed": contents + nodes,
        "elapsed_seconds": receipt.usage.get("wall_s", 0.0),
        "items": [item],
        "losses": receipt.losses,
    }
