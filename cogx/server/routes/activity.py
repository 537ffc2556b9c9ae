"""Knows the routes of what was done: runs, and what a dataset holds as a whole."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, Response, StreamingResponse

from cogx.server import data, datasets, exports, runs
from cogx.server.context import Caller, Context, Ctx
from cogx.server.datasets import checked_uuid
from cogx.server.identity.rights import permitted, require
from cogx.server.index import current_index
from cogx.server.markdown import iter_markdown
from cogx.server.refusals import failed, refused
from cogx.server.state.database import now

router: Final = APIRouter(prefix="/api/v1/activity", tags=["activity"])

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]+")


@router.get("/pipeline-runs")
def pipeline_runs(
    caller: Caller,
    context: Ctx,
    dataset_id: str | None = None,
    pipeline_name: str | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> list[dict[str, Any]]:
    """List runs at datasets that the caller may read, newest first."""
    with context.database.read() as state:
        if dataset_id is None:
            ids = permitted(state, caller, "read")
        else:
            ids = [checked_uuid(dataset_id, ("query", "dataset_id"))]
            require(state, caller, "read", ids)
        return runs.runs(state, ids, caller.id, pipeline=pipeline_name, limit=limit, offset=offset)


@router.get("/pipeline-runs/{pipeline_run_id}")
def pipeline_run(pipeline_run_id: str, caller: Caller, context: Ctx) -> dict[str, Any]:
    """Say how one run goes, or how it has ended."""
    with context.database.read() as state:
        ids = permitted(state, caller, "read")
        found = runs.runs(state, ids, caller.id, run_id=pipeline_run_id)
    if not found:
        raise refused(404, "There is no such run.")
    return found[0]


@router.get("/export/{dataset_id}", response_class=Response)
async def export(
    dataset_id: str,
    request: Request,
    caller: Caller,
    context: Ctx,
    format: Literal["markdown", "cogx"] | None = None,  # noqa: A002 - its name on the wire
) -> Response:
    """Give a dataset out: as Markdown to read, or as a COGX archive that holds all of it."""
    with context.database.read() as state:
        require(state, caller, "read", [dataset_id])
        dataset = datasets.dataset_by_id(state, dataset_id)
    wants = request.headers.get("accept", "")
    if format == "cogx" or (format is None and "application/gzip" in wants):
        return await _archive(context, caller.id, dataset)
    name = f"{_safe(dataset.name)}-memory-export.md"
    return StreamingResponse(
        _markdown(context, dataset),
        media_type="text/markdown; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


async def _archive(context: Context, caller_id: str, dataset: datasets.Dataset) -> Response:
    """Return the archive of a dataset as it is now; ranges of it can be asked for."""
    job_id = exports.wanted(context.database, context.places, dataset, caller_id)
    if job_id is not None:
        ended = await context.dispatcher.ended(job_id)
        if ended.error is not None:
            raise failed(ended.error["status"], ended.error["text"])
    path = exports.place(context.places, dataset.id)
    return FileResponse(
        path,
        media_type="application/gzip",
        filename=f"{_safe(dataset.name)}.cogx.tar.gz",
        headers={"ETag": f'"{path.name.removesuffix(exports.ENDING)}"'},
    )


def _markdown(context: Context, dataset: datasets.Dataset) -> Iterator[str]:
    with (
        current_index(context.places, dataset.id) as index,
        context.database.read() as state,
    ):
        documents, _ = data.count(state, dataset.id)
        items = data.iter_items(state, dataset.id, by_name=True)
        yield from iter_markdown(dataset.name, index, items, documents, now())


def _safe(name: str) -> str:
    """Return a name that can stand in a header and be a file's."""
    return _UNSAFE.sub("_", name).strip("._") or "dataset"
