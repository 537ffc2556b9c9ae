"""Knows what ``POST /remember`` is told by its form and headers, and which dataset is meant."""

from __future__ import annotations

import re
from typing import Annotated, Final, NamedTuple

from fastapi import Depends, Header
from pydantic import AliasChoices, BaseModel, Field

from cogx.server import quota
from cogx.server.bodies import Name, Text
from cogx.server.context import Context
from cogx.server.datasets import Dataset, target
from cogx.server.form import Form
from cogx.server.idempotency import checked_key
from cogx.server.identity.users import User
from cogx.server.refusals import invalid

_SHA256: Final = re.compile("[0-9A-Fa-f]{64}")


class DataForm(BaseModel):
    """The fields that forms of raw data share, beside their files."""

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
    raw_data: list[str] = Field(default_factory=list, description="Texts.")
    labels: str | None = Field(None, description="JSON: a list of a text for each file.")
    external_metadata: str | None = Field(
        None, description="JSON: a list of an object for each file."
    )
    upload_id: Name | None = Field(
        None, description="A resumable upload that is complete, in the place of a file."
    )


class RememberForm(DataForm):
    """The fields of what is to be remembered."""

    content_type: str = Field("", description="cogx-archive for COGX archives; else empty.")
    import_mode: str = Field(
        "preserve", description="COGX archive imports only: preserve, hybrid or re-derive."
    )
    run_in_background: bool = Field(False, description="Answer before it is done.")
    include_permissions: bool = Field(
        False, description="COGX archives of a superuser only: import accounts and rights, too."
    )
    data: list[str] = Field(default_factory=list)
    session_id: Name | None = Field(
        None, description="Keep texts in this session, and not in the graph."
    )
    custom_prompt: Text | None = None


class Headers(NamedTuple):
    """What the headers of a push say of it."""

    sha256: str | None
    key: str | None


def _headers(
    x_cogx_sha256: Annotated[str | None, Header()] = None,
    idempotency_key: Annotated[str | None, Header()] = None,
) -> Headers:
    if x_cogx_sha256 is not None and not _SHA256.fullmatch(x_cogx_sha256):
        raise invalid(("header", "x-cogx-sha256"), "A SHA-256 has 64 hex digits.")
    return Headers(x_cogx_sha256, checked_key(idempotency_key))


Told = Annotated[Headers, Depends(_headers)]


def target_of(context: Context, caller: User, asked: RememberForm, form: Form) -> Dataset:
    """Return the dataset to write to, made if it is missing and its owner may keep the files.

    Raises:
        Refusal: none is told of (400), it may not be written (403), or there is no room (413).
    """
    with context.database.write() as state:
        dataset = target(state, caller, asked.dataset_name, asked.dataset_id)
        # Within: no dataset is made for what is too large.
        quota.check(context, dataset.owner_id, sum(file.size_bytes for file in form.files))
    return dataset
