"""Knows which ends of facts mean an entity by its name that is to be part of another one.

Source: spec/format.md#references: an id goes before a name, and of a name the first entity.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Any

from cogx.format.identity import normalise_name
from cogx.format.layout import KINDS
from cogx.ports import RecordSource


def named_ends(
    source: RecordSource, leaving: Container[str], names: Container[str]
) -> dict[str, str]:
    """Return which leaving entity's id each reference by name means.

    Args:
        leaving: ids of the entities that become part of others.
        names: their normalised names.

    Cost: one pass over the facts; if one of them has such an end, one over everything.
    """
    found: dict[str, str] = {}
    for _, facts in source.iter_batches("fact"):
        for fact in facts:
            for end in (fact.subject_ref, fact.object_ref):
                if end not in leaving and end not in found:
                    name = normalise_name(end)
                    if name in names:
                        found[end] = name
    return _first_bearers(source, found, leaving) if found else {}


def _first_bearers(
    source: RecordSource, found: dict[str, str], leaving: Container[str]
) -> dict[str, str]:
    ids, bearers = set[str](), dict[str, str]()
    asked = set(found.values())
    for kind, records in source.iter_batches(*KINDS):
        ids.update(one.external_id for one in records if one.external_id in found)
        if kind == "entity":
            _note_bearers(records, asked, bearers)
    return {
        end: bearers[name]
        for end, name in found.items()
        if end not in ids and bearers.get(name) is not None and bearers[name] in leaving
    }


def _note_bearers(entities: Sequence[Any], asked: Container[str], bearers: dict[str, str]) -> None:
    for entity in entities:
        name = normalise_name(entity.name)
        if name in asked:
            bearers.setdefault(name, entity.external_id)
