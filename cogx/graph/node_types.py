"""Knows of which type the nodes of a source are, as its records say it; changes none.

A record says its type itself; what cognee wrote says it by an ``is_a`` fact that leads to a node
of the type EntityType. The ends of facts are ids, or names of entities
(spec/format.md#references).
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from cogx.disk_index import DiskIndex
from cogx.format.identity import normalise_name
from cogx.format.layout import CONTENT_KINDS, KINDS
from cogx.graph.mapping import TYPE_OF_KIND
from cogx.ports import RecordSource

ENTITY_TYPE: Final = "EntityType"
IS_A: Final = "is_a"
_UNTYPED: Final = TYPE_OF_KIND["entity"]
"""The type that says nothing: an ``is_a`` fact makes it more exact."""
_NODE: Final = "node\n"
_SAID: Final = "is_a\n"
_NAME: Final = "name\n"
_CONTENT: Final = "content\n"
_CLASS: Final = "class\n"


class NodeTypes:
    """The types of nodes by id and by name, on temporary disk. Close it.

    Cost: a pass over nodes and content, one over facts; disk of about 200 bytes a node.
    """

    def __init__(self, source: RecordSource) -> None:
        self._index = DiskIndex()
        try:
            for kind, batch in source.iter_batches(*KINDS):  # facts come last
                pairs = (
                    map(self._said, batch) if kind == "fact" else map(partial(_pairs, kind), batch)
                )
                self._index.add([pair for some in pairs for pair in some])
        except BaseException:
            self.close()
            raise

    def type_of(self, reference: str) -> str | None:
        """Return the type of the node that a fact's end means; None if it means none.

        A node without a type has that of :data:`cogx.graph.mapping.TYPE_OF_KIND`.
        """
        found = self._index.first(_NODE + reference)
        if found is None:
            identity = self._index.first(_NAME + normalise_name(reference))
            if identity is None or self.is_content(reference):  # an id goes before a name
                return None
            reference = identity
            found = self._index.first(_NODE + reference)
        if found == _UNTYPED:
            found = self._index.first(_SAID + reference) or found
        return found

    def type_of_node(self, kind: str, record: Any) -> str:
        """Return the type of an entity or a raw node."""
        said = type_said(kind, record)
        if said != _UNTYPED:
            return said
        return self._index.first(_SAID + record.external_id) or said

    def is_content(self, reference: str) -> bool:
        """Tell whether a fact's end is a text, not a thing."""
        return self._index.first(_CONTENT + reference) is not None

    def is_class(self, reference: str) -> bool:
        """Tell whether a fact's end stands for a type, so that ``is_a`` to it is no relation."""
        return self._index.first(_CLASS + reference) is not None

    def close(self) -> None:
        """Release the disk space. May be called twice."""
        self._index.close()

    def _said(self, fact: Any) -> list[tuple[str, str]]:
        if fact.predicate != IS_A:
            return []
        name = self._index.first(_CLASS + fact.object_ref)
        return [] if not name else [(_SAID + fact.subject_ref, name)]


def _pairs(kind: str, record: Any) -> list[tuple[str, str]]:
    identity = record.external_id
    if kind in CONTENT_KINDS:
        return [(_CONTENT + identity, "")]
    node_type = type_said(kind, record)
    pairs = [(_NODE + identity, node_type)]
    if kind == "entity":
        pairs.append((_NAME + normalise_name(record.name), identity))
    elif node_type == ENTITY_TYPE and isinstance(record.properties.get("name"), str):
        pairs.append((_CLASS + identity, record.properties["name"]))
    return pairs


def type_said(kind: str, record: Any) -> str:
    """Return the type that an entity or a raw node names itself."""
    if kind == "entity":
        return record.entity_type or TYPE_OF_KIND[kind]
    given = record.properties.get("type")
    return given if isinstance(given, str) and given else TYPE_OF_KIND[kind]
