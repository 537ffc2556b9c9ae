"""Knows the routes that send datasets of this server to a cloud, and tell how that stands."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter
from pydantic import Field

from cogx.server import syncs
from cogx.server.bodies import Camel, instant
from cogx.server.context import Caller, Ctx
from cogx.server.datasets import Uuid
from cogx.server.routes.answers import answers

_MOST: Final = 1000

router: Final = APIRouter(prefix="/api/v1/sync", tags=["sync"])


class Wanted(Camel):
    """Which datasets are to be sent."""

    dataset_ids: Annotated[list[Uuid], Field(min_length=1, max_length=_MOST)] | None = Field(
        None, description="Null: all that the caller may write."
    )


@router.post("", responses=answers(400, 403, 409, 413, 429))
def start(caller: Caller, context: Ctx, body: Wanted | None = None) -> dict[str, Any]:
    """Begin to send files to the cloud that the operator has set; answer at once."""
    found = syncs.chosen(context, caller, body.dataset_ids if body else None)
    job = syncs.begin(context, caller, found)
    context.dispatcher.wake()
    return syncs.about(job) | {
        "status": "started",
        "message": f"Sync has begun. GET /api/v1/sync/{job.id} tells how it goes.",
        "timestamp": instant(job.created_at),
        "user_id": caller.id,
    }


@router.get("/status")
def status(caller: Caller, context: Ctx) -> dict[str, Any]:
    """Say whether a sync of the caller's is under way."""
    with context.database.read() as state:
        found = syncs.running(state, caller)
    told: dict[str, Any] = {"has_running_sync": bool(found), "running_sync_count": len(found)}
    if found:
        told["latest_running_sync"] = syncs.about(found[0]) | {
            "progress_percentage": syncs.progress_percentage(found[0]),
            "created_at": instant(found[0].created_at),
        }
    return told


@router.get("/{run_id}", responses=answers(404))
def one(run_id: Uuid, caller: Caller, context: Ctx) -> dict[str, Any]:
    """Say how a sync stands, or how it ended."""
    with context.database.read() as state:
        return syncs.body(syncs.run_of(state, caller, run_id))
