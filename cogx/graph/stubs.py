"""Knows which records only hold the place of a thing that was not selected; changes none.

Source: spec/format.md#selection-stubs.
"""

from __future__ import annotations

from typing import Any

from cogx.format.marks import STUB_MARK


def is_marked_stub(kind: str, record: Any) -> bool:
    """Tell whether a record is a stub of a selection: it says no more than id, name and type.

    Args:
        kind: the record's kind; only entities and raw nodes can be stubs.
        record: a hot-path record or a model.
    """
    if kind == "entity":
        return bool(record.metadata) and record.metadata.get(STUB_MARK) is True
    return kind == "raw_node" and record.properties.get(STUB_MARK) is True
