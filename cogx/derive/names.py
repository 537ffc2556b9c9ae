"""Knows all names that are known, and finds them in a text; never what to make of a find.

The names live in memory: about 500 bytes each. Finding costs the same for ten names and for a
hundred thousand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from msgspec import Struct

from cogx.derive.boundaries import is_whole
from cogx.derive.folding import Folded, fold_name, keep_case
from cogx.errors import MissingExtra
from cogx.ports import RecordSource

_NAMED_KINDS: Final = ("entity", "raw_node", "document")
_SHORT: Final = 3


class Thing(Struct, gc=False):
    """What a name stands for. ``is_text`` tells a document from an entity or a node."""

    id: str
    name: str
    entity_type: str | None
    aliases: list[str]
    is_text: bool


class Find(NamedTuple):
    """A name in a text, from ``start`` to ``end`` of the original; no thing: it is ambiguous."""

    start: int
    end: int
    thing: Thing | None


class _Spelling(NamedTuple):
    """One way in which a thing is written. ``case`` is the spelling to hold to, if any."""

    thing: Thing
    exact: str
    case: frozenset[str] | None


class Names:
    """The names, aliases and titles of a source.

    A name of up to three letters, or in capitals only, is found as it is written; any other in
    any case. A title counts only where nothing else is called so. ``report`` counts ``names``
    and ``names_unusable`` (nothing in them that a word has).

    Raises:
        MissingExtra: pyahocorasick is not installed.
    """

    def __init__(self) -> None:
        try:
            import ahocorasick  # noqa: PLC0415
        except ImportError as error:
            raise MissingExtra("derive", "Finding known names in texts") from error
        self._automaton: Any = ahocorasick.Automaton()
        self._spellings: dict[str, list[_Spelling]] = {}
        self.report: Counter[str] = Counter()

    def learn(self, known: RecordSource) -> None:
        """Take every name of a source. Called once, before :meth:`find`.

        Cost: one pass over entities, raw nodes and documents; 20 microseconds a name.
        """
        for kind, batch in known.iter_batches(*_NAMED_KINDS):
            for record in batch:
                thing = _thing(kind, record)
                if thing is not None:
                    self._add(thing)
        for folded in self._spellings:
            self._automaton.add_word(folded, folded)
        if self._spellings:
            self._automaton.make_automaton()

    def find(self, text: str, folded: Folded) -> Iterator[Find]:
        """Yield every known name that stands in the text as whole words; they may overlap."""
        if not self._spellings:
            return
        for last, name in self._automaton.iter(folded.text):
            start, end = last + 1 - len(name), last + 1
            if not is_whole(folded.text, start, end):
                continue
            place = folded.original(start, end)
            if place is None:
                continue
            candidates = self._meant(name, text[place[0] : place[1]])
            if candidates:
                thing = candidates[0] if len(candidates) == 1 else None
                yield Find(*place, thing)

    def _meant(self, folded: str, written: str) -> list[Thing]:
        """Return the things that a spelling may stand for.

        Things go before titles, and what is written exactly so before what is not.
        """
        exact = keep_case(written)
        fitting = [s for s in self._spellings[folded] if s.case is None or exact in s.case]
        if len(fitting) > 1:
            fitting = [s for s in fitting if not s.thing.is_text] or fitting
            fitting = [s for s in fitting if s.exact == exact] or fitting
        return list({spelling.thing.id: spelling.thing for spelling in fitting}.values())

    def _add(self, thing: Thing) -> None:
        for name in (thing.name, *thing.aliases):
            folded = fold_name(name)
            if not any(map(str.isalnum, folded)) or "\n" in folded:
                self.report["names_unusable"] += 1
                continue
            exact = keep_case(name)
            spellings = self._spellings.setdefault(folded, [])
            if any(s.thing.id == thing.id and s.exact == exact for s in spellings):
                continue
            self.report["names"] += 1
            spellings.append(_Spelling(thing, exact, _case(exact)))


def _thing(kind: str, record: Any) -> Thing | None:
    if kind == "entity":
        return Thing(
            record.external_id, record.name, record.entity_type, list(record.aliases), False
        )
    if kind == "raw_node":
        name, node_type = record.properties.get("name"), record.properties.get("type")
        if not isinstance(name, str) or not name:
            return None
        known_type = node_type if isinstance(node_type, str) and node_type else None
        return Thing(record.properties["id"], name, known_type, [], False)
    if not record.title or "part_of" in record.metadata or "derived" in record.metadata:
        return None
    return Thing(record.external_id, record.title, None, [], True)


def _case(exact: str) -> frozenset[str] | None:
    """Return the spellings that a name is bound to, None if its case does not matter.

    A short name in small letters comes from a system that keeps no case (cognee): it is found
    with a capital letter, too.
    """
    if len(exact) <= _SHORT:
        capital = exact[:1].upper() + exact[1:]
        return frozenset({exact, capital} if len(exact) > 1 and exact.islower() else {exact})
    return frozenset({exact}) if exact.isupper() else None
