"""Knows what is left of a record that only holds a place; not which records those are.

Source: spec/format.md#selection-stubs.
"""

from __future__ import annotations

from typing import Any, Final

from cogx.codec.from_values import line_type
from cogx.codec.lines import RawLine
from cogx.format.marks import STUB_MARK

_RAW_KEPT: Final = ("id", "type", "name")


def stub_of(kind: str, record: Any, *, by_title: bool = True) -> Any:
    """Return the stub of a record of any kind: a raw node for a raw node, else an entity.

    Args:
        kind: the record's kind.
        record: a hot-path record or a model; it stays as it is.
        by_title: whether what has no name may go by its title; else it goes by its id.
    """
    if kind == "raw_node":
        kept = {key: record.properties[key] for key in _RAW_KEPT if key in record.properties}
        return RawLine({**kept, STUB_MARK: True})
    title = title_of(kind, record) if by_title else None
    return line_type("entity")(
        kind="entity",
        external_system=record.external_system,
        external_id=record.external_id,
        name=title or record.external_id,
        entity_type=record.entity_type if kind == "entity" else None,
        metadata={STUB_MARK: True},
    )


def title_of(kind: str, record: Any) -> str | None:
    """Return what people call the thing behind a typed record, None if nothing."""
    if kind == "entity":
        return str(record.name)
    if kind in {"document", "episode"}:
        return record.title or None
    return None
