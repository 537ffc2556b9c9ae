"""Knows which values of a cognee graph an archive keeps, and makes a table of it.

Must never import cogx or cognee: it counts what records say.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from . import comparison
from .comparison import Record

VARIABLE = "COGX_WRITE_FIDELITY"
PAGE = Path(__file__).parents[2] / "docs" / "fidelity.md"

_FIELDS = {
    "fact_text": "edge_text",
    **{name: name for name in ("name", "description", "created_at", "updated_at")},
    **{name: name for name in ("valid_at", "invalid_at", "confidence")},
}
"""Which field of a record says which property."""


@dataclass
class Row:
    """How many values of one sort are in the store and in either archive."""

    what: str
    in_store: int = 0
    kept_by_cognee: int = 0
    kept_by_cogx: int = 0
    lost: Counter[str] = field(default_factory=Counter)


def compare(graph: list[Record], theirs: list[Record], ours: list[Record]) -> list[Row]:
    """Count the values that are not null: by entities, other nodes and edges."""
    rows = {name: Row(name) for name in ("entities", "other nodes", "edges")}
    by_theirs, by_ours = _names_by_key(theirs), _names_by_key(ours)
    for line in graph:
        key, stored = _properties(line)
        what = "edges" if "edge" in line else "entities" if key in _entities(theirs) else None
        row = rows[what or "other nodes"]
        for name, value in stored.items():
            if value is None:
                continue
            row.in_store += 1
            row.kept_by_cogx += name in by_ours[key]
            row.kept_by_cognee += name in by_theirs[key]
            if name not in by_theirs[key]:
                row.lost[name] += 1
    return list(rows.values())


def table(rows: list[Row]) -> str:
    """Return the counts as a table."""
    head = "| values of | in the store | cognee's export | cogx | lost by cognee's export |"
    lines = [head, "|---|--:|--:|--:|---|"]
    for row in rows:
        lost = ", ".join(f"`{name}`" for name in sorted(row.lost)) or "none"
        lines.append(
            f"| {row.what} | {row.in_store} | {row.kept_by_cognee} | {row.kept_by_cogx} | {lost} |"
        )
    return "\n".join(lines)


def tell(part: str, made: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Print a table, and put it into its part of the page if the environment asks for it."""
    with capsys.disabled():
        sys.stdout.write(f"\n{made}\n")
    if os.environ.get(VARIABLE):
        page = PAGE.read_text("utf-8")
        start, end = f"<!-- made: {part} -->\n", "\n<!-- end -->"
        before, _, rest = page.partition(start)
        assert rest, f"{PAGE} has no part {part}"
        PAGE.write_text(before + start + made + end + rest.partition(end)[2], "utf-8")


def values_by_key(graph: list[Record]) -> dict[str, Record]:
    """Return the properties of every node, by id, and of every edge, by its three parts."""
    return dict(map(_properties, graph))


def _properties(line: Record) -> tuple[str, Record]:
    if "edge" in line:
        source, target, relation, stored = line["edge"]
        return f"{source}:{relation}:{target}", stored
    node = line["node"]
    return node["id"], {name: value for name, value in node.items() if name != "id"}


def _entities(records: list[Record]) -> set[str]:
    return {record["external_id"] for record in records if record["kind"] == "entity"}


def _names_by_key(records: list[Record]) -> dict[str, set[str]]:
    """Return the properties that the records of each node or edge tell."""
    found: dict[str, set[str]] = {}
    for record in records:
        if record["kind"] != "document":
            found.setdefault(comparison.record_key(record)[1], set()).update(_names(record))
    return found


def _names(record: Record) -> Iterator[str]:
    if record["kind"] == "raw_node":
        yield from record["properties"]
        return
    if record["kind"] == "entity":
        yield "type"  # the kind says it
    yield from (_FIELDS[name] for name, value in record.items() if name in _FIELDS and value)
    for name in ("attributes", "metadata"):
        yield from record.get(name) or ()
