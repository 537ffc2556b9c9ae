"""Knows how archives that are pushed are taken: checked, each once, and answered when imported."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, Final

from anyio import to_thread
from fastapi.responses import JSONResponse, Response

from cogx.server import archives, idempotency
from cogx.server.archives import Examined
from cogx.server.context import Context
from cogx.server.form import Form
from cogx.server.idempotency import Once
from cogx.server.identity.users import User
from cogx.server.jobs.queue import Job
from cogx.server.patience import patient
from cogx.server.refusals import refused
from cogx.server.remember_form import Headers, RememberForm, target_of
from cogx.server.social_layer import owner_of
from cogx.server.upload_use import mismatch, with_upload
from cogx.server.waiting import errored, results_of

ARCHIVE: Final = "cogx-archive"

Answer = Callable[[], Coroutine[Any, Any, Response]]
"""What is waited for when the form is closed: others may be received meanwhile."""


async def take_archives(
    context: Context, caller: User, asked: RememberForm, form: Form, told: Headers
) -> Answer:
    """Make imports of the archives of a form, or of an upload, and return what answers for them.

    Raises:
        Refusal: they cannot be imported, or are not what the headers say.
    """
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
        target_of(context, owner if asked.dataset_name else caller, asked, form),
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


def _says_something(text: str | None) -> bool:
    return (text or "").strip() not in ("", "{}", "[]", "null", '""')
