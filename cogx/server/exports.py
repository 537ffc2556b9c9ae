"""Knows the archives that datasets are given out as: made once for each state of a graph.

An archive is kept until the graph changes, so that a download that was cut can go on.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from cogx.server.datasets import Dataset
from cogx.server.index import store_mark
from cogx.server.jobs.queue import add_job
from cogx.server.places import Places
from cogx.server.state.database import Database

ENDING: Final = ".cogx.tar.gz"
PIPELINE: Final = "export_pipeline"


def place(places: Places, dataset_id: str) -> Path:
    """Return where the archive of a dataset's graph as it is now lies, or would lie."""
    directory = places.dataset(dataset_id) / "exports"
    directory.mkdir(mode=0o700, exist_ok=True)
    return directory / f"{store_mark(places, dataset_id) or 'empty'}{ENDING}"


def wanted(database: Database, places: Places, dataset: Dataset, owner_id: str) -> str | None:
    """Return the job that makes the archive of a dataset; None if it is there already."""
    if place(places, dataset.id).exists():
        return None
    with database.write() as state:
        return add_job(
            state,
            "export",
            PIPELINE,
            owner_id=owner_id,
            dataset_id=dataset.id,
            payload={"dataset_name": dataset.name},
        )
