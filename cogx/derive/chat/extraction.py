"""Knows which entities and facts of a model's answer a passage bears out; makes no record.

Only what stands in the text is taken. An entity needs a name that stands there (or just before
it), a fact two such entities and words that do, with one of the two in them. So a text that
talks the model into something gets no more in than it could say outright.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from cogx.derive.chat.grounding import Ground, names_in
from cogx.derive.chat.moments import first_moment
from cogx.derive.chat.properties import Properties
from cogx.derive.chat.wording import clean, snake_case
from cogx.format.identity import folded_name

_MOST_NAME: Final = 200
_MOST_TEXT: Final = 500
_MOST_ALIASES: Final = 20
_EXAMPLES: Final = 10
_MOST_EXAMPLE: Final = 60


@dataclass(slots=True)
class Found:
    """An entity that the text names."""

    name: str
    entity_type: str | None
    description: str | None
    names: list[str]
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stated:
    """A fact that the text states; the ends are entities of the same extraction."""

    subject: Found
    predicate: str
    target: Found
    statement: str | None
    evidence: dict[str, Any]
    valid_at: datetime | None
    invalid_at: datetime | None


@dataclass(slots=True)
class Extraction:
    """What a passage bears out. ``counts`` says what was left out, ``examples`` some of it."""

    entities: list[Found] = field(default_factory=list)
    facts: list[Stated] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    examples: list[tuple[str, str]] = field(default_factory=list)

    def leave_out(self, count: str, example: str) -> None:
        """Count what is left out."""
        self.counts[count] += 1
        if len(self.examples) < _EXAMPLES:
            self.examples.append((count, example))


def faults_in(answer: Mapping[str, Any]) -> list[str]:
    """Return what a model should put right: nameless entities, facts that hang in the air."""
    names = {folded_name(name) for one in answer["entities"] for name in _names_told(one)}
    faults = [
        f"$.entities[{at}].name: empty"
        for at, one in enumerate(answer["entities"])
        if not clean(one["name"], _MOST_NAME)
    ]
    for at, one in enumerate(answer["facts"]):
        faults += [
            f"$.facts[{at}].{end}: {one[end][:_MOST_NAME]!r} is not the name of an entity in the "
            "list of entities"
            for end in ("subject", "object")
            if folded_name(clean(one[end], _MOST_NAME)) not in names
        ]
        if not snake_case(one["predicate"]):
            faults.append(f"$.facts[{at}].predicate: empty")
    return faults


def extract(
    answer: Mapping[str, Any],
    ground: Ground,
    predicates: frozenset[str] = frozenset(),
    properties: Properties | None = None,
) -> Extraction:
    """Return what of an answer the passage bears out. The answer has the form that was asked for.

    ``counts`` has ``entities_unsupported``, ``facts_unsupported``, ``facts_unjoined`` (an end is
    none of the entities, or both are the same), ``times_unsupported`` and ``values_unsupported``.

    Args:
        predicates: those of a schema, which stay as they are; others become snake_case.
        properties: those of a schema; without it entities have none.
    """
    made = Extraction()
    known: dict[str, Found] = {}
    taken = [(told, _take_entity(told, ground, made, known)) for told in answer["entities"]]
    for told, found in taken:
        if found is not None and properties is not None:
            _take_properties(told, found, ground, made, properties)
    for told, found in taken:  # a name goes before another's alias
        if found is not None:
            for name in _names_told(told):
                known.setdefault(folded_name(name), found)
    for told in answer["facts"]:
        _take_fact(told, ground, made, known, predicates)
    return made


def _take_entity(
    told: Mapping[str, Any], ground: Ground, made: Extraction, known: dict[str, Found]
) -> Found | None:
    supported = [name for name in _names_told(told) if ground.has_name(name)]
    if not supported:
        made.leave_out("entities_unsupported", clean(told["name"], _MOST_NAME))
        return None
    key = folded_name(supported[0])
    if key not in known:
        kind = clean(told["type"], _MOST_NAME) or None
        description = clean(told.get("description") or "", _MOST_TEXT) or None
        known[key] = Found(supported[0], kind, description, [])
        made.entities.append(known[key])
    names = known[key].names
    names += [name for name in supported if name not in names][: _MOST_ALIASES - len(names)]
    return known[key]


def _take_properties(
    told: Mapping[str, Any],
    found: Found,
    ground: Ground,
    made: Extraction,
    properties: Properties,
) -> None:
    for one in told.get("properties", ()):
        name, words = one["property"], clean(one["value"], _MOST_TEXT)
        has_room = ground.has_name(words) and properties.add(
            found.attributes, found.entity_type, name, words
        )
        if not has_room:
            made.leave_out("values_unsupported", f"{found.name} {name}: {words[:_MOST_EXAMPLE]}")


def _take_fact(
    told: Mapping[str, Any],
    ground: Ground,
    made: Extraction,
    known: Mapping[str, Found],
    predicates: frozenset[str],
) -> None:
    said = told["predicate"].strip()
    predicate = said if said in predicates else snake_case(said)
    ends = [known.get(folded_name(clean(told[end], _MOST_NAME))) for end in ("subject", "object")]
    example = " ".join(
        clean(told[part], _MOST_EXAMPLE) for part in ("subject", "predicate", "object")
    )
    if ends[0] is None or ends[1] is None or ends[0] is ends[1] or not predicate:
        made.leave_out("facts_unjoined", example)
        return
    evidence = ground.evidence(told["evidence"])
    if evidence is None or not names_in(evidence["text"], [*ends[0].names, *ends[1].names]):
        made.leave_out("facts_unsupported", example)
        return
    since, until = _times(told, ground, made)
    statement = clean(told["statement"], _MOST_TEXT) or None
    made.facts.append(Stated(ends[0], predicate, ends[1], statement, evidence, since, until))


def _times(
    told: Mapping[str, Any], ground: Ground, made: Extraction
) -> tuple[datetime | None, datetime | None]:
    """Return since when and until when a fact holds, as far as the text has these years."""
    words = [told.get(end) or "" for end in ("valid_from", "valid_until")]
    since, until = (first_moment(one) if ground.has_year(one[:4]) else None for one in words)
    for moment, one in ((since, words[0]), (until, words[1])):
        if one and moment is None:
            made.leave_out("times_unsupported", clean(one, _MOST_EXAMPLE))
    if since and until and until < since:
        made.leave_out("times_unsupported", clean(" to ".join(words), _MOST_EXAMPLE))
        return None, None
    return since, until


def _names_told(told: Mapping[str, Any]) -> list[str]:
    """Return an entity's name and aliases, as they may be used."""
    names = [clean(name, _MOST_NAME) for name in (told["name"], *told["aliases"])]
    return [name for name in dict.fromkeys(names) if any(map(str.isalnum, name))]
