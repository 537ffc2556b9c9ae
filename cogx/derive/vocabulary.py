"""Knows how known names in texts become entities and facts; guesses nothing, invents no name.

The offline deriver. What it gives: ``mentions`` from a content record to everything that is
named in it, and ``co_occurs_with`` between any two known things that are named in one sentence.
It does not know what a sentence says: that two names stand together is all it states.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import Any, Final, NamedTuple

from cogx.codec.from_values import line_type
from cogx.derive.folding import fold
from cogx.derive.names import Find, Names, Thing
from cogx.derive.patterns import Pattern, iter_patterns
from cogx.derive.sentences import iter_ends
from cogx.ports import Passage, RecordSource

MENTIONS: Final = "mentions"
CO_OCCURS: Final = "co_occurs_with"
EVIDENCE: Final = 3
"""How many places are quoted for a fact; all are counted."""
CROWD: Final = 30
"""A sentence with more names than this is a list, and says nothing about any two of them."""
_QUOTED: Final = 240
_AMBIGUOUS_EXAMPLES: Final = 10


class Mention(NamedTuple):
    """A stretch of a passage that names something."""

    start: int
    end: int
    thing: Thing
    known: bool


class VocabularyDeriver:
    """Finds the names that are known already, dates, e-mail addresses and URLs.

    Deterministic, offline, no LLM calls. ``report`` counts ``names``, ``names_unusable``,
    ``ambiguous`` (a name that several things bear is given to none of them), ``crowded``
    (sentences with too many names to pair), ``dates_unclear``, ``urls_unclear``; ``examples``
    holds a few ambiguous names.

    Raises:
        MissingExtra: pyahocorasick is not installed.
    Cost: all names in memory, about 500 bytes each; about 0.5 ms a passage of 2,000 characters.
    """

    name = "vocabulary"
    version = "1"
    calls_per_passage = 0

    def __init__(self) -> None:
        self._names = Names()
        self._system = "unknown"
        self.report: Counter[str] = Counter()
        self.examples: dict[str, list[str]] = {"ambiguous": []}

    def prepare(self, known: RecordSource) -> None:
        """Learn the names of entities, their aliases, names of raw nodes, titles of documents."""
        self._system = known.system
        self._names.learn(known)
        self.report += self._names.report

    def derive(self, passages: Iterable[Passage]) -> Iterator[tuple[Passage, Sequence[Any]]]:
        """Yield each passage with an entity for everything named in it, and the facts."""
        for passage in passages:
            yield passage, self._records(passage)

    def _records(self, passage: Passage) -> list[Any]:
        mentions = self._mentions(passage)
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

    def _mentions(self, passage: Passage) -> list[Mention]:
        """Return what is named, in order: the longest of overlapping finds, then the first."""
        text = passage.text
        finds: list[Find | Pattern] = [
            *self._names.find(text, fold(text)),
            *iter_patterns(text, self.report),
        ]
        # A known name goes before a pattern of the same length.
        finds.sort(key=lambda find: (find.start - find.end, find.start, isinstance(find, Pattern)))
        free, kept = _Free(len(text)), []
        for find in finds:
            if free.take(find.start, find.end):
                mention = self._mention(find, passage)
                if mention is not None:
                    kept.append(mention)
        return sorted(kept, key=lambda mention: mention.start)

    def _mention(self, find: Find | Pattern, passage: Passage) -> Mention | None:
        if isinstance(find, Pattern):
            thing = Thing(find.id, find.name, find.entity_type, [], False)
            return Mention(find.start, find.end, thing, False)
        if find.thing is None:
            self.report["ambiguous"] += 1
            examples, name = self.examples["ambiguous"], passage.text[find.start : find.end]
            if len(examples) < _AMBIGUOUS_EXAMPLES and name not in examples:
                examples.append(name)
            return None
        if find.thing.id == passage.record[1]:
            return None  # a document's title in its own text is no mention of another
        return Mention(find.start, find.end, find.thing, True)

    def _entity(self, found: list[Mention], text: str) -> Any:
        thing = found[0].thing
        aliases, attributes = list(thing.aliases), {}
        if not found[0].known and thing.entity_type == "Date":
            written = {text[mention.start : mention.end] for mention in found}
            aliases = sorted(written - {thing.name})
            attributes = {"date": {"$cogx": "date", "value": thing.name}}
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
        for start, end, inside in _sentences(passage.text, mentions):
            first = {mention.thing.id: mention for mention in reversed(inside)}
            if len(first) > CROWD:
                self.report["crowded"] += 1
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


class _Free:
    """Which characters of a text no find has taken."""

    def __init__(self, length: int) -> None:
        self._taken = bytearray(length)

    def take(self, start: int, end: int) -> bool:
        if any(self._taken[start:end]):
            return False
        self._taken[start:end] = b"\1" * (end - start)
        return True


def _sentences(text: str, mentions: Sequence[Mention]) -> Iterator[tuple[int, int, list[Mention]]]:
    """Yield (start, end, mentions) of sentences with two of them; no name is cut by an end."""
    ends = [position for position, _ in iter_ends(text)]
    start, index = 0, 0
    for end in (*ends, len(text)):
        inside: list[Mention] = []
        at = index
        while at < len(mentions) and mentions[at].start < end:
            inside.append(mentions[at])
            at += 1
        if inside and inside[-1].end > end:
            continue  # "J. R. R. Tolkien" goes on: so does the sentence
        if len(inside) > 1:
            yield start, end, inside
        start, index = end, at


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
