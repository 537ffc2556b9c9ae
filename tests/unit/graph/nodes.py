"""Nodes and edges as an import makes them of records, and what they say."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from cogx.codec.lines import canonical_line
from cogx.format.records import MODEL_OF_KIND, AnyRecord, RawNode
from cogx.graph.mapping import attach_twin, edge_of, facts_of, node_of, records_of
from cogx.ports import Edge, Node
from tests.unit.transform.record_list import hot, tagged

SYSTEM = "s"
Records = Counter[tuple[str, bytes]]


def entity(**fields: Any) -> AnyRecord:
    return _typed("entity", {"name": "Ann"} | fields)


def document(**fields: Any) -> AnyRecord:
    return _typed("document", {"content": "text"} | fields)


def raw(**properties: Any) -> AnyRecord:
    return RawNode(properties={"id": "a", **properties})


def fact(**fields: Any) -> AnyRecord:
    base = {"external_id": "f", "subject_ref": "a", "predicate": "p", "object_ref": "b"}
    return _typed("fact", base | fields)


def _typed(kind: str, fields: dict[str, Any]) -> AnyRecord:
    base = {"external_id": "a", "external_system": SYSTEM}
    return MODEL_OF_KIND[kind].model_validate(base | fields)  # type: ignore[return-value]


def node(*records: AnyRecord, copies: int = 1) -> Node:
    """Return the node of some records, the first of which makes it."""
    first, *others = map(line_record, records)
    made = node_of(first.kind, first, SYSTEM, tagged=True)
    if copies > 1:
        made.rest = (made.rest or {}) | {"copies": copies}
    for record in others:
        attach_twin(made, record.kind, record, SYSTEM)
    return made


def edge(record: AnyRecord, *, copies: int = 1, source: str = "", target: str = "") -> Edge:
    """Return the edge of a fact between the nodes that it names, or others."""
    line = line_record(record)
    ends = source or line.subject_ref, target or line.object_ref
    made = edge_of(line, *ends, SYSTEM, tagged=True)
    if copies > 1:
        made.rest = (made.rest or {}) | {"copies": copies}
    return made


def line_record(record: AnyRecord) -> Any:
    """Return a record as a hot path has it."""
    return hot(record.kind, canonical_line(tagged(record)))


def said(row: Node | Edge | None) -> Records:
    """Return what a node or edge says: its records as canonical lines, with their numbers."""
    if row is None:
        return Counter()
    if isinstance(row, Edge):
        return Counter(("fact", canonical_line(one)) for one in facts_of(row, SYSTEM))
    return Counter((kind, canonical_line(one)) for kind, one in records_of(row, SYSTEM))


def fields(row: Node | Edge | None, kind: str = "") -> dict[str, Any]:
    """Return what the one record of a node or edge says, as JSON."""
    (line,) = {line for found, line in said(row) if kind in ("", found)}
    plain: dict[str, Any] = json.loads(line)
    return plain
