"""Knows the runs that clients follow: a server's jobs, in the words of cognee."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Select, func, select

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


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which runs are asked for."""

    pipeline: str | None = None
    limit: int = 50
    offset: int = 0


def runs(state: Connection, dataset_ids: Collection[str], wanted: Wanted) -> list[dict[str, Any]]:
    """Return runs at datasets that the caller may read, newest first."""
    rows = (
        _told_runs()
        .where(jobs.c.dataset_id.in_(dataset_ids))
        .order_by(jobs.c.created_at.desc(), jobs.c.id)
        .limit(wanted.limit)
        .offset(wanted.offset)
    )
    if wanted.pipeline is not None:
        rows = rows.where(jobs.c.pipeline_name == wanted.pipeline)
    return [_body(row) for row in state.execute(rows)]


def run(
    state: Connection, dataset_ids: Collection[str], caller_id: str, run_id: str
) -> dict[str, Any] | None:
    """Return a run at a dataset that the caller may read, or one of the caller's own.

    Of a dataset that is gone, or not the caller's to read any more, it says no more than the id.
    """
    row = state.execute(_told_runs().where(jobs.c.id == run_id)).first()
    if row is None:
        return None
    readable = row.dataset_id in dataset_ids
    if not (readable or row.owner_id == caller_id):
        return None
    hidden = () if readable else ("dataset_name", "owner_id", "owner_email")
    return _body(row) | dict.fromkeys(hidden)


def newest(
    state: Connection, dataset_ids: Collection[str], pipelines: Collection[str]
) -> dict[str, dict[str, Any]]:
    """Return the newest job of each dataset and pipeline: {dataset id: {pipeline: job}}.

    Of a job: ``id``, ``status``, ``progress`` while it runs.
    """
    rank = func.row_number().over(
        partition_by=(jobs.c.dataset_id, jobs.c.pipeline_name),
        order_by=(jobs.c.created_at.desc(), jobs.c.id.desc()),
    )
    ranked = (
        select(jobs.c.id, rank.label("rank"))
        .where(jobs.c.dataset_id.in_(dataset_ids), jobs.c.pipeline_name.in_(pipelines))
        .subquery()
    )
    columns = (jobs.c.id, jobs.c.dataset_id, jobs.c.pipeline_name, jobs.c.status, jobs.c.progress)
    rows = select(*columns).join(ranked, ranked.c.id == jobs.c.id).where(ranked.c.rank == 1)
    found: dict[str, dict[str, Any]] = {}
    for row in state.execute(rows):
        found.setdefault(row.dataset_id, {})[row.pipeline_name] = row
    return found


def last_change(state: Connection, dataset_ids: Collection[str]) -> dict[str, str]:
    """Return the ids of the runs that have changed graphs last: {dataset id: run id}."""
    rank = func.row_number().over(
        partition_by=jobs.c.dataset_id, order_by=(jobs.c.ended_at.desc(), jobs.c.id)
    )
    ended = (jobs.c.status == "completed") & (jobs.c.kind != "export")
    ranked = (
        select(jobs.c.dataset_id, jobs.c.id, rank.label("rank"))
        .where(jobs.c.dataset_id.in_(dataset_ids), ended)
        .subquery()
    )
    rows = select(ranked.c.dataset_id, ranked.c.id).where(ranked.c.rank == 1)
    return {row.dataset_id: row.id for row in state.execute(rows)}


def progress_of(job: Any) -> Any:
    """Return how far a job is while it runs: what it told last says nothing of one that ended."""
    return job.progress if job.status == "running" else None


def _told_runs() -> Select[Any]:
    return (
        select(jobs, datasets.c.name.label("dataset_name"), users.c.email.label("owner_email"))
        .outerjoin(datasets, datasets.c.id == jobs.c.dataset_id)
        .outerjoin(users, users.c.id == jobs.c.owner_id)
    )


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
        "progress": progress_of(row),
        "result": row.result,
        "losses": (row.result or {}).get("losses") or {},
        "tokens_in": None,
        "tokens_out": None,
        "embedding_tokens": None,
        "started_at": instant(row.started_at),
        "ended_at": instant(row.ended_at),
        "user_id": row.owner_id,
        "session_id": None,
        "parent_operation_id": None,
    }
