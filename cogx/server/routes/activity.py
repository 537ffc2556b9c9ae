"""Knows the routes of what was done: runs, traces, who is about, and a dataset given out whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal

from anyio import to_thread
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse

from cogx.server import data, datasets, people, runs
from cogx.server.context import Caller, Context, Ctx
from cogx.server.datasets import Uuid
from cogx.server.downloads import Download, attachment, begun
from cogx.server.exports import ENDING, exported
from cogx.server.identity.rights import permitted, require
from cogx.server.identity.users import User
from cogx.server.index import current_index
from cogx.server.markdown import iter_markdown
from cogx.server.refusals import refused
from cogx.server.routes.answers import answers
from cogx.server.state.database import now

router: Final = APIRouter(prefix="/api/v1/activity", tags=["activity"])

_MARKDOWN: Final = "text/markdown; charset=utf-8"
_GZIP: Final = "application/gzip"
_BINARY: Final = {"schema": {"type": "string", "format": "binary"}}
_WHOLE: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "Markdown to read, or an archive that holds all of it.",
        "content": {"text/markdown": {"schema": {"type": "string"}}, _GZIP: _BINARY},
    },
    206: {
        "description": "The part of the archive that was asked for.",
        "content": {_GZIP: _BINARY},
    },
}


@router.get("/pipeline-runs", responses=answers(403))
def pipeline_runs(
    caller: Caller,
    context: Ctx,
    dataset_id: Uuid | None = None,
    pipeline_name: str | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> list[dict[str, Any]]:
    """List runs at datasets that the caller may read, newest first."""
    with context.database.read() as state:
        if dataset_id is None:
            ids = permitted(state, caller, "read")
        else:
            ids = require(state, caller, "read", [dataset_id])
        return runs.runs(state, ids, runs.Wanted(pipeline_name, limit, offset))


@router.get("/pipeline-runs/{pipeline_run_id}", responses=answers(404))
def pipeline_run(pipeline_run_id: Uuid, caller: Caller, context: Ctx) -> dict[str, Any]:
    """Say how one run goes, or how it has ended."""
    with context.database.read() as state:
        ids = permitted(state, caller, "read")
        found = runs.run(state, ids, caller.id, pipeline_run_id)
    if found is None:
        raise refused(404, "There is no such run.")
    return found


@router.get("/spans")
def spans(request: Request, caller: Caller, context: Ctx) -> list[dict[str, Any]]:
    """List the last traces of the caller's requests, a superuser's of all; none if they are off."""
    kept = request.app.state.spans
    if kept is None:
        return []
    from cogx.server.spans import traces  # noqa: PLC0415 - loads OpenTelemetry

    with context.database.read() as state:
        return traces(state, kept.of(None if caller.is_superuser else caller.id))


@router.get("/users")
def users(caller: Caller, context: Ctx) -> list[dict[str, Any]]:
    """List the active members of the caller's tenant; none without one."""
    with context.database.read() as state:
        return people.people(state, caller)


@router.get("/agents")
def agents(caller: Caller, context: Ctx) -> list[dict[str, Any]]:
    """List the caller, the caller's agents and those of the tenant, and when they last called."""
    with context.database.read() as state:
        return people.agents(state, caller, context.settings.default_user_email)


@router.get(
    "/export/{dataset_id}",
    response_class=Response,
    responses=_WHOLE | answers(403, 404, 416, 503),
)
async def export(
    dataset_id: Uuid,
    request: Request,
    caller: Caller,
    context: Ctx,
    format: Literal["markdown", "cogx"] | None = None,  # noqa: A002 - its name on the wire
) -> Response:
    """Give a dataset out: as Markdown to read, or as a COGX archive that holds all of it."""
    dataset = await to_thread.run_sync(_readable, context, caller, dataset_id)
    wants = request.headers.get("accept", "")
    if format == "cogx" or (format is None and _GZIP in wants):
        return await _archive(context, caller, dataset)
    pieces = (piece.encode() for piece in _markdown(context, dataset))
    return StreamingResponse(
        await to_thread.run_sync(begun, pieces),
        media_type=_MARKDOWN,
        headers=attachment(dataset.name, "-memory-export.md"),
    )


def _readable(context: Context, caller: User, dataset_id: str) -> datasets.Dataset:
    with context.database.read() as state:
        require(state, caller, "read", [dataset_id])
        return datasets.dataset_by_id(state, dataset_id)


async def _archive(context: Context, caller: User, dataset: datasets.Dataset) -> Response:
    """Return the archive of a dataset as it is now; ranges of it can be asked for."""
    path = await exported(context, dataset, caller.id)
    tag = {"ETag": f'"{path.name.removesuffix(ENDING)}"'}
    return Download(path, media_type=_GZIP, headers=tag | attachment(dataset.name, ENDING))


def _markdown(context: Context, dataset: datasets.Dataset) -> Iterator[str]:
    with current_index(context.places, dataset.id) as index:
        with context.database.read() as state:
            documents, _ = data.count(state, dataset.id)
        items = data.iter_by_name(context.database, dataset.id)
        yield from iter_markdown(dataset.name, index, items, documents, now())
