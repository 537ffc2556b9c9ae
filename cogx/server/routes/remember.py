"""Knows ``POST /remember``: where archives arrive, and what else is to be remembered."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Annotated, Any, Final, NamedTuple

from anyio import to_thread
from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import JSONResponse, Response
from pydantic import AliasChoices, BaseModel, Field

from cogx.server import archives, idempotency, quota, raw_data, sessions
from cogx.server.archives import Examined
from cogx.server.bodies import Name, Text
from cogx.server.context import Caller, Context, Ctx
from cogx.server.datasets import Dataset, target
from cogx.server.form import Form
from cogx.server.forms import checked, multipart, received
from cogx.server.idempotency import Once
from cogx.server.identity.users import User
from cogx.server.intake import received_texts, texts_of
from cogx.server.jobs.queue import Job
from cogx.server.patience import patient
from cogx.server.refusals import failed, invalid, refused
from cogx.server.routes.answers import answers
from cogx.server.social_layer import owner_of
from cogx.server.upload_use import mismatch, with_upload
from cogx.server.waiting import errored, results_of

ARCHIVE: Final = "cogx-archive"
_KNOWN: Final = ("", ARCHIVE)
_SHA256: Final = re.compile("[0-9A-Fa-f]{64}")

router: Final = APIRouter(prefix="/api/v1", tags=["remember"])


class RememberForm(BaseModel):
    """The fields of the form beside its files."""

    dataset_name: Name | None = Field(
        None,
        validation_alias=AliasChoices("datasetName"),
        description="The dataset, made if it is missing.",
    )
    dataset_id: Name | None = Field(
        None,
        validation_alias=AliasChoices("datasetId"),
        description="A dataset that is there, if no name is given.",
    )
    content_type: str = Field("", description="cogx-archive for COGX archives; else empty.")
    import_mode: str = Field(
        "preserve", description="COGX archive imports only: preserve, hybrid or re-derive."
    )
    run_in_background: bool = Field(False, description="Answer before it is done.")
    include_permissions: bool = Field(
        False, description="COGX archives of a superuser only: import accounts and rights, too."
    )
    raw_data: list[str] = Field(default_factory=list, description="Texts.")
    data: list[str] = Field(default_factory=list)
    labels: str | None = None
    external_metadata: str | None = None
    session_id: Name | None = Field(
        None, description="Keep texts in this session, and not in the graph."
    )
    custom_prompt: Text | None = None
    upload_id: Name | None = Field(
        None, description="A resumable upload that is complete, in the place of a file."
    )


class Told(NamedTuple):
    """What the headers of a push say of it."""

    sha256: str | None
    key: str | None


def _told(
    x_cogx_sha256: Annotated[str | None, Header()] = None,
    idempotency_key: Annotated[str | None, Header()] = None,
) -> Told:
    if x_cogx_sha256 is not None and not _SHA256.fullmatch(x_cogx_sha256):
        raise invalid(("header", "x-cogx-sha256"), "A SHA-256 has 64 hex digits.")
    return Told(x_cogx_sha256, idempotency.checked_key(idempotency_key))


Answer = Callable[[], Coroutine[Any, Any, Response]]
"""What is waited for when the form is closed: others may be received meanwhile."""


@router.post(
    "/remember",
    openapi_extra=multipart(RememberForm),
    responses=answers(400, 402, 403, 404, 408, 409, 413, 415, 422, 429, 502),
)
async def remember(
    request: Request,
    caller: Caller,
    context: Ctx,
    told: Annotated[Told, Depends(_told)],
    _: quota.HasRoom,
) -> Response:
    """Take an archive and make a dataset's graph of it, or make memory of files and texts."""
    async with received(request, context) as form:
        asked = checked(RememberForm, form, "raw_data", "data")
        if asked.content_type not in _KNOWN:
            raise refused(
                400,
                f"Unsupported content_type {asked.content_type!r}. Use {ARCHIVE!r}, or leave it "
                "empty for files and texts.",
            )
        if any(text.strip() for text in asked.data):
            raise invalid(("body", "data"), "Value is not a file")
        if not (asked.dataset_name or asked.dataset_id):
            raise refused(400, "Either datasetId or datasetName must be provided.")
        if asked.content_type == ARCHIVE:
            answer = await _archives(context, caller, asked, form, told)
        else:
            async with with_upload(context, caller, form, asked.upload_id):
                answer = await _contents(context, caller, asked, form)
    return await answer()


async def _archives(
    context: Context, caller: User, asked: RememberForm, form: Form, told: Told
) -> Answer:
    _check_archives(asked, form)
    once = Once(caller, told.key, _request(asked, form))
    jobs = await to_thread.run_sync(once.earlier, context)
    if jobs is not None:
        if not asked.run_in_background:
            idempotency.check_ended(jobs)
        return partial(_imported, context, asked, jobs)
    async with with_upload(context, caller, form, asked.upload_id):
        if told.sha256 and [told.sha256.lower()] != [file.sha256 for file in form.files]:
            raise mismatch()
        jobs = await to_thread.run_sync(_accepted, context, caller, asked, form, once)
    context.dispatcher.wake()
    return partial(_imported, context, asked, jobs)


def _accepted(
    context: Context, caller: User, asked: RememberForm, form: Form, once: Once
) -> list[Job]:
    examined = archives.examine(context, caller, form.files)
    included = asked.include_permissions
    owner = _owner(context, caller, examined) if included else caller
    return archives.accept(
        context,
        caller,
        _target(context, owner if asked.dataset_name else caller, asked, form),
        asked.import_mode,
        archives=examined,
        with_permissions=included,
        background=asked.run_in_background,
        once=once,
    )


def _owner(context: Context, caller: User, examined: Sequence[Examined]) -> User:
    """Return as whom archives are imported that tell of accounts."""
    layers = [one.social for one in examined if one.social is not None]
    if len(layers) > 1:
        raise refused(400, "Send archives with permissions.json one by one.")
    with context.database.write() as state:
        return owner_of(state, layers[0], caller) if layers else caller


async def _imported(context: Context, asked: RememberForm, jobs: list[Job]) -> Response:
    if asked.run_in_background:
        return JSONResponse(archives.together([archives.started(job) for job in jobs]))

    async def done() -> dict[str, Any]:
        return archives.together(await results_of(context, jobs))

    return await patient(done(), failed=errored)


def _request(asked: RememberForm, form: Form) -> dict[str, Any]:
    """Return what makes a push the same as another."""
    return {
        "dataset": asked.dataset_name or asked.dataset_id,
        "mode": asked.import_mode,
        "permissions": asked.include_permissions,
        "background": asked.run_in_background,
        "sha256": [file.sha256 for file in form.files],
        "upload_id": asked.upload_id,
    }


def _check_archives(asked: RememberForm, form: Form) -> None:
    if any(text.strip() for text in asked.raw_data):
        raise refused(400, "raw_data cannot be sent with an archive.")
    if _says_something(asked.labels) or _says_something(asked.external_metadata):
        raise refused(400, "labels and external_metadata cannot be sent with an archive.")
    if bool(form.files) is bool(asked.upload_id):
        raise refused(
            400, f"content_type {ARCHIVE!r} requires an uploaded archive file, or upload_id."
        )
    if asked.import_mode not in archives.MODES:
        raise refused(
            400,
            f"Unknown import_mode {asked.import_mode!r}. Expected one of {archives.MODES}.",
        )


async def _contents(context: Context, caller: User, asked: RememberForm, form: Form) -> Answer:
    if asked.session_id:
        kept = await to_thread.run_sync(_in_session, context, caller, asked, form)
        return partial(_at_once, kept)
    form.files += await to_thread.run_sync(received_texts, context.places, asked.raw_data)
    if not form.files:
        raise refused(400, "There is nothing to remember: no file and no text was sent.")

    def begin() -> Any:
        dataset = _target(context, caller, asked, form)
        taken = raw_data.keep(context, dataset, form.files)
        job = raw_data.cognify(
            context,
            caller,
            dataset,
            data_ids=[row["id"] for row in taken.items],
            prompt=asked.custom_prompt,
            background=asked.run_in_background,
        )
        return job, taken

    job, taken = await to_thread.run_sync(begin)
    if asked.run_in_background:
        return partial(_at_once, raw_data.running(job, taken))

    async def done() -> dict[str, Any]:
        return (await results_of(context, [job]))[0]

    async def answer() -> Response:
        return await patient(done(), failed=errored)

    return answer


async def _at_once(body: dict[str, Any]) -> Response:
    return JSONResponse(body)


def _in_session(context: Context, caller: User, asked: RememberForm, form: Form) -> dict[str, Any]:
    """Keep texts in a session; cognee's client sends a text as a file."""
    sent = [*(one.text for one in texts_of(form.files)), *asked.raw_data]
    texts = [text for text in sent if text.strip()]
    if not texts:
        raise failed(400, "A session keeps texts: send them as files or as raw_data.")
    with context.database.write() as state:
        for text in texts:
            said = {"answer": text}  # As cognee shows it: an answer to no question.
            sessions.keep(state, caller.id, "text", answer=said, session_id=asked.session_id)
    return {
        "status": "session_stored",
        "dataset_name": asked.dataset_name,
        "dataset_id": asked.dataset_id,
        "pipeline_run_id": None,
        "session_ids": [asked.session_id],
        "items_processed": len(texts),
        "elapsed_seconds": 0.0,
        "items": [],
    }


def _target(context: Context, caller: User, asked: RememberForm, form: Form) -> Dataset:
    with context.database.write() as state:
        dataset = target(state, caller, asked.dataset_name, asked.dataset_id)
        # Here, so that no dataset is made for what is too large for its owner.
        quota.check(context, dataset.owner_id, sum(file.size_bytes for file in form.files))
    return dataset


def _says_something(text: str | None) -> bool:
    return (text or "").strip() not in ("", "{}", "[]", "null", '""')
