"""Forms are described by the models that check them."""

from __future__ import annotations

from typing import Any

from pydantic import AliasChoices, BaseModel, Field

from cogx.server.forms import multipart


class Sent(BaseModel):
    """A form of one field of each kind."""

    named: str | None = Field(
        None, max_length=5, validation_alias=AliasChoices("itsName"), description="A name."
    )
    flag: bool = False
    texts: list[str] = Field(default_factory=list)


def described() -> dict[str, Any]:
    """Return the fields of the form by their names on the wire."""
    content = multipart(Sent)["requestBody"]["content"]["multipart/form-data"]
    fields: dict[str, Any] = content["schema"]["properties"]
    return fields


def test_a_field_that_may_be_missing_is_no_null() -> None:
    told = {"type": "string", "maxLength": 5, "description": "A name."}
    assert described()["itsName"] == told


def test_fields_keep_their_types() -> None:
    fields = described()
    assert fields["flag"] == {"type": "boolean", "default": False}
    assert fields["texts"] == {"type": "array", "items": {"type": "string"}}


def test_files_stand_beside_them() -> None:
    assert described()["data"]["items"] == {"type": "string", "format": "binary"}
