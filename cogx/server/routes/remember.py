"""Knows ``POST /remember``: where archives arrive, and what else is to be remembered."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from cogx.server import quota, raw_data, sessions
from cogx.server.about_files import about_files
from cogx.server.context import Caller, Context, Ctx
from cogx.server.form import Form
from cogx.server.forms import checked, multipart, received
from cogx.server.identity.users import User
from cogx.server.intake import check_forms, received_texts, texts_of
from cogx.server.patience import patient
from cogx.server.pushes import ARCHIVE, Answer, take_archives
from cogx.server.refusals import failed, invalid, refused
from cogx.server.remember_form import RememberForm, Told, target_of
from cogx.server.routes.answers import answers
from cogx.server.upload_use import with_upload
from cogx.server.waiting import errored, results_of

_KNOWN: Final = ("", ARCHIVE)

router: Final = APIRouter(prefix="/api/v1", tags=["remember"])


@router.post(
    "/remember",
    openapi_extra=multipart(RememberForm),
    responses=answers(400, 402, 403, 404, 408, 409, 413, 415, 422, 429, 502),
)
async def remember(
    request: Request,
    caller: Caller,
    context: Ctx,
    told: Told,
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
            answer = await take_archives(context, caller, asked, form, told)
        else:
            async with with_upload(context, caller, form, asked.upload_id):
                answer = await _contents(context, caller, asked, form)
    return await answer()


async def _contents(context: Context, caller: User, asked: RememberForm, form: Form) -> Answer:
    if asked.session_id:
        kept = await to_thread.run_sync(_in_session, context, caller, asked, form)
        return partial(_at_once, kept)
    form.files += await to_thread.run_sync(received_texts, context.places, asked.raw_data)
    if not form.files:
        raise refused(400, "There is nothing to remember: no file and no text was sent.")

    def begin() -> Any:
        about = about_files(len(form.files), asked.labels, asked.external_metadata)
        kinds = check_forms(form.files)
        dataset = target_of(context, caller, asked, form)
        taken = raw_data.keep(context, dataset, form.files, kinds, about)
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
