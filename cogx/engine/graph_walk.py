"""Knows how a graph is gone through with the type of every node and of both ends of every fact.

Left out are the nodes by which cognee keeps house, and what only holds a place: they are not
what a graph is about.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any, Final

from msgspec import Struct

from cogx.archive.user_schema import node_properties
from cogx.codec.typed import TAG
from cogx.derive.lexical import PASSAGE_TYPE
from cogx.derive.vocabulary import CO_OCCURS
from cogx.format.layout import CONTENT_KINDS, KINDS
from cogx.graph.mapping import STUB_TYPE
from cogx.graph.node_types import ENTITY_TYPE, IS_A, NodeTypes
from cogx.graph.stubs import is_marked_stub
from cogx.ports import RecordSource
from cogx.progress import SILENT, Progress
from cogx.transform.cognee_fields import REST, is_added_by_cognee

INFRASTRUCTURE: Final = frozenset(
    {"DocumentChunk", "TextSummary", "CodeSummary", "NodeSet", "EdgeType", ENTITY_TYPE, STUB_TYPE}
    | {"TextDocument", "PdfDocument", "ImageDocument", "AudioDocument", "CsvDocument"}
    | {"UnstructuredDocument", "DltRowDocument", PASSAGE_TYPE}
)
"""Types of nodes that stand for texts and for sorts, not for what the texts are about."""

FORMATS: Final = {
    "datetime": "date-time",
    "date": "date",
    "time": "time",
    "duration": "duration",
    "uuid": "uuid",
}
"""The format, in a JSON Schema, of typed values that stand as text there."""

_OF_COGNEE: Final = "topological_rank"
"""A property that every node of a cognee has, and hardly a node of anything else."""


class TypedNode(Struct):
    """A node: ``properties`` as a query sees them; ``formats`` of those that JSON lacks."""

    id: str
    type: str
    properties: dict[str, Any]
    formats: dict[str, str]


class TypedFact(Struct):
    """A fact and the types of its ends; None if an end is no node."""

    subject: str
    predicate: str
    target: str
    source_type: str | None
    target_type: str | None


def walk(
    source: RecordSource, *, everything: bool = False, progress: Progress = SILENT
) -> Iterator[TypedNode | TypedFact]:
    """Yield every node, then every fact.

    Args:
        everything: also nodes of :data:`INFRASTRUCTURE`, what cognee adds to nodes, and facts
            that say where names stand.

    Cost: two passes over the source, and that of :class:`cogx.graph.node_types.NodeTypes`.
    """
    with closing(NodeTypes(source)) as types:
        progress.begin("read the graph", total=None, unit="records")
        for kind, batch in source.iter_batches(*KINDS):
            if kind == "fact":
                for fact in batch:
                    yield from _facts(fact, types, everything=everything)
            elif kind not in CONTENT_KINDS:
                for record in batch:
                    yield from _nodes(kind, record, types, everything=everything)
            progress.advance(len(batch))
        progress.end()


def _nodes(kind: str, record: Any, types: NodeTypes, *, everything: bool) -> Iterator[TypedNode]:
    node_type = types.type_of_node(kind, record)
    if is_marked_stub(kind, record) or (node_type in INFRASTRUCTURE and not everything):
        return
    free = record.properties if kind == "raw_node" else record.attributes
    formats = {
        key: FORMATS[value[TAG]]
        for key, value in free.items()
        if type(value) is dict and value.get(TAG) in FORMATS
    }
    properties = node_properties(kind, record, tagged=True)
    own = {"id", "type"}
    if not everything and _OF_COGNEE in properties:
        own |= {key for key in properties if key == REST or _is_added(key)}
    for key in own:
        properties.pop(key, None)
    yield TypedNode(record.external_id, node_type, properties, formats)


def _is_added(key: str) -> bool:
    return key != "name" and is_added_by_cognee(key)


def _facts(fact: Any, types: NodeTypes, *, everything: bool) -> Iterator[TypedFact]:
    if not everything:
        if fact.predicate == IS_A and types.is_class(fact.object_ref):
            return
        if fact.predicate == CO_OCCURS:
            return
    source, target = types.type_of(fact.subject_ref), types.type_of(fact.object_ref)
    if not everything and (
        source in INFRASTRUCTURE
        or target in INFRASTRUCTURE
        or (source is None and types.is_content(fact.subject_ref))
    ):
        return
    yield TypedFact(fact.subject_ref, fact.predicate, fact.object_ref, source, target)
