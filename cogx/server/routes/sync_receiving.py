"""Knows the routes that others sync their files to, as cognee's client calls them.

Source: spec/wire.md#sync.
"""

from __future__ import annotations

from typing import Annotated, Any, Final
from urllib.parse import quote

from anyio import to_thread
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from cogx.server import data, quota, raw_data
from cogx.server.about_files import About, about_files
from cogx.server.bodies import Name
from cogx.server.context import Caller, Context, Ctx
from cogx.server.datasets import Dataset, Uuid
from cogx.server.downloads import Download
from cogx.server.form import ReceivedFile
from cogx.server.forms import checked, multipart, received
from cogx.server.identity.users import User
from cogx.server.intake import Taken, check_forms
from cogx.server.refusals import invalid, refused
from cogx.server.routes import add
from cogx.server.routes.answers import answers
from cogx.server.synced_datasets import synced_dataset
from cogx.server.upload_use import mismatch

_MARK: Final = "cogx_sync"
"""Where our client looks for the id of what it has sent."""
_FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"application/octet-stream": {}}},
    206: {"content": {"application/octet-stream": {}}},
}

router: Final = APIRouter(prefix="/api", tags=["sync"])


class Difference(BaseModel):
    """What a dataset holds where it comes from."""

    hashes: list[Name] = Field(description="MD5 of each file.")
    dataset_name: Name | None = Field(
        None, description="What the dataset is called; made if it is missing."
    )


class SentFile(BaseModel):
    """What is said of a file beside its bytes."""

    dataset_name: Name | None = Field(None, description="Made if it is missing.")
    md5: str | None = Field(None, description="Of the file; checked.")
    mime_type: Name | None = None
    extension: Name | None = None
    labels: str | None = Field(None, description="JSON: a list of one text.")
    external_metadata: str | None = Field(None, description="JSON: a list of one object.")


class Kept(BaseModel):
    """What is to stay."""

    items: list[Name] = Field(description="MD5 of each file that stays.")


@router.post("/sync/{dataset_id}/diff", responses=answers(403, 422))
def diff(dataset_id: Uuid, body: Difference, caller: Caller, context: Ctx) -> dict[str, list[str]]:
    """Say which files are missing here, and which are missing there."""
    there = {one.lower() for one in body.hashes}
    with context.database.write() as state:
        dataset = synced_dataset(state, caller, "write", dataset_id, body.dataset_name)
    with context.database.read() as state:
        here = data.hashes(state, dataset.id)
    missing = [one for one in dict.fromkeys(body.hashes) if one.lower() not in here]
    return {"missing_on_remote": missing, "missing_on_local": sorted(here - there)}


@router.put(
    "/sync/{dataset_id}/data/{data_id}",
    openapi_extra=multipart(SentFile),
    responses=answers(400, 403, 408, 413, 415, 422, 429),
)
async def put_file(
    dataset_id: Uuid,
    data_id: Uuid,
    request: Request,
    caller: Caller,
    context: Ctx,
    _: quota.HasRoom,
) -> dict[str, Any]:
    """Keep a file; its MD5 is checked."""
    async with received(request, context) as form:
        asked = checked(SentFile, form)
        if len(form.files) != 1:
            raise invalid(("body", "file"), "Send one file.")
        file = form.files[0]
        if asked.md5 and asked.md5.lower() != file.md5:
            raise mismatch()
        if asked.extension and "." not in file.name:
            file.name += f".{asked.extension}"
        file.mime_type = asked.mime_type or file.mime_type
        dataset, taken = await to_thread.run_sync(
            _kept, context, caller, (dataset_id, asked.dataset_name), file, _about(asked, data_id)
        )
    return {
        "data_id": data_id,
        "dataset_id": dataset.id,
        "name": taken.items[0]["name"],
        "md5": file.md5,
        "sha256": file.sha256,
    }


@router.get(
    "/sync/{dataset_id}/data/{md5}",
    response_class=Response,
    responses=_FILE | answers(403, 404, 416),
)
def get_file(
    dataset_id: Uuid,
    md5: Name,
    caller: Caller,
    context: Ctx,
) -> Response:
    """Give a file by its MD5, with its name in X-File-Name."""
    with context.database.read() as state:
        dataset = synced_dataset(state, caller, "read", dataset_id)
        found = data.by_md5(state, dataset.id, md5.lower())
    if found is None or found.file_name is None:
        raise refused(404, "There is no file of this hash in the dataset.", "EntityNotFoundError")
    name = f"{found.name}.{found.extension}" if found.extension else found.name
    return Download(
        context.places.file(dataset.id, found.file_name),
        media_type=found.mime_type,
        headers={"X-File-Name": quote(name, safe=" ()[]+,;=@!&'")},
    )


@router.put("/sync/{dataset_id}", responses=answers(400, 403))
def prune(
    dataset_id: Uuid,
    body: Kept,
    caller: Caller,
    context: Ctx,
    prune: Annotated[bool, Query(description="Must be true.")] = False,
) -> dict[str, int]:
    """Remove the files that are not listed; what the graph knows of them stays."""
    kept = {one.lower() for one in body.items}
    with context.database.write() as state:
        dataset = synced_dataset(state, caller, "delete", dataset_id)
        if not prune:
            raise invalid(("query", "prune"), "There is nothing else to do here than prune=true.")
        gone = data.remove_others(state, dataset.id, kept)
    for one in gone:
        context.places.file(dataset.id, one).unlink(missing_ok=True)
    return {"deleted_database_entries": len(gone), "deleted_files_from_storage": len(gone)}


@router.post("/cognify", responses=answers(402, 403, 404, 409, 422, 502))
async def cognify(body: add.Cognify, caller: Caller, context: Ctx) -> Response:
    """Make graphs of files; datasets go by the ids that they have where they come from, too."""

    def here() -> list[str]:
        with context.database.read() as state:
            told = [synced_dataset(state, caller, "write", one) for one in body.dataset_ids or ()]
        return [one.id for one in told]

    body.dataset_ids = await to_thread.run_sync(here) or None
    return await add.cognify(body, caller, context)


def _about(asked: SentFile, data_id: str) -> About:
    told = about_files(1, asked.labels, asked.external_metadata)[0]
    return About(told.label, {_MARK: {"document": data_id}} | (told.metadata or {}))


def _kept(
    context: Context, caller: User, told: tuple[str, str | None], file: ReceivedFile, about: About
) -> tuple[Dataset, Taken]:
    kinds = check_forms([file])
    with context.database.write() as state:
        dataset = synced_dataset(state, caller, "write", *told)
        quota.check(context, dataset.owner_id, file.size_bytes)
    return dataset, raw_data.keep(context, dataset, [file], kinds, [about])
