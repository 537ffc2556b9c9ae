"""Knows which entities and facts of a model's answer a passage bears out; makes no record.

Only what stands in the text is taken. An entity needs a name that stands there (or just before
it), a fact two such entities and words that do, with one of the two in them. So a text that
talks the model into something gets no more in than it could say outright.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from cogx.derive.chat.grounding import Ground, names_in
from cogx.format.identity import folded_name
from cogx.format.timestamps import UnreadableTimestamp, parse_timestamp

_MOST_NAME: Final = 200
_MOST_TEXT: Final = 500
_MOST_ALIASES: Final = 20
_EXAMPLES: Final = 10
_DATE: Final = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ].*)?)?)?", re.ASCII | re.DOTALL)
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NOT_WORD: Final = re.compile(r"\W+")


@dataclass(slots=True)
class Found:
    """An entity that the text names."""

    name: str
    entity_type: str | None
    description: str | None
    names: list[str]


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
        if not _clean(one["name"], _MOST_NAME)
    ]
    for at, one in enumerate(answer["facts"]):
        faults += [
            f"$.facts[{at}].{end}: {one[end][:_MOST_NAME]!r} is not the name of an entity in the "
            "list of entities"
            for end in ("subject", "object")
            if folded_name(_clean(one[end], _MOST_NAME)) not in names
        ]
        if not snake_case(one["predicate"]):
            faults.append(f"$.facts[{at}].predicate: empty")
    return faults


def extract(
    answer: Mapping[str, Any], ground: Ground, predicates: frozenset[str] = frozenset()
) -> Extraction:
    """Return what of an answer the passage bears out. The answer has the form that was asked for.

    ``counts`` has ``entities_unsupported``, ``facts_unsupported``, ``facts_unjoined`` (an end is
    none of the entities, or both are the same) and ``times_unsupported``.

    Args:
        predicates: those of a schema, which stay as they are; others become snake_case.
    """
    made = Extraction()
    known: dict[str, Found] = {}
    taken = [(told, _take_entity(told, ground, made, known)) for told in answer["entities"]]
    for told, found in taken:  # a name goes before another's alias
        if found is not None:
            known = {folded_name(name): found for name in _names_told(told)} | known
    for told in answer["facts"]:
        _take_fact(told, ground, made, known, predicates)
    return made


def snake_case(text: str) -> str:
    """Return a predicate as it is written here: ``works at`` and ``worksAt`` are ``works_at``."""
    spaced = _HUMP.sub("_", text[:_MOST_NAME])
    return "_".join(part for part in _NOT_WORD.sub("_", spaced.lower()).split("_") if part)


def _take_entity(
    told: Mapping[str, Any], ground: Ground, made: Extraction, known: dict[str, Found]
) -> Found | None:
    supported = [name for name in _names_told(told) if ground.has_name(name)]
    if not supported:
        made.leave_out("entities_unsupported", _clean(told["name"], _MOST_NAME))
        return None
    key = folded_name(supported[0])
    if key not in known:
        kind = _clean(told["type"], _MOST_NAME) or None
        description = _clean(told.get("description") or "", _MOST_TEXT) or None
        known[key] = Found(supported[0], kind, description, [])
        made.entities.append(known[key])
    names = known[key].names
    names += [name for name in supported if name not in names][: _MOST_ALIASES - len(names)]
    return known[key]


def _take_fact(
    told: Mapping[str, Any],
    ground: Ground,
    made: Extraction,
    known: Mapping[str, Found],
    predicates: frozenset[str],
) -> None:
    said = told["predicate"].strip()
    predicate = said if said in predicates else snake_case(said)
    ends = [known.get(folded_name(_clean(told[end], _MOST_NAME))) for end in ("subject", "object")]
    example = " ".join(_clean(told[part], 60) for part in ("subject", "predicate", "object"))
    if ends[0] is None or ends[1] is None or ends[0] is ends[1] or not predicate:
        made.leave_out("facts_unjoined", example)
        return
    evidence = ground.evidence(told["evidence"])
    if evidence is None or not names_in(evidence["text"], [*ends[0].names, *ends[1].names]):
        made.leave_out("facts_unsupported", example)
        return
    since, until = (_moment(told.get(end), ground, made) for end in ("valid_from", "valid_until"))
    if since and until and until < since:
        made.leave_out("times_unsupported", example)
        since = until = None
    statement = _clean(told["statement"], _MOST_TEXT) or None
    made.facts.append(Stated(ends[0], predicate, ends[1], statement, evidence, since, until))


def _names_told(told: Mapping[str, Any]) -> list[str]:
    """Return an entity's name and aliases, as they may be used."""
    names = [_clean(name, _MOST_NAME) for name in (told["name"], *told["aliases"])]
    return [name for name in dict.fromkeys(names) if any(map(str.isalnum, name))]


def _moment(text: str | None, ground: Ground, made: Extraction) -> datetime | None:
    """Return the start of the day, month or year that a model says, if the text has the year."""
    match = _DATE.fullmatch(text.strip()) if text else None
    if text and (match is None or not ground.has_year(match[1])):
        made.leave_out("times_unsupported", text[:_MOST_NAME])
    elif match is not None:
        try:
            return parse_timestamp(f"{match[1]}-{match[2] or '01'}-{match[3] or '01'}")[0]
        except UnreadableTimestamp:
            made.leave_out("times_unsupported", match[0][:_MOST_NAME])
    return None


def _clean(text: str, most: int) -> str:
    """Return a text in one line, without what is not seen, and not longer than a bound."""
    return " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * most]).split())[:most]
