"""Knows when two of cognee's readings hold the same records or the same graph.

Must never import cogx: what cogx wrote is judged here by cognee's eyes alone.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

INSTANTS = frozenset({"created_at", "updated_at", "valid_at", "invalid_at", "occurred_at"})
CLOCK = frozenset({"created_at", "updated_at"})
Record = dict[str, Any]
EdgeKey = tuple[str, str, str]


def load_lines(path: Path) -> list[Record]:
    """Load the JSON lines that a peer wrote (NaN and the infinities included)."""
    with path.open(encoding="ascii", newline="\n") as lines:
        return [json.loads(line) for line in lines]


def record_difference(expected: list[Record], found: list[Record]) -> str:
    """Say how two readings differ in records or any field of one; "" when they do not."""
    return _difference(map(_with_instants, expected), map(_with_instants, found))


def graph_difference(expected: list[Record], found: list[Record]) -> str:
    """Say how two graphs differ in nodes, edges or any property; "" when they do not.

    What cognee fills in from its clock at an import is not compared, and the validity of an
    edge, which comes from a record's time, is compared as an instant.
    """
    return _difference(map(_restored, expected), map(_restored, found))


def spelled(value: Any) -> Any:
    """Write NaN and the infinities, at any depth, in the word that cogx spells them with.

    JSON has no such numbers. It is the one difference that an export of cogx makes on purpose:
    the word stands as a string where the manifest declares the property's type, and in a
    tagged object elsewhere. A real cognee, which writes the bare word, keeps either as it is.
    """
    if isinstance(value, float) and not math.isfinite(value):
        return json.dumps(value)
    if isinstance(value, dict):
        if value.keys() == {"$cogx", "value"} and value["$cogx"] == "float":
            return value["value"]
        return {name: spelled(part) for name, part in value.items()}
    if isinstance(value, list):
        return [spelled(part) for part in value]
    return value


def _difference(expected: Iterable[Record], found: Iterable[Record], limit: int = 5) -> str:
    """Compare as multisets of texts, in which 1, 1.0 and true differ and NaN equals itself."""
    wanted, seen = Counter(map(_text, expected)), Counter(map(_text, found))
    missing, added = sorted((wanted - seen).elements()), sorted((seen - wanted).elements())
    if not missing and not added:
        return ""
    return "\n".join(
        [f"{len(missing)} missing", *missing[:limit], f"{len(added)} added", *added[:limit]]
    )


def record_key(record: Record) -> tuple[str, str]:
    """Return (kind, external id); a raw node keeps its id among its properties."""
    if record["kind"] == "raw_node":
        return "raw_node", str(record["properties"]["id"])
    return record["kind"], record["external_id"]


def node_ids(records: list[Record]) -> set[str]:
    """Return the ids that cognee gives a graph's nodes when it restores these records."""
    return {record_key(r)[1] for r in records if r["kind"] in ("entity", "raw_node")}


def edge_keys(records: list[Record]) -> set[EdgeKey]:
    """Return the (source, target, relationship) keys of these records' facts."""
    return {
        (r["subject_ref"], r["object_ref"], r["predicate"]) for r in records if r["kind"] == "fact"
    }


def graph_keys(lines: list[Record]) -> tuple[set[str], set[EdgeKey]]:
    """Return the node ids and the edge keys of a graph that a peer wrote out."""
    nodes = {line["node"]["id"] for line in lines if "node" in line}
    edges = {(*line["edge"][:2], line["edge"][2]) for line in lines if "edge" in line}
    return nodes, edges


def _restored(line: Record) -> Record:
    """Drop the times that an import sets anew: those of entities and edges, never of raw nodes."""
    if "edge" in line:
        source, target, relationship, properties = line["edge"]
        kept = {name: _instant(name, value) for name, value in _drop(properties, CLOCK).items()}
        return {"edge": [source, target, relationship, kept]}
    node = line["node"]
    return {"node": _drop(node, CLOCK) if node["type"] == "Entity" else node}


def _drop(properties: Record, names: frozenset[str]) -> Record:
    return {name: value for name, value in properties.items() if name not in names}


def _with_instants(record: Record) -> Record:
    """Write a typed record's times as UTC; a raw node's properties are data and stay."""
    if record["kind"] == "raw_node":
        return record
    return {name: _instant(name, value) for name, value in record.items()}


def _instant(name: str, value: Any) -> Any:
    if name == "turns":
        return [{key: _instant(key, part) for key, part in turn.items()} for turn in value]
    if name not in INSTANTS or value is None:
        return value
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
