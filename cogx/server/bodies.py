"""Knows how answers look that many routes share: casing and instants."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Camel(BaseModel):
    """A body whose names are camelCase on the wire, and are taken in snake_case, too."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore")


def instant(moment: datetime | None) -> str | None:
    """Return an instant as it stands in answers, always with its offset."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def without_nones(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body without what is not there."""
    return {name: value for name, value in body.items() if value is not None}
