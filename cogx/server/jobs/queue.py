"""Knows the jobs of a server as rows: what waits, what runs, how what ran has ended.

A job owns its directory until it ends. One that was running when the server died waits again, and
is given up after as many tries as ``MOST_ATTEMPTS``: imports are all or nothing and again is no
change, so another try is safe.
"""

from __future__ import annotations

import uuid
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, func, insert, select, update

from cogx.server.state.database import now
from cogx.server.state.tables import jobs

MOST_ATTEMPTS: Final = 3
ENDED: Final = ("completed", "failed")
TRACE: Final[ContextVar[str | None]] = ContextVar("trace", default=None)
"""``<trace id>-<span id>`` of the request that is being answered, if requests are traced."""


@dataclass(frozen=True, slots=True)
class Job:
    """Work for one dataset. ``status``: queued, running, completed, failed."""

    id: str
    kind: str
    pipeline_name: str
    dataset_id: str | None
    owner_id: str
    status: str
    background: bool
    payload: dict[str, Any]
    progress: dict[str, Any] | None
    result: dict[str, Any] | None
    error: dict[str, Any] | None
    attempts: int
    trace: str | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


def add_job(
    state: Connection, kind: str, pipeline_name: str, *, owner_id: str, dataset_id: str | None,
    payload: dict[str, Any], background: bool = False, job_id: str | None = None,
) -> str:  # fmt: skip
    """Add a job; return its id, which is the pipeline_run_id that clients see."""
    made = job_id or str(uuid.uuid4())
    state.execute(
        insert(jobs).values(
            id=made, kind=kind, pipeline_name=pipeline_name, dataset_id=dataset_id,
            owner_id=owner_id, status="queued", background=background, payload=payload,
            attempts=0, trace=TRACE.get(), created_at=now(),
        )
    )  # fmt: skip
    return made


def claim_next(state: Connection) -> Job | None:
    """Take the oldest job whose dataset nobody works at; None if there is none.

    Only the one dispatcher of a server calls this.
    """
    busy = select(jobs.c.dataset_id).where(
        (jobs.c.status == "running") & jobs.c.dataset_id.is_not(None)
    )
    waiting = (
        select(jobs)
        .where(jobs.c.status == "queued")
        .where(jobs.c.dataset_id.is_(None) | jobs.c.dataset_id.not_in(busy))
        .order_by(jobs.c.created_at, jobs.c.id)
        .limit(1)
    )
    row = state.execute(waiting).first()
    if row is None:
        return None
    taken = {"status": "running", "started_at": now(), "attempts": row.attempts + 1}
    state.execute(update(jobs).where(jobs.c.id == row.id).values(taken))
    return _job({**row._mapping, **taken})


def end_job(
    state: Connection, job_id: str, *, result: Any = None, error: dict[str, Any] | None = None
) -> None:
    """Keep how a job has ended."""
    status = "completed" if error is None else "failed"
    state.execute(
        update(jobs)
        .where(jobs.c.id == job_id)
        .values(status=status, result=result, error=error, ended_at=now())
    )


def wait_again(state: Connection, lost: str) -> list[str]:
    """Let jobs wait again whose process died; return the ids of those that are given up.

    Args:
        lost: one job's id, or ``*`` for all that run: nobody does when a server starts.
    """
    running = select(jobs).where(jobs.c.status == "running")
    if lost != "*":
        running = running.where(jobs.c.id == lost)
    given_up = []
    for row in state.execute(running).all():
        if row.attempts < MOST_ATTEMPTS:
            state.execute(update(jobs).where(jobs.c.id == row.id).values(status="queued"))
            continue
        given_up.append(row.id)
        error = {
            "class": "WorkerLost",
            "status": 500,
            "text": f"The process that did this job died {row.attempts} times at it. "
            "What the dataset held before is unchanged.",
        }
        end_job(state, row.id, error=error)
    return given_up


def put_back(state: Connection, job_id: str) -> None:
    """Let a job wait again that a stopping server has broken off; the try does not count."""
    state.execute(
        update(jobs)
        .where(jobs.c.id == job_id, jobs.c.status == "running")
        .values(status="queued", attempts=jobs.c.attempts - 1)
    )


def unfinished(state: Connection) -> set[str]:
    """Return the ids of all jobs that have not ended."""
    return set(state.scalars(select(jobs.c.id).where(jobs.c.status.not_in(ENDED))))


def count_by_status(state: Connection) -> dict[str, int]:
    """Return how many jobs wait and run."""
    waiting = select(jobs.c.status, func.count().label("jobs")).where(jobs.c.status.not_in(ENDED))
    rows = state.execute(waiting.group_by(jobs.c.status))
    return {"queued": 0, "running": 0} | {row.status: row.jobs for row in rows}


def job_by_id(state: Connection, job_id: str) -> Job | None:
    """Return a job, None if there is none."""
    row = state.execute(select(jobs).where(jobs.c.id == job_id)).first()
    return None if row is None else _job(row._mapping)


def note_progress(state: Connection, job_id: str, progress: dict[str, Any]) -> None:
    """Keep how far a job is."""
    state.execute(update(jobs).where(jobs.c.id == job_id).values(progress=progress))


def _job(row: Any) -> Job:
    return Job(**row)
