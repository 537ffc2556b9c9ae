"""Knows how a graph is held against a graph schema; changes neither."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from cogx.engine.graph_sources import opened
from cogx.engine.graph_walk import TypedFact, TypedNode, walk
from cogx.errors import BadSetting
from cogx.graph_schema.model import EntityType, GraphSchema
from cogx.limits import Limits
from cogx.progress import SILENT, Progress
from cogx.text_files import FileText
from cogx.transform.examples import Examples

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

MOST_NAMES: Final = 1_000
_OTHERS: Final = "(others)"
_SHOWN: Final = 120


@dataclass(slots=True)
class SchemaCheck:
    """What of a graph does not keep to a schema, counted; ``examples`` name a few of each.

    ``types`` are those of nodes that it does not have, ``facts`` those that it does not allow
    (``Person likes City``), ``values`` what is wrong in nodes (``Person.age``), and
    ``loose`` facts with an end that is no node.
    """

    nodes: int = 0
    edges: int = 0
    types: Counter[str] = field(default_factory=Counter)
    facts: Counter[str] = field(default_factory=Counter)
    values: Counter[str] = field(default_factory=Counter)
    loose: int = 0
    examples: Examples = field(default_factory=Examples)

    @property
    def keeps(self) -> bool:
        """Tell whether the whole graph keeps to the schema."""
        return not (self.types or self.facts or self.values or self.loose)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {
            "keeps": self.keeps,
            "nodes": self.nodes,
            "facts": self.edges,
            "types_refused": dict(self.types.most_common()),
            "facts_refused": dict(self.facts.most_common()),
            "values_refused": dict(self.values.most_common()),
            "facts_without_ends": self.loose,
            "examples": dict(self.examples),
        }


def check_graph(
    source: Any,
    schema: GraphSchema,
    *,
    everything: bool = False,
    lenient: frozenset[str] = frozenset(),
    limits: Limits | None = None,
    progress: Progress = SILENT,
) -> SchemaCheck:
    """Hold the graph of an archive or a store against a schema.

    A node whose name is missing, or is no text, goes by its id. How many facts of a sort a node
    has is not checked: what held one after the other may be several.

    Args:
        source: as :func:`cogx.engine.graph_sources.opened` takes it.
        everything: check also what cognee keeps house with (chunks, summaries, sets).

    Raises:
        BadSetting: the source is a text, or the schema refers to itself without end.
    Cost: as :func:`cogx.engine.graph_walk.walk`, and some 50 microseconds a node.
    """
    found = SchemaCheck()
    judge = _Judge(schema, found)
    with opened(source, lenient=lenient, limits=limits) as records:
        if isinstance(records, FileText):
            raise BadSetting(f"{source} is a text. Name an archive or a store.")
        for one in walk(records, everything=everything, progress=progress):
            if isinstance(one, TypedNode):
                judge.node(one)
            else:
                judge.fact(one)
    return found


class _Judge:
    def __init__(self, schema: GraphSchema, found: SchemaCheck) -> None:
        self._schema = schema
        self._found = found
        self._validators: dict[str, Validator] = {}

    def node(self, node: TypedNode) -> None:
        self._found.nodes += 1
        kind = self._schema.type_named(node.type)
        if kind is None:
            self._count("types", node.type, node.id)
            return
        named = isinstance(node.properties.get("name"), str)
        instance = node.properties if named else node.properties | {"name": node.id}
        try:
            for error in self._validator(kind).iter_errors(instance):
                place = str(next(iter(error.absolute_path), ""))
                what = f"{kind.name}.{place}" if place else f"{kind.name}: {error.message}"
                self._count("values", what[:_SHOWN], f"{node.id}: {error.message}")
        except RecursionError as error:
            raise BadSetting(
                f"{self._schema.title}: {kind.name} refers to itself without end."
            ) from error

    def fact(self, fact: TypedFact) -> None:
        self._found.edges += 1
        if fact.source_type is None or fact.target_type is None:
            self._found.loose += 1
        elif not self._schema.allows_fact(fact.source_type, fact.predicate, fact.target_type):
            what = f"{fact.source_type} {fact.predicate} {fact.target_type}"
            self._count("facts", what, f"{fact.subject} {fact.predicate} {fact.target}")

    def _count(self, group: str, what: str, example: str) -> None:
        counts: Counter[str] = getattr(self._found, group)
        name = what if what in counts or len(counts) < MOST_NAMES else _OTHERS
        counts[name] += 1
        self._found.examples.note(name, example[:_SHOWN])

    def _validator(self, kind: EntityType) -> Validator:
        validator = self._validators.get(kind.name)
        if validator is None:
            from jsonschema.validators import (  # noqa: PLC0415 - loaded when it is needed
                Draft202012Validator,
                validator_for,
            )
            from referencing import Registry  # noqa: PLC0415

            document = self._schema.document
            made = validator_for(document, default=Draft202012Validator)
            # An empty registry: no reference is ever looked up on the network.
            validator = made(kind.node_schema, registry=Registry())
            self._validators[kind.name] = validator
        return validator
