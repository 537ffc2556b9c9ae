"""Knows what a form says of each of its files: labels and metadata, in fields that are JSON."""

from __future__ import annotations

import json
from typing import Any, Final, NamedTuple

from pydantic import TypeAdapter, ValidationError

from cogx.server.bodies import JsonObject
from cogx.server.refusals import Refusal, invalid

_LONGEST_LABEL: Final = 500
_OBJECT: Final = TypeAdapter[dict[str, Any]](JsonObject)


class About(NamedTuple):
    """What is said of one file."""

    label: str | None = None
    metadata: dict[str, Any] | None = None


def about_files(number: int, labels: str | None, metadata: str | None) -> list[About]:
    """Return what is said of each file of a form.

    Args:
        labels, metadata: JSON: a list with one for each file, in their order, or what is said of
            every one.

    Raises:
        Refusal: it is something else (400).
    """
    said = zip(
        _each(number, labels, "labels"), _each(number, metadata, "external_metadata"), strict=True
    )
    return [About(_label(label), _metadata(one)) for label, one in said]


def _each(number: int, text: str | None, name: str) -> list[Any]:
    if not (text or "").strip():
        return [None] * number
    try:
        told = json.loads(text or "")
    except (ValueError, RecursionError) as error:
        raise _wrong(name, "It is no JSON.") from error
    if not isinstance(told, list):
        return [told] * number
    if told and len(told) != number:
        raise _wrong(name, f"There are {number} files, and it says something of {len(told)}.")
    return told or [None] * number


def _label(told: Any) -> str | None:
    if told is None or (isinstance(told, str) and len(told) <= _LONGEST_LABEL):
        return told or None
    raise _wrong("labels", f"A label is a text of at most {_LONGEST_LABEL} characters.")


def _metadata(told: Any) -> dict[str, Any] | None:
    if told is None:
        return None
    try:
        return _OBJECT.validate_python(told, strict=True)
    except ValidationError as error:
        raise _wrong("external_metadata", "What is said of a file is an object.") from error


def _wrong(name: str, text: str) -> Refusal:
    return invalid(("body", name), text)
