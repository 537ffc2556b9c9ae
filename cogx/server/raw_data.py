"""Knows how raw data that arrives is kept, and becomes a job that makes memory of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from cogx.server.about_files import About
from cogx.server.context import Context
from cogx.server.datasets import Dataset
from cogx.server.form import ReceivedFile
from cogx.server.identity.users import User
from cogx.server.intake import Taken, take, taken_body
from cogx.server.jobs.queue import Job, add_job, job_by_id
from cogx.server.runs import COGNIFY

ADD: Final = "add_pipeline"


def keep(
    context: Context,
    dataset: Dataset,
    files: Sequence[ReceivedFile],
    forms: Sequence[str],
    about: Sequence[About] = (),
) -> Taken:
    """Keep files in a dataset, all or none.

    Args:
        forms: what :func:`cogx.server.intake.check_forms` says of them.
    """
    with context.database.write() as state:
        return take(state, context.places, dataset.id, files, forms, about=about)


def cognify(
    context: Context,
    caller: User,
    dataset: Dataset,
    *,
    data_ids: Sequence[str] | None = None,
    schema: dict[str, Any] | None = None,
    prompt: str | None = None,
    background: bool = False,
) -> Job:
    """Make a job that brings data items into the graph: all that are not there, or some."""
    payload = {
        "dataset_name": dataset.name,
        "data_ids": None if data_ids is None else list(data_ids),
        "schema": schema or dataset.graph_schema,
        "prompt": prompt or dataset.custom_prompt,
    }
    with context.database.write() as state:
        job_id = add_job(
            state,
            "cognify",
            COGNIFY,
            owner_id=caller.id,
            dataset_id=dataset.id,
            payload=payload,
            background=background,
        )
        job = job_by_id(state, job_id)
    assert job is not None
    context.dispatcher.wake()
    return job


def running(job: Job, taken: Taken) -> dict[str, Any]:
    """Return what is answered for raw data that a job goes on with in the background."""
    return {
        "status": "running",
        "dataset_name": job.payload["dataset_name"],
        "dataset_id": job.dataset_id,
        "pipeline_run_id": job.id,
        "items_processed": len(taken.items),
        "elapsed_seconds": 0.0,
        "items": [taken_body(row) for row in taken.items],
    }
