"""Knows the runs that clients follow: a server's jobs, in the words of cognee."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, select

from cogx.server.bodies import instant
from cogx.server.state.tables import datasets, jobs, users

STATUS: Final = {
    "queued": "DATASET_PROCESSING_STARTED",
    "running": "DATASET_PROCESSING_STARTED",
    "completed": "DATASET_PROCESSING_COMPLETED",
    "failed": "DATASET_PROCESSING_ERRORED",
}
_OUTCOMES: Final = {"completed": "succeeded", "failed": "failed"}
COGNIFY: Final = "cognify_pipeline"


def runs(
    state: Connection,
    dataset_ids: Sequence[str],
    owner_id: str,
    *,
    pipeline: str | None = None,
    run_id: str | None = None,
    limit: int = 50,
    offset: int = 0,
) -> list[dict[str, Any]]:
    """Return runs, newest first: those of some datasets, and the owner's own of datasets gone."""
    mine: ColumnElement[bool] = jobs.c.dataset_id.in_(dataset_ids)
    if run_id is not None:
        mine = (mine | (jobs.c.owner_id == owner_id)) & (jobs.c.id == run_id)
    if pipeline is not None:
        mine &= jobs.c.pipeline_name == pipeline
    rows = (
        select(jobs, datasets.c.name.label("dataset_name"), users.c.email.label("owner_email"))
        .outerjoin(datasets, datasets.c.id == jobs.c.dataset_id)
        .outerjoin(users, users.c.id == jobs.c.owner_id)
        .where(mine)
        .order_by(jobs.c.created_at.desc(), jobs.c.id)
        .limit(limit)
        .offset(offset)
    )
    return [_body(row) for row in state.execute(rows)]


def newest(
    state: Connection, dataset_ids: Sequence[str], pipelines: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Return the newest job of each dataset and pipeline: {dataset id: {pipeline: job}}."""
    rows = (
        select(jobs)
        .where(jobs.c.dataset_id.in_(dataset_ids), jobs.c.pipeline_name.in_(pipelines))
        .order_by(jobs.c.created_at, jobs.c.id)
    )
    found: dict[str, dict[str, Any]] = {}
    for row in state.execute(rows):
        found.setdefault(row.dataset_id, {})[row.pipeline_name] = row
    return found


def _body(row: Any) -> dict[str, Any]:
    error = row.error or {}
    return {
        "id": row.id,
        "kind": "pipeline",
        "pipeline_name": row.pipeline_name,
        "status": STATUS[row.status],
        "dataset_id": row.dataset_id,
        "dataset_name": row.dataset_name,
        "owner_id": row.owner_id,
        "owner_email": row.owner_email,
        "created_at": instant(row.created_at),
        "pipeline_run_id": row.id,
        "operation_name": None,
        "origin": "background" if row.background else "api",
        "outcome": _OUTCOMES.get(row.status),
        "background": row.background,
        "error_class": error.get("class"),
        "error": error.get("text"),
        "progress": row.progress if row.status == "running" else None,
        "result": row.result,
        "tokens_in": None,
        "tokens_out": None,
        "embedding_tokens": None,
        "started_at": instant(row.started_at),
        "ended_at": instant(row.ended_at),
        "user_id": row.owner_id,
        "session_id": None,
        "parent_operation_id": None,
    }
