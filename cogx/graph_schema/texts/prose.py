"""Knows names in prose by their capital letters, and the words between two; understands neither.

What is found this way is a guess, and says so by its type: a Concept, unless a title before the
name or a word in it tells a Person or an Organization. Scripts without capitals give nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Set
from itertools import pairwise
from typing import Final, NamedTuple

from cogx.graph_schema.naming import snake_case
from cogx.graph_schema.observations import Observations

CONCEPT: Final = "Concept"
_MOST_RELATIONS: Final = 30
_MOST_BETWEEN: Final = 3
_SENTENCE_ENDS: Final = re.compile(r"(?<=[.!?])\s+|\n{2,}")
_DOTTED: Final = re.compile(r"\b(Mr|Mrs|Ms|Dr|Prof)\.")
_WORD: Final = re.compile(r"[^\W\d_][\w'\u2019-]*\w|[^\W\d_]|[^\w\s]|\d+")
_TITLES: Final = frozenset({"mr", "mrs", "ms", "dr", "prof", "professor", "sir", "lady", "miss"})
_ORGANIZATION_WORDS: Final = """
inc ltd llc gmbh ag corp corporation company university institute bank labs laboratories
foundation college association committee ministry group society agency
"""
_COMMON_WORDS: Final = """
the a an and or but of in on at to by for from with as is are was were be been has have had it its
he she they we you i his her their our this that these those there then when where who which what
how why if not no yes so all some any each every also after before since while during about into
over under between than more most such do does did may can will would should could must new one two
three first last see note chapter section later earlier yesterday today tomorrow however
meanwhile finally again now here often still yet both many few other another
"""
_ORGANIZATION: Final = frozenset(_ORGANIZATION_WORDS.split())
_COMMON: Final = frozenset(_COMMON_WORDS.split())


class _Name(NamedTuple):
    text: str
    type: str
    start: int
    end: int


def observe_prose(lines: list[str], owners: Mapping[str, str], seen: Observations) -> None:
    """Count the names in prose, and the words that join two of them in one sentence.

    A name counts that occurs twice, or is joined to another; if nothing else is known of any
    text, every name does.

    Args:
        owners: types of things that are known by name, in lower case.
    """
    text = _DOTTED.sub(r"\1", "\n".join(lines))
    sentences = [_WORD.findall(sentence) for sentence in _SENTENCE_ENDS.split(text)]
    inside = {one.text for words in sentences for one in _names(words, owners) if one.start}
    found = _Found()
    for words in sentences:
        found.read(words, owners, inside)
    tied = {end for left, _, right in found.joined for end in (left, right)}
    others = bool(seen.types)
    for text, count in sorted(found.names.items()):
        if (count > 1 or text in tied or not others) and text.casefold() not in owners:
            seen.add_node(found.type_of(text), {"name": text}, is_sample=True)
    relations = found.relations()
    for key in sorted(relations, key=lambda key: (-relations[key], key))[:_MOST_RELATIONS]:
        for _ in range(relations[key]):
            seen.add_relation(*key, many=True)


class _Found:
    """Names and what joins them, sentence by sentence."""

    def __init__(self) -> None:
        self.names: Counter[str] = Counter()
        self.joined: Counter[tuple[str, str, str]] = Counter()
        self._types: dict[str, str] = {}

    def read(self, words: list[str], owners: Mapping[str, str], inside: Set[str]) -> None:
        """Take the names of one sentence; ``inside`` are those that stand within sentences."""
        found = list(_names(words, owners, inside))
        for one in found:
            self.names[one.text] += 1
            if one.type != CONCEPT:  # what a name is called once it is everywhere
                self._types.setdefault(one.text, one.type)
        for left, right in pairwise(found):
            predicate = _predicate(words[left.end : right.start])
            if predicate:
                self.joined[left.text, predicate, right.text] += 1

    def type_of(self, name: str) -> str:
        """Return the sort of a name, as far as any sentence tells it."""
        return self._types.get(name, CONCEPT)

    def relations(self) -> Counter[tuple[str, str, str]]:
        """Return (type, predicate, type) of what joins names, and how often."""
        found: Counter[tuple[str, str, str]] = Counter()
        for (left, predicate, right), count in self.joined.items():
            found[self.type_of(left), predicate, self.type_of(right)] += count
        return found


def _names(
    words: list[str], owners: Mapping[str, str], inside: Set[str] = frozenset()
) -> Iterator[_Name]:
    """Yield the runs of capitalised words; the first word of a sentence only as part of one.

    What follows it is the name if that is known: ``Thus Ada`` is Ada.
    """
    at = 0
    while at < len(words):
        end = at
        while end < len(words) and _is_capital(words[end]):
            end += 1
        run = words[at:end]
        title, start = False, at
        while run and run[0].lower() in _COMMON | _TITLES:
            title = run[0].lower() in _TITLES
            run, start = run[1:], start + 1
        if start == 0 and len(run) > 1 and not title:
            rest = " ".join(run[1:])
            if rest in inside or rest.casefold() in owners:
                run, start = run[1:], 1
        if run and (len(run) > 1 or start > 0 or title):
            text = " ".join(run)
            yield _Name(text, _type(run, text, owners, title=title), start, end)
        at = max(end, at + 1)


def _is_capital(word: str) -> bool:
    return word[0].isupper() and (len(word) > 1 or not word.isascii())


def _type(run: list[str], text: str, owners: Mapping[str, str], *, title: bool) -> str:
    known = owners.get(text.casefold())
    if known is not None:
        return known
    if run[-1].lower() in _ORGANIZATION or run[0].lower() in _ORGANIZATION:
        return "Organization"
    return "Person" if title else CONCEPT


def _predicate(between: list[str]) -> str | None:
    """Return the relation that a few words between two names may be; most are none."""
    if not 0 < len(between) <= _MOST_BETWEEN or not all(word.isalpha() for word in between):
        return None
    kept = [word.lower() for word in between if word.lower() not in {"the", "a", "an"}]
    if not kept or kept[0] in _COMMON or any(word[0].isupper() for word in between):
        return None
    return snake_case(" ".join(kept))
