"""Knows which values of records a real cognee's graph still has, and makes tables of it.

Must never import cognee: it looks at what a peer wrote out.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cogx.codec.typed import from_json, to_json
from cogx.format.records import MODEL_OF_KIND
from cogx.format.timestamps import parse_timestamp

from . import comparison, fidelity
from .comparison import CLOCK, Record

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_ALWAYS = frozenset({"kind", "subject_ref", "predicate", "object_ref"})
"""What every fact that is there at all has."""
_VALIDITY = frozenset({"valid_at", "invalid_at"})


@dataclass
class Count:
    """How many values of one name there are, and how many survive each way."""

    there: int = 0
    kept: Counter[str] = field(default_factory=Counter)


class Survival:
    """Counts values by the sort of their record and their name, for several ways."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], Count] = {}

    def add(self, sort: str, name: str, survived: Mapping[str, bool]) -> None:
        """Count one value, and which ways kept it."""
        count = self._counts.setdefault((sort, name), Count())
        count.there += 1
        count.kept.update(way for way, kept in survived.items() if kept)

    def add_graph(self, graph: list[Record], by_way: Mapping[str, list[Record]]) -> None:
        """Count the values of a cognee's graph, and which of the graphs made of it have them.

        What cognee sets from its clock is counted of entities only.
        """
        found = {way: fidelity.values_by_key(lines) for way, lines in by_way.items()}
        entities = {line["node"]["id"] for line in graph if _is_entity(line)}
        for key, stored in fidelity.values_by_key(graph).items():
            sort = "entities" if key in entities else "edges" if ":" in key else "other nodes"
            for name, value in stored.items():
                if value is not None and (sort == "entities" or name not in CLOCK):
                    kept = {way: _is_kept(found[way].get(key, {}), name, value) for way in found}
                    self.add(sort, name, kept)

    def totals(self, sort: str, way: str) -> tuple[int, int]:
        """Return how many values of a sort there are and how many a way kept."""
        mine = [count for (its_sort, _), count in self._counts.items() if its_sort == sort]
        return sum(count.there for count in mine), sum(count.kept[way] for count in mine)

    def sorts(self) -> list[str]:
        """Return the sorts, in the order in which they were counted first."""
        return list(dict.fromkeys(sort for sort, _ in self._counts))

    def lost(self, sort: str, way: str) -> list[str]:
        """Return the names of which a way lost a value."""
        return sorted(
            name
            for (its_sort, name), count in self._counts.items()
            if its_sort == sort and count.kept[way] < count.there
        )

    def table(self, ways: Mapping[str, str]) -> str:
        """Return a table: a row for each sort, columns of counts and of what each way lost."""
        head = ["values of", "there", *ways.values(), *(f"lost: {one}" for one in ways.values())]
        rule = ["---", *["--:"] * (1 + len(ways)), *["---"] * len(ways)]
        rows = [head, rule]
        for sort in self.sorts():
            there = str(self.totals(sort, "")[0])
            kept = [str(self.totals(sort, way)[1]) for way in ways]
            lost = [", ".join(map(_code, self.lost(sort, way))) or "none" for way in ways]
            rows.append([sort, there, *kept, *lost])
        return "\n".join("| " + " | ".join(row) + " |" for row in rows)


@dataclass(frozen=True)
class Graph:
    """A real cognee's graph, to be asked what it has of a record."""

    nodes: dict[str, Record]
    by_name: dict[str, Record]
    edges: dict[str, Record]
    types: dict[str, set[str]]

    @classmethod
    def of(cls, lines: Iterable[Record]) -> Graph:
        """Take a graph as a peer writes it out."""
        nodes, edges = {}, []
        for line in lines:
            if "node" in line:
                nodes[line["node"]["id"]] = line["node"]
            else:
                edges.append(line["edge"])
        types: dict[str, set[str]] = {}
        for source, target, predicate, _ in edges:
            if predicate == "is_a":
                types.setdefault(source, set()).add(nodes[target]["name"].lower())
        return cls(
            nodes=nodes,
            by_name={node["name"]: node for node in nodes.values() if node["type"] == "Entity"},
            edges={edge[3].get("source_external_id", ""): edge[3] for edge in edges},
            types=types,
        )

    def has(self, record: Any, name: str, value: Any, node_id: str) -> bool:
        """Tell whether a value of a record is in the graph, where a person would look for it."""
        if record.kind == "fact":
            return self._edge_has(self.edges.get(record.external_id), name, value)
        node = self.nodes.get(node_id)
        if record.kind == "entity":
            node = node or self.by_name.get(record.name)
            if node is not None and name == "entity_type":
                return value.lower() in self.types.get(node["id"], ())
        return node is not None and name in node and _same(node[name], value)

    @staticmethod
    def _edge_has(edge: Record | None, name: str, value: Any) -> bool:
        if edge is None:
            return False
        stored = {"fact_text": "edge_text", "external_id": "source_external_id"}
        stored["external_system"] = "source_system"
        return _same(edge.get(stored.get(name, name)), value)


def _is_entity(line: Record) -> bool:
    return "node" in line and line["node"]["type"] == "Entity"


def _is_kept(stored: Record, name: str, value: Any) -> bool:
    """Compare values exactly, but a time of an edge as the instant it means."""
    if name in _VALIDITY and name in stored:
        return parse_timestamp(stored[name])[0] == parse_timestamp(value)[0]
    return name in stored and _written(stored[name]) == _written(value)


def _written(value: Any) -> str:
    return json.dumps(comparison.spelled(value), sort_keys=True)


def _code(name: str) -> str:
    shown = "".join(c if c.isprintable() else f"<U+{ord(c):04X}>" for c in name)
    return f"`{shown}`"


def values_of(record: Any) -> Iterator[tuple[str, Any]]:
    """Yield (name, value) for all that a record says; nulls are nothing."""
    if record.kind == "raw_node":
        said = {"external_id": record.external_id} | record.properties
        said.pop("id")
    else:
        fields = MODEL_OF_KIND[record.kind].model_fields
        said = {name: getattr(record, name) for name in fields} | (record.model_extra or {})
        said = {name: value for name, value in said.items() if value not in ([], {})}
        said |= {f"own {name}" if name in said else name: value
                 for name, value in said.pop("attributes", {}).items()}  # fmt: skip
    for name, value in said.items():
        if value is not None and name not in _ALWAYS:
            yield name, value


def _same(stored: Any, value: Any) -> bool:
    """Compare as a person would: typed values are texts in cognee, times milliseconds."""
    if isinstance(value, datetime):
        if isinstance(stored, str):
            moment = datetime.fromisoformat(stored)
            return moment == value
        return stored == (value - _EPOCH) // _MILLISECOND
    plain = comparison.spelled(_texts(value))
    return bool(type(stored) is type(plain) and stored == plain)


def _texts(value: Any) -> Any:
    """Return a tagged value with its typed parts as their texts."""
    if isinstance(value, dict):
        if value.keys() == {"$cogx", "value"} and value["$cogx"] != "object":
            assert to_json(from_json(value)) == value
            return value["value"]
        return {key: _texts(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_texts(item) for item in value]
    return value
