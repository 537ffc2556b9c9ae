"""Knows whether the dataset of a job is still there, and clears away what the job made if not.

A dataset may be removed, and one of the same name and id made again, while a job works at it: the
job then fails, and what it has written so far is gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import Connection, select

from cogx.server.datasets import counted, remove_if_empty
from cogx.server.jobs.queue import Job
from cogx.server.places import Places
from cogx.server.refusals import Refusal, failed
from cogx.server.state.database import Database
from cogx.server.state.tables import datasets, jobs


@contextmanager
def while_there(database: Database, places: Places, job: Job) -> Iterator[None]:
    """Let a job work at its dataset while it is there.

    One that was made for an archive which is none does not stay.

    Raises:
        Refusal: it was removed before the job began or while it worked (404).
    """
    try:
        with database.read() as state:
            demand_there(state, job)
        yield
    except Exception as error:
        if _has_gone(database, places, job):
            raise _gone() from error
        if job.kind == "import" and job.dataset_id and not places.has_store(job.dataset_id):
            with database.write() as state:
                if not _is_awaited(state, job):
                    remove_if_empty(state, job.dataset_id)
        raise
    if _has_gone(database, places, job):
        raise _gone()


def demand_there(state: Connection, job: Job) -> None:
    """Let a job go on whose dataset is there; within a transaction that writes, it stays there.

    Raises:
        Refusal: it was removed (404).
    """
    if not _is_there(state, job):
        raise _gone()


def _is_there(state: Connection, job: Job) -> bool:
    if job.dataset_id is None:
        return True
    made = state.scalar(select(datasets.c.created_at).where(datasets.c.id == job.dataset_id))
    return made is not None and made <= job.created_at


def _is_awaited(state: Connection, job: Job) -> bool:
    """Tell whether another job waits to work at the dataset."""
    waiting = select(jobs.c.id).where(jobs.c.dataset_id == job.dataset_id, jobs.c.id != job.id)
    return state.scalar(waiting.where(jobs.c.status == "queued").limit(1)) is not None


def _has_gone(database: Database, places: Places, job: Job) -> bool:
    with database.read() as state:
        there = _is_there(state, job)
    if not there:
        _clear(database, places, job)
    return not there


def _clear(database: Database, places: Places, job: Job) -> None:
    """Remove the graph that a job has made of nothing. Jobs of one dataset follow each other."""
    assert job.dataset_id is not None
    for path in places.graph_files(job.dataset_id):
        path.unlink(missing_ok=True)
    place = places.dataset(job.dataset_id)
    for directory in (place / "exports", place / "files", place):
        with suppress(OSError):  # Not there, or in use by a dataset that was made meanwhile.
            directory.rmdir()
    with database.write() as state:
        counted(state, job.dataset_id, 0, 0)


def _gone() -> Refusal:
    return failed(404, "The dataset was removed before this was done.", code="dataset.gone")
