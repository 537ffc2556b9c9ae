"""Knows what facts refer to when nodes have the ids of the ``cognee`` profile, and back.

What a reference said before stands in the fact's metadata where the new id alone cannot tell.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Final

from cogx.codec import canonical
from cogx.disk_index import DiskIndex
from cogx.format.identity import entity_id, is_uuid, node_id, normalise_name
from cogx.ports import RecordSource
from cogx.transform.cognee_facts import as_it_was, says_its_origin
from cogx.transform.cognee_fields import REST
from cogx.transform.examples import Examples

_CACHED: Final = 1 << 16
BY_NAME: Final = "cognee.named-end"
STUB: Final = "cognee.stub"
_ENDS: Final = ("subject_ref", "object_ref")


class CogneeEnds:
    """What the ends of a source's facts become; an end that is no node becomes a made one.

    Codes say what such an end is: see :data:`cogx.transform.cognee_facts.CHANGES`.
    """

    def __init__(
        self,
        source: RecordSource,
        are_nodes: Callable[[Sequence[str]], list[bool]],
        are_content: Callable[[Sequence[str]], list[bool]],
    ) -> None:
        self._source = source
        self._are_nodes = are_nodes
        self._are_content = are_content
        self._names: DiskIndex | None = None
        self._loose = lru_cache(_CACHED)(self._resolved)

    def iter_made(self, facts: Sequence[Any]) -> Iterator[tuple[str, str, str]]:
        """Yield (new id, code, reference) for ends that no node answers; may repeat."""
        for field in _ENDS:
            references = [getattr(fact, field) for fact in facts]
            for reference, is_node in zip(references, self._are_nodes(references), strict=True):
                if not is_node:
                    become, code = self._loose(reference)
                    if code != BY_NAME:
                        yield become, code, reference

    def change(self, facts: Sequence[Any], counts: Counter[str], examples: Examples) -> None:
        """Let facts refer to the new ids, and count what is notable by code."""
        subjects = self._become([fact.subject_ref for fact in facts])
        objects = self._become([fact.object_ref for fact in facts])
        for fact, *ends in zip(facts, subjects, objects, strict=True):
            said: dict[str, Any] = {}
            for field, (become, code) in zip(_ENDS, ends, strict=True):
                reference = getattr(fact, field)
                if code is not None:
                    counts[code] += 1
                    examples.note(code, reference)
                if become != reference:
                    setattr(fact, field, become)
                    if code is not None:
                        said[field] = reference
            if fact.provenance:
                fact.provenance = [become for become, _ in self._nodes(fact.provenance)]
            if REST in fact.metadata:
                said["metadata"] = fact.metadata[REST]
            if says_its_origin(fact):
                said["origin"] = True  # its own words about an earlier import
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

    def _resolved(self, reference: str) -> tuple[str, str]:
        """Return what a reference that is no node's id becomes, and the code it counts under."""
        system = self._source.system
        if self._are_content([reference])[0]:
            return node_id(system, reference), "cognee.content-end"
        bearer = self._bearers().first(normalise_name(reference))
        if bearer is not None:
            return node_id(system, bearer), BY_NAME
        named = str(entity_id(reference))
        if self._are_nodes([named])[0]:
            return named, BY_NAME
        if is_uuid(reference):
            return node_id(system, reference), "cognee.dangling"
        return named, STUB

    def _bearers(self) -> DiskIndex:
        """Return names with the id of the first entity of each; made when it is needed first."""
        if self._names is None:
            self._names = DiskIndex()
            for _, entities in self._source.iter_batches("entity"):
                self._names.add(
                    (normalise_name(entity.name), entity.external_id) for entity in entities
                )
        return self._names


def as_said_before(fact: Any) -> None:
    """Give a fact back what it said before: in an archive of the profile, or in a real cognee."""
    said = _said(fact.metadata.get(REST))
    if said is None:
        as_it_was(fact)
        return
    fact.metadata = {key: value for key, value in fact.metadata.items() if key != REST}
    if "metadata" in said:
        fact.metadata[REST] = said["metadata"]
    if not said.get("origin"):
        as_it_was(fact)


def ends_said(fact: Any) -> Iterator[tuple[str, str]]:
    """Yield (field, reference) for the ends that a fact of the profile had given by name."""
    said = _said(fact.metadata.get(REST)) or {}
    for field in _ENDS:
        if isinstance(said.get(field), str) and said[field]:
            yield field, said[field]


def _said(text: Any) -> dict[str, Any] | None:
    if not isinstance(text, str):
        return None
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None
