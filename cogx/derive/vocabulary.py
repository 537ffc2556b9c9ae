"""Knows how known names in texts become entities and facts; guesses nothing, invents no name.

The offline deriver. What it gives: ``mentions`` from a content record to everything that is
named in it, and ``co_occurs_with`` between any two known things that are named in one sentence.
It does not know what a sentence says: that two names stand together is all it states.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import combinations
from typing import Any, Final

from cogx.codec.from_values import line_type
from cogx.codec.typed import to_json
from cogx.derive.lexical import MENTIONS
from cogx.derive.mentions import Mention, Mentions, iter_shared
from cogx.derive.names import Names
from cogx.derive.parts import EVIDENCE
from cogx.ports import Passage, RecordSource

CO_OCCURS: Final = "co_occurs_with"
CROWD: Final = 30
"""A sentence with more names than this is a list, and says nothing about any two of them."""
_QUOTED: Final = 240


class VocabularyDeriver:
    """Finds the names that are known already, dates, e-mail addresses and URLs.

    Deterministic, offline, no LLM calls. ``report`` counts ``names``, ``names_unusable``,
    ``names_of_classes``, ``ambiguous`` (a name that several things bear is given to none of
    them), ``crowded`` (sentences with too many names to pair), ``dates_unclear`` and
    ``urls_unclear``.

    Raises:
        MissingExtra: pyahocorasick is not installed.
    Cost: all names in memory, about 1 KB each; about 2 ms for a passage with twenty names.
    """

    name = "vocabulary"
    version = "1"
    calls_per_passage = 0

    def __init__(self) -> None:
        self._names = Names()
        self._mentions = Mentions(self._names)
        self._system = "unknown"
        self._crowded = 0

    @property
    def report(self) -> Counter[str]:
        """What was learnt and left alone, by name."""
        own = Counter({"crowded": self._crowded} if self._crowded else {})
        return own + self._names.report + self._mentions.report

    @property
    def examples(self) -> dict[str, list[str]]:
        """A few of the names that several things bear."""
        return self._mentions.examples

    def prepare(self, known: RecordSource) -> None:
        """Learn the names of entities, their aliases, names of raw nodes, titles of documents."""
        self._system = known.system
        self._names.learn(known)

    def derive(self, passages: Iterable[Passage]) -> Iterator[tuple[Passage, Sequence[Any]]]:
        """Yield each passage with an entity for everything named in it, and the facts."""
        for passage in passages:
            yield passage, self._records(passage)

    def _records(self, passage: Passage) -> list[Any]:
        mentions = self._mentions.find(passage)
        by_thing: defaultdict[str, list[Mention]] = defaultdict(list)
        for mention in mentions:
            by_thing[mention.thing.id].append(mention)
        records: list[Any] = []
        for found in by_thing.values():
            if not found[0].thing.is_text:
                records.append(self._entity(found, passage.text))
            records.append(self._mentioned(passage, found))
        known = [mention for mention in mentions if mention.known]
        if len({mention.thing.id for mention in known}) > 1:
            records.extend(self._pairs(passage, known))
        return records

    def _entity(self, found: list[Mention], text: str) -> Any:
        thing = found[0].thing
        aliases, attributes = list(thing.aliases), {}
        if not found[0].known and thing.entity_type == "Date":
            written = {text[mention.start : mention.end] for mention in found}
            aliases = sorted(written - {thing.name})
            attributes = {"date": to_json(date.fromisoformat(thing.name))}
        return line_type("entity")(
            kind="entity",
            external_system=self._system,
            external_id=thing.id,
            name=thing.name,
            entity_type=thing.entity_type,
            aliases=aliases,
            attributes=attributes,
        )

    def _mentioned(self, passage: Passage, found: list[Mention]) -> Any:
        evidence = [
            _quote(passage, mention.start, mention.end, mention.end) for mention in found[:EVIDENCE]
        ]
        return self._fact(passage.record[1], MENTIONS, found[0].thing.id, len(found), evidence)

    def _pairs(self, passage: Passage, mentions: list[Mention]) -> Iterator[Any]:
        """Yield one fact for each pair that shares a sentence of the passage."""
        counts: Counter[tuple[str, str]] = Counter()
        evidence: defaultdict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        for start, end, inside in iter_shared(passage.text, mentions):
            first = {mention.thing.id: mention for mention in reversed(inside)}
            if len(first) > CROWD:
                self._crowded += 1
                continue
            for pair in combinations(sorted(first), 2):
                counts[pair] += 1
                if counts[pair] <= EVIDENCE:
                    places = sorted((first[pair[0]], first[pair[1]]))
                    begin = start if end - start <= _QUOTED else places[0].start
                    evidence[pair].append(_quote(passage, begin, end, places[1].end))
        for pair, count in counts.items():
            yield self._fact(pair[0], CO_OCCURS, pair[1], count, evidence[pair])

    def _fact(
        self, subject: str, predicate: str, target: str, count: int, evidence: list[dict[str, Any]]
    ) -> Any:
        return line_type("fact")(
            kind="fact",
            external_system=self._system,
            external_id=f"{subject}:{predicate}:{target}",
            subject_ref=subject,
            predicate=predicate,
            object_ref=target,
            metadata={"count": count, "evidence": evidence},
        )


def _quote(passage: Passage, start: int, end: int, least: int) -> dict[str, Any]:
    """Return where a stretch stands and what it says; a long one is cut behind ``least``."""
    end = max(least, min(end, start + _QUOTED))
    text = passage.text[start:end]
    end -= len(text) - len(text.rstrip())
    start += len(text) - len(text.lstrip())
    return {
        "record": passage.record[1],
        "passage": passage.at,
        "start": start,
        "end": end,
        "text": passage.text[start:end],
    }
