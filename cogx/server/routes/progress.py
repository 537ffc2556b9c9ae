"""Knows the routes that say how far the work at datasets is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from sqlalchemy import Connection

from cogx.server import data, runs
from cogx.server.context import Caller, Ctx
from cogx.server.datasets import Uuid
from cogx.server.identity.rights import permitted, require
from cogx.server.identity.users import User
from cogx.server.routes.answers import answers

router: Final = APIRouter(prefix="/api/v1/datasets", tags=["progress"])

Datasets = Annotated[list[Uuid] | None, Query(alias="dataset")]
Pipelines = Annotated[list[str] | None, Query(alias="pipeline")]


@router.get("/status", responses=answers(403))
def status(
    caller: Caller, context: Ctx, dataset: Datasets = None, pipeline: Pipelines = None
) -> dict[str, Any]:
    """Say how the newest run of each dataset goes; of each pipeline if several are asked for."""
    with context.database.read() as state:
        return _told(state, caller, dataset, pipeline, lambda job: runs.STATUS[job.status])


@router.get("/status/progress", responses=answers(403))
def progress(
    caller: Caller, context: Ctx, dataset: Datasets = None, pipeline: Pipelines = None
) -> dict[str, Any]:
    """Say the same, and how far each run is."""

    def told(job: Any) -> dict[str, Any]:
        return {"status": runs.STATUS[job.status], "progress": runs.progress_of(job)}

    with context.database.read() as state:
        return _told(state, caller, dataset, pipeline, told)


@router.get("/{dataset_id}/processing-status", responses=answers(403))
def processing_status(
    dataset_id: Uuid,
    caller: Caller,
    context: Ctx,
    limit: Annotated[int, Query(ge=1, le=1000)] = 1000,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> dict[str, Any]:
    """Say how many data items of a dataset have come into its graph, and of some whether they have.

    The items are those of a page, oldest first; the numbers are those of all.
    """
    with context.database.read() as state:
        require(state, caller, "read", [dataset_id])
        total, completed = data.count(state, dataset_id)
        items = [
            {"id": one.id, "name": one.name, "completed": one.in_graph}
            for one in data.page(state, dataset_id, limit, offset)
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
        ids = require(state, caller, "read", asked)
    names = sorted(set(pipelines or [runs.COGNIFY]))
    found = runs.newest(state, ids, names)
    if len(names) > 1:
        return {one: {p: told(job) for p, job in found.get(one, {}).items()} for one in ids}
    return {one: told(by_name[names[0]]) for one, by_name in found.items()}
