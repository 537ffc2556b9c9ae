"""Knows the routes that say how far the work at datasets is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from sqlalchemy import Connection

from cogx.server import data, runs
from cogx.server.context import Caller, Ctx
from cogx.server.datasets import checked_uuid
from cogx.server.identity.rights import permitted, require
from cogx.server.identity.users import User

router: Final = APIRouter(prefix="/api/v1/datasets", tags=["progress"])

Datasets = Annotated[list[str] | None, Query(alias="dataset")]
Pipelines = Annotated[list[str] | None, Query(alias="pipeline")]


@router.get("/status")
def status(
    caller: Caller, context: Ctx, dataset: Datasets = None, pipeline: Pipelines = None
) -> dict[str, Any]:
    """Say how the newest run of each dataset goes; of each pipeline if several are asked for."""
    with context.database.read() as state:
        return _told(state, caller, dataset, pipeline, lambda job: runs.STATUS[job.status])


@router.get("/status/progress")
def progress(
    caller: Caller, context: Ctx, dataset: Datasets = None, pipeline: Pipelines = None
) -> dict[str, Any]:
    """Say the same, and how far each run is."""

    def told(job: Any) -> dict[str, Any]:
        return {"status": runs.STATUS[job.status], "progress": job.progress}

    with context.database.read() as state:
        return _told(state, caller, dataset, pipeline, told)


@router.get("/{dataset_id}/processing-status")
def processing_status(dataset_id: str, caller: Caller, context: Ctx) -> dict[str, Any]:
    """Say which data items of a dataset have come into its graph."""
    with context.database.read() as state:
        require(state, caller, "read", [dataset_id])
        total, completed = data.count(state, dataset_id)
        items = [
            {"id": one.id, "name": one.name, "completed": one.in_graph}
            for one in data.page(state, dataset_id, 1000, 0)
        ]
    return {
        "total": total,
        "completed": completed,
        "pending": total - completed,
        "items": items,
    }


def _told(
    state: Connection,
    caller: User,
    asked: list[str] | None,
    pipelines: Sequence[str] | None,
    told: Callable[[Any], Any],
) -> dict[str, Any]:
    if asked is None:
        ids = permitted(state, caller, "read")
    else:
        ids = require(
            state, caller, "read", [checked_uuid(one, ("query", "dataset")) for one in asked]
        )
    names = sorted(set(pipelines or [runs.COGNIFY]))
    found = runs.newest(state, ids, names)
    if len(names) > 1:
        return {one: {p: told(job) for p, job in found.get(one, {}).items()} for one in ids}
    return {one: told(by_name[names[0]]) for one, by_name in found.items()}
