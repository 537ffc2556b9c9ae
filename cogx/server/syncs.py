"""Knows the syncs of this server's datasets to a cloud: who may begin one, and how each stands.

Where the cloud is only the operator says. A user has one sync at a time. Source: spec/wire.md#sync.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, func, select

from cogx.errors import RemoteError, RemoteRefused
from cogx.remote.probe import check_key
from cogx.remote.server import Server
from cogx.server.bodies import instant
from cogx.server.context import Context
from cogx.server.datasets import Dataset, dataset_by_id
from cogx.server.identity.rights import permitted, require
from cogx.server.identity.users import User
from cogx.server.jobs.queue import ENDED, Job, add_job, job_by_id
from cogx.server.refusals import Refusal, failed, refused
from cogx.server.settings import Settings
from cogx.server.state.tables import data_items, datasets, users
from cogx.server.state.tables import jobs as table

PIPELINE: Final = "sync_pipeline"
STATUS: Final = {
    "queued": "started",
    "running": "in_progress",
    "completed": "completed",
    "failed": "failed",
}
_USAGE: Final = "/api/v1/cogx/usage"
_SILENCE_S: Final = 10.0
_NOT_THERE: Final = frozenset({404, 405, 501})
_MARK: Final = 8
"""Of a dataset's id, in its name there, where several users could have one of the same name."""


def chosen(context: Context, caller: User, ids: Sequence[str] | None) -> list[Dataset]:
    """Return the datasets that are to be sent: those named, else all that the caller may write.

    Raises:
        Refusal: there is none (400), or one is not the caller's to write (403).
    """
    with context.database.read() as state:
        if ids is None:
            ids = permitted(state, caller, "write")
        else:
            require(state, caller, "write", ids)
        found = [dataset_by_id(state, one) for one in dict.fromkeys(ids)]
    if not found:
        raise refused(400, "There is no dataset to sync.")
    return sorted(found, key=lambda one: (one.created_at, one.id))


def begin(context: Context, caller: User, found: Sequence[Dataset]) -> Job:
    """Make the job that sends datasets to the cloud, which is asked first whether it takes them.

    Raises:
        Refusal: another sync of the caller's is under way, or there is no cloud, or it does not
            answer (409); the datasets are larger than all that may be kept there (413).
    """
    with context.database.read() as state:
        _check_alone(state, caller)
    _check_cloud(context, found)
    with context.database.write() as state:
        # One after the other: each sees what the other has begun.
        state.execute(select(users.c.id).where(users.c.id == caller.id).with_for_update())
        _check_alone(state, caller)
        payload = {"datasets": [_target(state, one) for one in found]}
        job_id = add_job(
            state, "sync", PIPELINE, owner_id=caller.id, dataset_id=None, payload=payload,
            background=True,
        )  # fmt: skip
        job = job_by_id(state, job_id)
    assert job is not None
    return job


def running(state: Connection, caller: User) -> list[Job]:
    """Return the syncs of a user that have not ended, newest first."""
    mine = (table.c.kind == "sync") & (table.c.owner_id == caller.id)
    rows = select(table).where(mine, table.c.status.not_in(ENDED))
    found = state.execute(rows.order_by(table.c.created_at.desc(), table.c.id))
    return [Job(**row._mapping) for row in found]


def run_of(state: Connection, caller: User, run_id: str) -> Job:
    """Return a sync of a user.

    Raises:
        Refusal: there is none (404).
    """
    job = job_by_id(state, run_id)
    if job is None or job.kind != "sync" or job.owner_id != caller.id:
        raise refused(404, "There is no such sync.", "EntityNotFoundError")
    return job


def body(job: Job) -> dict[str, Any]:
    """Return a sync as answers show it: what it is, and how far."""
    told = {
        "progress_percentage": 0, "records_uploaded": 0, "records_downloaded": 0,
        "bytes_uploaded": 0, "bytes_downloaded": 0, "datasets": [],
    }  # fmt: skip
    told |= job.progress or {}
    told |= job.result or {}
    return about(job) | told | {
        "status": STATUS[job.status],
        "error_message": job.error["text"] if job.error else None,
        "retry_count": max(0, job.attempts - 1),
        "created_at": instant(job.created_at),
        "started_at": instant(job.started_at),
        "completed_at": instant(job.ended_at),
    }  # fmt: skip


def about(job: Job) -> dict[str, Any]:
    """Return what a sync is of."""
    found = job.payload["datasets"]
    return {
        "run_id": job.id,
        "dataset_ids": [one["id"] for one in found],
        "dataset_names": [one["name"] for one in found],
    }


def progress_percentage(job: Job) -> int:
    """Return how far a sync is."""
    return int((job.progress or {}).get("progress_percentage", 0))


def cloud_of(settings: Settings, **options: Any) -> Server:
    """Return the cloud.

    Raises:
        Refusal: the operator has set none (409).
    """
    if not settings.cloud_url:
        raise failed(
            409, "This server syncs to no cloud. Its operator can set COGNEE_SERVICE_URL and "
            "COGNEE_API_KEY.",
            code="sync.no-cloud",
        )  # fmt: skip
    key = settings.cloud_api_key
    return Server(settings.cloud_url, key.get_secret_value() if key else None, **options)


def _check_alone(state: Connection, caller: User) -> None:
    for job in running(state, caller):
        raise failed(
            409, "Sync operation already in progress",
            code="sync.running",
            details=about(job) | {
                "status": "already_running",
                "message": "You already have a sync operation in progress. Wait until it has "
                f"ended: GET /api/v1/sync/{job.id}.",
                "timestamp": instant(job.created_at),
                "progress_percentage": progress_percentage(job),
            },
        )  # fmt: skip


def _check_cloud(context: Context, found: Sequence[Dataset]) -> None:
    with context.database.read() as state:
        ids = [one.id for one in found]
        sizes = select(func.sum(data_items.c.size_bytes)).where(data_items.c.dataset_id.in_(ids))
        size = int(state.scalar(sizes) or 0)
    try:
        with cloud_of(context.settings, silence_s=_SILENCE_S) as cloud:
            cloud.tell("GET", "/health")  # Once: what does not answer is not waited for.
            check_key(cloud)
            most = _most(cloud)
    except RemoteError as error:
        raise _unavailable() from error
    if most is not None and size > most:
        raise failed(
            413, f"The datasets have {size:,} bytes, and the cloud keeps no more than {most:,}.",
            code="sync.too-large", usage={"bytes": size, "quota_bytes": most},
        )  # fmt: skip


def _most(cloud: Server) -> int | None:
    """Return how much the cloud keeps for its account, None if it does not say."""
    try:
        told = cloud.get_json(_USAGE)
    except RemoteRefused as error:
        if error.status not in _NOT_THERE:
            raise
        return None
    most = told.get("quota_bytes") if isinstance(told, dict) else None
    return most if type(most) is int else None


def _unavailable() -> Refusal:
    return failed(
        409, "The cloud does not answer, or does not take this server's key. Try again later; its "
        "operator can look at COGNEE_SERVICE_URL and COGNEE_API_KEY.",
        code="sync.cloud-unavailable",
    )  # fmt: skip


def _target(state: Connection, dataset: Dataset) -> dict[str, str]:
    """Return a dataset and its name there: one account there holds those of all users here."""
    owners = state.scalar(select(func.count(datasets.c.owner_id.distinct()))) or 0
    name = f"{dataset.name}-{dataset.id[:_MARK]}" if owners > 1 else dataset.name
    return {"id": dataset.id, "name": dataset.name, "target": name}
