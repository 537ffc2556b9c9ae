"""Knows what the one entity of a group says, and where what gave way is kept; finds no group.

Source: docs/resolve.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from cogx.codec.canonical import encode
from cogx.codec.lines import canonical_line
from cogx.format.marks import STUB_MARK
from cogx.transform.merging import merged

RESOLVED: Final = "resolved"
"""The key of metadata that says which entities became part of this one."""
_UNITED: Final = ("attributes", "metadata", "scope")
_OF_IDENTITY: Final = "external_system"


def joined(records: Sequence[Any], survivor: str) -> tuple[Any, list[str]]:
    """Return one entity of several records, and the paths of the values that gave way.

    The survivor's name, id and system stay; other names become aliases. Where values differ, the
    record with the later updated_at speaks, one without a time after those with one; among equals
    the survivor, then the smaller id. What gave way stands in ``metadata.resolved``, beside the id
    and the name of its entity. The order of the records does not matter.
    """
    lines = {id(one): canonical_line(one) for one in records}
    ordered = sorted(
        records, key=lambda one: (one.external_id != survivor, one.external_id, lines[id(one)])
    )
    earlier = [entry for one in ordered for entry in _taken_out(one)]
    ids = [one.external_id for one in ordered]
    paths: list[str] = []
    made = merged(ordered, survivor, paths.append)
    gave_way = _settle(made, ordered, list(dict.fromkeys(paths)))
    entries = [
        entry
        for identity, one in zip(ids, ordered, strict=True)
        if (entry := _entry(identity, one, made, gave_way)) is not None
    ]
    said = made.metadata | {RESOLVED: [*earlier, *entries]}
    if not all(STUB_MARK in one.metadata for one in ordered):
        said.pop(STUB_MARK, None)  # what one of them says in full is no mere place any more
    made.metadata = said
    return made, gave_way


def _taken_out(record: Any) -> list[Any]:
    """Return what a record says of entities that became part of it before, and leave it out."""
    entries = record.metadata.get(RESOLVED)
    if not isinstance(entries, list):
        return []
    record.metadata = {key: value for key, value in record.metadata.items() if key != RESOLVED}
    return entries


def _settle(made: Any, ordered: Sequence[Any], paths: Sequence[str]) -> list[str]:
    """Let the right record speak where they differ; return the paths where a value gave way."""
    speaking = sorted(ordered, key=_age)
    gave_way = []
    for path in paths:
        values = [value for one in speaking if (value := _get(one, path)) is not None]
        if values and path != _OF_IDENTITY:
            _set(made, path, values[0])
        if len({encode(value) for value in values}) > 1:
            gave_way.append(path)
    return gave_way


def _age(record: Any) -> tuple[bool, float]:
    changed = record.updated_at
    return (True, 0.0) if changed is None else (False, -changed.timestamp())


def _entry(identity: str, record: Any, made: Any, gave_way: Sequence[str]) -> dict[str, Any] | None:
    """Return what is said of one entity that became part of another, or lost a value to it."""
    was = {
        path: value
        for path in gave_way
        if (value := _get(record, path)) is not None and encode(value) != encode(_get(made, path))
    }
    if identity == made.external_id and not was:
        return None
    said: dict[str, Any] = {"id": identity, "name": record.name}
    return said | {"was": was} if was else said


def _get(record: Any, path: str) -> Any:
    place, _, key = path.partition(".")
    if key and place in _UNITED:
        return getattr(record, place).get(key)
    return getattr(record, path, None)


def _set(record: Any, path: str, value: Any) -> None:
    place, _, key = path.partition(".")
    if key and place in _UNITED:
        setattr(record, place, getattr(record, place) | {key: value})
    else:
        setattr(record, path, value)
