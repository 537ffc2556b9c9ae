"""Knows what deserves a warning in a record that is well-formed; reads no bytes.

Works on whole lists of records of one kind: a warning is rare, so the rule is one quick look
at every record and a second one at the few that catch the eye. Source: spec/format.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any

Notice = tuple[int, str, str, str]
"""Index of the record in its list, code, message, field."""

_CLOCK_SKEW = timedelta(days=1)


def iter_notices(kind: str, records: Sequence[Any], ids: Sequence[str]) -> Iterator[Notice]:
    """Yield every warning about the values of well-formed records of one kind."""
    if list(map(str.strip, ids)) != ids:
        field = "id" if kind == "raw_node" else "external_id"
        for index, text in enumerate(ids):
            if text != text.strip():
                yield index, "record.id-form", "spaces around an id", field
    if kind == "raw_node":
        return
    yield from _future(records, "created_at")
    yield from _future(records, "updated_at")
    if kind == "fact":
        yield from _facts(records)
    elif kind == "memory_block":
        for index, block in enumerate(records):
            if block.limit is not None and len(block.value) > block.limit:
                message = f"{len(block.value):,} characters, limit {block.limit:,}"
                yield index, "memory_block.limit", message, "value"


def _future(records: Sequence[Any], name: str) -> Iterator[Notice]:
    latest = datetime.now(UTC) + _CLOCK_SKEW
    moments = list(map(attrgetter(name), records))
    if max(filter(None, moments), default=latest) <= latest:
        return
    for index, moment in enumerate(moments):
        if moment is not None and moment > latest:
            yield index, "time.future", moment.isoformat(), name


def _facts(facts: Sequence[Any]) -> Iterator[Notice]:
    if any(map(attrgetter("invalid_at"), facts)):
        for index, fact in enumerate(facts):
            until = fact.invalid_at
            if until is not None and fact.valid_at is not None and until < fact.valid_at:
                yield index, "time.order", "invalid_at is before valid_at", "invalid_at"
    if any(map(attrgetter("confidence"), facts)):
        for index, fact in enumerate(facts):
            sure = fact.confidence
            if sure is not None and not 0 <= sure <= 1:
                yield index, "fact.confidence", f"{sure} is outside 0..1", "confidence"
