"""Knows how what a passage bears out becomes entities and facts; asks nothing, checks nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cogx.codec.from_values import line_type
from cogx.codec.typed import to_json
from cogx.derive.chat.extraction import Extraction, Found, Stated
from cogx.derive.chat.grounding import Ground
from cogx.derive.folding import keep_case
from cogx.derive.lexical import MENTIONS
from cogx.derive.parts import EVIDENCE
from cogx.format.identity import entity_id
from cogx.ports import Passage


def iter_records(made: Extraction, passage: Passage, ground: Ground, system: str) -> Iterator[Any]:
    """Yield an entity for everything found, a mention of it where it is named, and the facts.

    Entities have the ids of their names: what is known by such a name already is for the caller.
    """
    for found in made.entities:
        yield _entity(found, system)
        places = [place for name in found.names for place in ground.mentions(name)]
        if places:
            places = sorted({place["start"]: place for place in places}.values(), key=_start)
            said = passage.record[1], MENTIONS, _id_of(found)
            yield _fact(said, len(places), places[:EVIDENCE], external_system=system)
    for stated in made.facts:
        yield _stated(stated, system)


def _entity(found: Found, system: str) -> Any:
    return line_type("entity")(
        kind="entity",
        external_system=system,
        external_id=_id_of(found),
        name=found.name,
        entity_type=found.entity_type,
        description=found.description,
        aliases=[name for name in found.names if name != found.name],
        attributes={name: to_json(value) for name, value in found.attributes.items()},
    )


def _stated(stated: Stated, system: str) -> Any:
    return _fact(
        (_id_of(stated.subject), stated.predicate, _id_of(stated.target)),
        1,
        [stated.evidence],
        external_system=system,
        fact_text=stated.statement,
        valid_at=stated.valid_at,
        invalid_at=stated.invalid_at,
    )


def _fact(
    said: tuple[str, str, str], count: int, evidence: list[dict[str, Any]], **more: Any
) -> Any:
    return line_type("fact")(
        kind="fact",
        external_id=":".join(said),
        subject_ref=said[0],
        predicate=said[1],
        object_ref=said[2],
        metadata={"count": count, "evidence": evidence},
        **more,
    )


def _id_of(found: Found) -> str:
    """Return cognee's id of the name; the sort of its apostrophes and spaces does not matter."""
    return str(entity_id(keep_case(found.name)))


def _start(place: dict[str, Any]) -> int:
    return int(place["start"])
