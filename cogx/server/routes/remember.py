"""Knows ``POST /remember``: where archives arrive, and what else is to be remembered."""

from __future__ import annotations

from typing import Any, Final, Literal
from uuid import uuid4

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import AliasChoices, BaseModel, Field, ValidationError

from cogx.archive.reader import open_archive
from cogx.errors import ArchiveError, BadSetting
from cogx.server import datasets
from cogx.server.context import Caller, Context, Ctx
from cogx.server.form import Form, ReceivedFile, received_form
from cogx.server.identity.users import User
from cogx.server.jobs.queue import Job, add_job, job_by_id
from cogx.server.limits import limits_of
from cogx.server.patience import patient
from cogx.server.refusals import Refusal, failed, invalid, refused

ARCHIVE: Final = "cogx-archive"
IMPORT: Final = "migration_import_pipeline"
MODES: Final = ("preserve", "hybrid", "re-derive")

router: Final = APIRouter(prefix="/api/v1", tags=["remember"])

_BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {"multipart/form-data": {"schema": {
            "title": "RememberForm",
            "type": "object",
            "properties": {
                "data": {"type": "array", "items": {"type": "string", "format": "binary"}},
                "datasetName": {"type": "string"},
                "datasetId": {"type": "string"},
                "content_type": {"type": "string", "enum": ["", ARCHIVE]},
                "import_mode": {
                    "type": "string",
                    "description": "COGX archive imports only.",
                    "default": "preserve",
                },
                "run_in_background": {"type": "boolean", "default": False},
            },
        }}},
    }
}  # fmt: skip


class RememberForm(BaseModel):
    """The fields of the form beside its files."""

    dataset_name: str | None = Field(None, validation_alias=AliasChoices("datasetName"))
    dataset_id: str | None = Field(None, validation_alias=AliasChoices("datasetId"))
    content_type: Literal["", "cogx-archive"] | None = None
    import_mode: str = Field(
        "preserve", description="COGX archive imports only: preserve, hybrid or re-derive."
    )
    run_in_background: bool = False
    raw_data: list[str] = Field(default_factory=list)
    data: list[str] = Field(default_factory=list)
    labels: str | None = None
    external_metadata: str | None = None
    session_id: str | None = None


@router.post("/remember", openapi_extra=_BODY)
async def remember(request: Request, caller: Caller, context: Ctx) -> Response:
    """Take an archive and make a dataset's graph of it."""
    settings = context.settings
    async with (
        context.uploads.enter(),
        received_form(
            request,
            context.places.incoming,
            limit_bytes=settings.max_upload_bytes,
            idle_s=settings.idle_upload_s,
        ) as form,
    ):
        asked = _asked(form)
        jobs = await to_thread.run_sync(_accepted, context, caller, asked, form.files)
    context.dispatcher.wake()
    if asked.run_in_background:
        return JSONResponse(_together([_started(job) for job in jobs]))
    return await patient(_imported(context, jobs), failed=_errored)


def _asked(form: Form) -> RememberForm:
    """Return what a form asks for.

    Raises:
        Refusal: it cannot be done (400).
    """
    try:
        asked = RememberForm.model_validate(form.plain("raw_data", "data"))
    except ValidationError as error:
        raise RequestValidationError(
            [one | {"loc": ("body", *one["loc"])} for one in error.errors()]
        ) from error
    if any(text.strip() for text in asked.data):
        raise invalid(("body", "data"), "Value is not a file")
    if not (asked.dataset_name or asked.dataset_id):
        raise refused(400, "Either datasetId or datasetName must be provided.")
    if any(text.strip() for text in asked.raw_data):
        raise refused(400, "raw_data cannot be sent with an archive.")
    if _says_something(asked.labels) or _says_something(asked.external_metadata):
        raise refused(400, "labels and external_metadata cannot be sent with an archive.")
    if not form.files:
        raise refused(400, f"content_type {ARCHIVE!r} requires an uploaded archive file.")
    if asked.import_mode not in MODES:
        raise refused(400, f"Unknown import_mode {asked.import_mode!r}. Expected one of {MODES}.")
    return asked


def _accepted(
    context: Context, caller: User, asked: RememberForm, files: list[ReceivedFile]
) -> list[Job]:
    """Take files over as jobs: from here on they are the server's, whatever the client does."""
    jobs = []
    counts = [_told_counts(context, file) for file in files]
    with context.database.write() as state:
        dataset = datasets.target(state, caller, asked.dataset_name, asked.dataset_id)
    for file, told in zip(files, counts, strict=True):
        job_id = str(uuid4())
        context.places.job(job_id).mkdir(mode=0o700)
        file.path.rename(context.places.job(job_id) / "archive")
        payload = {
            "file": "archive",
            "name": file.name,
            "sha256": file.sha256,
            "mode": asked.import_mode,
            "dataset_name": dataset.name,
            "told_counts": told,
        }
        with context.database.write() as state:
            add_job(
                state, "import", IMPORT, owner_id=caller.id, dataset_id=dataset.id,
                payload=payload, background=asked.run_in_background, job_id=job_id,
            )  # fmt: skip
            found = job_by_id(state, job_id)
        assert found is not None
        jobs.append(found)
    return jobs


def _told_counts(context: Context, file: ReceivedFile) -> dict[str, int]:
    """Return what an archive's manifest says it holds; the import counts again.

    Raises:
        ArchiveError: it is no archive that can be read (400): nothing of it is kept.
    """
    try:
        with open_archive(file.path, limits=limits_of(context.settings)) as archive:
            return {kind: count for kind, count in archive.counts.items() if count}
    except (ArchiveError, BadSetting) as error:
        raise failed(400, _without_path(str(error), file), code="archive.invalid") from error


def _without_path(text: str, file: ReceivedFile) -> str:
    return text.replace(str(file.path), file.name)


async def _imported(context: Context, jobs: list[Job]) -> dict[str, Any]:
    """Wait for jobs in their order, and say what came of them."""
    results = []
    for job in jobs:
        ended = await context.dispatcher.ended(job.id)
        if ended.error is not None:
            raise failed(
                ended.error["status"], ended.error["text"], code=ended.error.get("code"),
                pipeline_run_id=job.id,
            )  # fmt: skip
        assert ended.result is not None
        results.append(ended.result)
    return _together(results)


def _started(job: Job) -> dict[str, Any]:
    """Return what is answered for a job that was begun in the background."""
    item = {
        "kind": "migration_import",
        "mode": job.payload["mode"],
        "record_counts": job.payload["told_counts"],
        "graph_nodes": 0,
        "graph_edges": 0,
        "graph_import": "running",
        "pipeline_run_id": job.id,
    }
    return {
        "status": "started",
        "dataset_name": job.payload["dataset_name"],
        "dataset_id": job.dataset_id,
        "pipeline_run_id": job.id,
        "items_processed": 0,
        "elapsed_seconds": 0.0,
        "items": [item],
    }


def _together(results: list[dict[str, Any]]) -> dict[str, Any]:
    """Return one answer for several archives: the last one's, with the items of all."""
    return results[-1] | {
        "items_processed": sum(one["items_processed"] for one in results),
        "items": [item for one in results for item in one["items"]],
    }


def _errored(refusal: Refusal) -> dict[str, Any]:
    return {"status": "errored", "items": []} | refusal.body


def _says_something(text: str | None) -> bool:
    return (text or "").strip() not in ("", "{}", "[]", "null", '""')
