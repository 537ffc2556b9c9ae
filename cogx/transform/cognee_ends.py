"""Knows what facts refer to when nodes have the ids of the ``cognee`` profile, and back.

What a reference said before stands in the fact's metadata where the new id alone cannot tell.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final

from cogx.codec import canonical
from cogx.disk_index import DiskIndex
from cogx.format.identity import is_uuid, node_id, normalise_name
from cogx.ports import RecordSource
from cogx.transform.cognee_fields import REST
from cogx.transform.examples import Examples

_CACHED: Final = 1 << 16
_ENDS: Final = ("subject_ref", "object_ref")


class CogneeEnds:
    """What the ends of facts become, in one pass over the facts; counted by code."""

    def __init__(
        self,
        source: RecordSource,
        are_nodes: Callable[[Sequence[str]], list[bool]],
        are_content: Callable[[Sequence[str]], list[bool]],
        counts: Counter[str],
        examples: Examples,
    ) -> None:
        self._source = source
        self._are_nodes = are_nodes
        self._are_content = are_content
        self._counts = counts
        self._examples = examples
        self._names: DiskIndex | None = None
        self._known: dict[str, tuple[str, str]] = {}

    def change(self, facts: Sequence[Any]) -> None:
        """Let facts refer to the new ids."""
        subjects = self._become([fact.subject_ref for fact in facts])
        objects = self._become([fact.object_ref for fact in facts])
        for fact, *ends in zip(facts, subjects, objects, strict=True):
            said: dict[str, Any] = {}
            for field, (become, code) in zip(_ENDS, ends, strict=True):
                reference = getattr(fact, field)
                if code is not None:
                    self._counts[code] += 1
                    self._examples.note(code, reference)
                if become != reference:
                    setattr(fact, field, become)
                    if code is not None:
                        said[field] = reference
            if fact.provenance:
                fact.provenance = [become for become, _ in self._nodes(fact.provenance)]
            if REST in fact.metadata:
                said["metadata"] = fact.metadata[REST]
            if said:
                fact.metadata = fact.metadata | {REST: canonical.encode(said).decode()}

    def close(self) -> None:
        """Give the disk back. May be called twice."""
        if self._names is not None:
            self._names.close()

    def _nodes(self, references: list[str]) -> list[tuple[str, bool]]:
        """Return what each reference becomes if it is a node's id, and whether it is one."""
        system = self._source.system
        known = self._are_nodes(references)
        return [
            (node_id(system, reference), True) if is_node else (reference, False)
            for reference, is_node in zip(references, known, strict=True)
        ]

    def _become(self, references: list[str]) -> list[tuple[str, str | None]]:
        return [
            (become, None) if is_node else self._loose(become)
            for become, is_node in self._nodes(references)
        ]

    def _loose(self, reference: str) -> tuple[str, str]:
        """Return what a reference that is no node's id becomes, and the code it counts under."""
        known = self._known.get(reference)
        if known is None:
            known = self._resolved(reference)
            if len(self._known) >= _CACHED:
                self._known.clear()
            self._known[reference] = known
        return known

    def _resolved(self, reference: str) -> tuple[str, str]:
        if self._are_content([reference])[0]:
            return reference, "cognee.content-end"
        bearer = self._bearers().first(normalise_name(reference))
        if bearer is not None:
            return node_id(self._source.system, bearer), "cognee.named-end"
        return reference, "cognee.dangling" if is_uuid(reference) else "cognee.stub"

    def _bearers(self) -> DiskIndex:
        """Return names with the id of the first entity of each; made when it is needed first."""
        if self._names is None:
            self._names = DiskIndex()
            for _, entities in self._source.iter_batches("entity"):
                self._names.add(
                    (normalise_name(entity.name), entity.external_id) for entity in entities
                )
        return self._names


def said_before(fact: Any) -> None:
    """Give a fact the references back that it had by name, and its own metadata."""
    text = fact.metadata.get(REST)
    if not isinstance(text, str):
        return
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return
    if not isinstance(said, dict):
        return
    fact.metadata = {key: value for key, value in fact.metadata.items() if key != REST}
    if "metadata" in said:
        fact.metadata[REST] = said["metadata"]
    for field in _ENDS:
        if isinstance(said.get(field), str) and said[field]:
            setattr(fact, field, said[field])
