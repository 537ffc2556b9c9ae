"""Knows the routes that keep raw data, and those that make a graph of what was kept."""

from __future__ import annotations

from typing import Any, Final

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import Field

from cogx.graph_schema.parsing import parse_graph_schema
from cogx.server import quota, raw_data
from cogx.server.about_files import about_files
from cogx.server.bodies import Camel, JsonObject, Name, Names, Text
from cogx.server.context import Caller, Context, Ctx
from cogx.server.datasets import Dataset, dataset_by_id, dataset_named, target
from cogx.server.form import Form
from cogx.server.forms import checked, multipart, received
from cogx.server.identity.rights import permitted, require
from cogx.server.identity.users import User
from cogx.server.intake import Taken, check_forms, received_texts, taken_body
from cogx.server.patience import patient
from cogx.server.refusals import refused
from cogx.server.remember_form import DataForm
from cogx.server.routes.answers import answers
from cogx.server.upload_use import with_upload
from cogx.server.waiting import errored, results_of

router: Final = APIRouter(prefix="/api/v1", tags=["add"])


class AddForm(DataForm):
    """The fields of what is only to be kept."""

    filename: Name | None = Field(None, description="What the upload is called.")
    mime_type: Name | None = Field(None, description="Of the upload.")


class Cognify(Camel):
    """Which datasets are to become graphs, and what those are to look like."""

    datasets: Names | None = None
    dataset_ids: Names | None = None
    run_in_background: bool = False
    graph_model: JsonObject | None = None
    custom_prompt: Text | None = None


@router.post(
    "/add",
    openapi_extra=multipart(AddForm),
    responses=answers(400, 403, 404, 408, 409, 413, 415, 422, 429),
)
async def add(request: Request, caller: Caller, context: Ctx, _: quota.HasRoom) -> Response:
    """Keep files and texts in a dataset; cognify makes a graph of them."""
    async with received(request, context) as form:
        asked = checked(AddForm, form, "raw_data")
        async with with_upload(
            context, caller, form, asked.upload_id, name=asked.filename, mime_type=asked.mime_type
        ):
            dataset, taken = await to_thread.run_sync(_kept, context, caller, asked, form)
    return JSONResponse(
        {
            "status": "PipelineRunCompleted",
            "pipeline_run_id": None,
            "dataset_id": dataset.id,
            "dataset_name": dataset.name,
            "payload": None,
            "data_ingestion_info": [
                taken_body(row) | {"new": row["id"] in taken.new} for row in taken.items
            ],
        }
    )


@router.post("/cognify", responses=answers(402, 403, 404, 409, 422, 502))
async def cognify(body: Cognify, caller: Caller, context: Ctx) -> Response:
    """Make graphs of what was added and is not in them yet."""
    if body.graph_model is not None:
        parse_graph_schema(body.graph_model)
    found = await to_thread.run_sync(_chosen, context, caller, body)

    def begin() -> Any:
        return [
            raw_data.cognify(
                context,
                caller,
                one,
                schema=body.graph_model,
                prompt=body.custom_prompt,
                background=body.run_in_background,
            )
            for one in found
        ]

    jobs = await to_thread.run_sync(begin)
    if body.run_in_background:
        return JSONResponse(
            {
                job.dataset_id: _run("PipelineRunStarted", job.id, job.dataset_id, None)
                for job in jobs
            }
        )

    async def done() -> dict[str, Any]:
        results = await results_of(context, jobs)
        return {
            job.dataset_id: _run("PipelineRunCompleted", job.id, job.dataset_id, result)
            for job, result in zip(jobs, results, strict=True)
        }

    return await patient(done(), failed=errored)


def _kept(context: Context, caller: User, asked: AddForm, form: Form) -> tuple[Dataset, Taken]:
    form.files += received_texts(context.places, asked.raw_data)
    if not form.files:
        raise refused(400, "There is nothing to add: no file and no text was sent.")
    about = about_files(len(form.files), asked.labels, asked.external_metadata)
    kinds = check_forms(form.files)
    with context.database.write() as state:
        dataset = target(state, caller, asked.dataset_name, asked.dataset_id)
        quota.check(context, dataset.owner_id, sum(file.size_bytes for file in form.files))
    return dataset, raw_data.keep(context, dataset, form.files, kinds, about)


def _run(status: str, run_id: str, dataset_id: str | None, result: Any) -> dict[str, Any]:
    return {
        "status": status,
        "pipeline_run_id": run_id,
        "dataset_id": dataset_id,
        "payload": result,
    }


def _chosen(context: Context, caller: User, body: Cognify) -> list[Dataset]:
    with context.database.read() as state:
        if body.dataset_ids:
            ids = require(state, caller, "write", body.dataset_ids)
            return [dataset_by_id(state, one) for one in ids]
        if body.datasets is None:
            return [dataset_by_id(state, one) for one in permitted(state, caller, "write")]
        found = []
        for name in body.datasets:
            one = dataset_named(state, caller, name)
            if one is None:
                raise refused(404, f"Dataset {name!r} not found.", "DatasetNotFoundError")
            found.append(one)
        return found
