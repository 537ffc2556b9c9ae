"""Knows how answers look that many routes share: casing and instants."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

_LARGEST_OBJECT: Final = 1 << 20
_DEEPEST: Final = 64


class Camel(BaseModel):
    """A body whose names are camelCase on the wire, and are taken in snake_case, too."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore")


def _plain(value: dict[str, Any]) -> dict[str, Any]:
    try:
        size = len(json.dumps(value, allow_nan=False, ensure_ascii=False).encode())
    except (ValueError, RecursionError) as error:
        raise ValueError("holds a number or a text that JSON has not") from error
    if size > _LARGEST_OBJECT or _is_deep(value, _DEEPEST):
        raise ValueError(f"is larger than {_LARGEST_OBJECT} bytes or deeper than {_DEEPEST}")
    return value


def _is_deep(value: Any, left: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    inside = value.values() if isinstance(value, dict) else value
    return left == 0 or any(_is_deep(one, left - 1) for one in inside)


JsonObject = Annotated[dict[str, Any], AfterValidator(_plain)]
"""An object that is kept as it is: what Python reads from a body may be more than JSON."""


Name = Annotated[str, Field(max_length=500)]
"""What something is called, by people or by programs: a dataset, a session, an id."""
Text = Annotated[str, Field(max_length=100_000)]
"""What somebody says or asks."""
Names = Annotated[list[Name], Field(max_length=1000)]


def instant(moment: datetime | None) -> str | None:
    """Return an instant as it stands in answers, always with its offset."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def without_nones(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body without what is not there."""
    return {name: value for name, value in body.items() if value is not None}
