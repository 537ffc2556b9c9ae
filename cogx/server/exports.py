"""Knows the archives that datasets are given out as: made once for each state of a graph.

An archive is kept until the graph changes, so that a download that was cut can go on.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from anyio import to_thread

from cogx.server.context import Context
from cogx.server.datasets import Dataset
from cogx.server.index import store_mark
from cogx.server.jobs.queue import add_job
from cogx.server.places import Places
from cogx.server.refusals import failed

ENDING: Final = ".cogx.tar.gz"
PIPELINE: Final = "export_pipeline"
_MOST_TRIES: Final = 5


def place(places: Places, dataset_id: str) -> Path:
    """Return where the archive of a dataset's graph as it is now lies, or would lie."""
    directory = places.dataset(dataset_id) / "exports"
    directory.mkdir(mode=0o700, exist_ok=True)
    return directory / f"{store_mark(places, dataset_id) or 'empty'}{ENDING}"


async def exported(context: Context, dataset: Dataset, caller_id: str) -> Path:
    """Return the archive of a dataset, made by a job if it is not there.

    Raises:
        Refusal: it cannot be made, or the graph changes faster than it is read (503).
    """
    for _ in range(_MOST_TRIES):
        path = await to_thread.run_sync(place, context.places, dataset.id)
        if await to_thread.run_sync(path.exists):
            return path
        job_id = await to_thread.run_sync(_job, context, dataset, caller_id)
        ended = await context.dispatcher.ended(job_id)
        if ended.error is not None:
            raise failed(ended.error["status"], ended.error["text"], code=ended.error.get("code"))
    raise failed(
        503, "The graph changes faster than it can be read. Try again in a moment.",
        code="export.overtaken",
    )  # fmt: skip


def _job(context: Context, dataset: Dataset, caller_id: str) -> str:
    with context.database.write() as state:
        return add_job(
            state,
            "export",
            PIPELINE,
            owner_id=caller_id,
            dataset_id=dataset.id,
            payload={"dataset_name": dataset.name},
        )
