"""Knows all names that are known, and finds them in a text; never what to make of a find.

The names live in memory: about 1 KB each. Finding costs the same for ten names and for a
hundred thousand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from msgspec import Struct

from cogx.derive.boundaries import is_whole
from cogx.derive.folding import Folded, fold_name, keep_case
from cogx.derive.patterns import pattern_of
from cogx.errors import MissingExtra
from cogx.ports import RecordSource

_NAMED_KINDS: Final = ("entity", "raw_node", "document")
_SHORT: Final = 3
_OF_CLASSES: Final = frozenset({"EntityType", "EdgeType", "NodeSet"})
"""Types of nodes by which cognee sorts others: ``person`` there is a sort, and nobody's name."""


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


class Names:
    """The names, aliases and titles of a source.

    A name of up to three letters, or in capitals only, is found as it is written; any other in
    any case. A title counts only where nothing else is called so. ``report`` counts ``names``,
    ``names_unusable`` (nothing in them that a word has) and ``names_of_classes`` (cognee's names
    for sorts of things, which are left out).

    Raises:
        MissingExtra: pyahocorasick is not installed.
    """

    def __init__(self) -> None:
        try:
            import ahocorasick  # noqa: PLC0415
        except ImportError as error:
            raise MissingExtra("derive", "Finding known names in texts") from error
        self._automaton: Any = ahocorasick.Automaton()
        # Folded name -> (spelling, whether a title) -> the thing; None: there are several.
        self._spellings: dict[str, dict[tuple[str, bool], Thing | None]] = {}
        self.report: Counter[str] = Counter()

    def learn(self, known: RecordSource) -> None:
        """Take every name of a source. Called once, before :meth:`find`.

        Cost: one pass over entities, raw nodes and documents; 20 microseconds a name.
        """
        for kind, batch in known.iter_batches(*_NAMED_KINDS):
            for record in batch:
                thing = _thing(kind, record)
                if thing is not None and thing.entity_type in _OF_CLASSES:
                    self.report["names_of_classes"] += 1
                elif thing is not None:
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
            meant = self._meant(name, keep_case(text[place[0] : place[1]]))
            if meant:
                same = all(thing is not None and thing.id == meant[0].id for thing in meant)
                yield Find(*place, meant[0] if same else None)

    def _meant(self, folded: str, written: str) -> list[Any]:
        """Return the things that a spelling may stand for, None among them for several.

        Things go before titles, and what is written exactly so before what is not.
        """
        known = self._spellings[folded]
        fitting = [key for key in known if written in (_cases(key[0]) or (written,))]
        if len(fitting) > 1:
            fitting = [key for key in fitting if not key[1]] or fitting
            fitting = [key for key in fitting if key[0] == written] or fitting
        return [known[key] for key in fitting]

    def _add(self, thing: Thing) -> None:
        for name in (thing.name, *thing.aliases):
            formed = pattern_of(name, thing.entity_type)
            if formed is not None and formed.id == thing.id:
                continue  # an earlier run made it by its form, by which it is found again
            folded = fold_name(name)
            if not any(map(str.isalnum, folded)) or "\n" in folded:
                self.report["names_unusable"] += 1
                continue
            self.report["names"] += 1
            spellings = self._spellings.setdefault(folded, {})
            key = (keep_case(name), thing.is_text)
            known = spellings.setdefault(key, thing)
            if known is not None and known.id != thing.id:
                spellings[key] = None


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


def _cases(exact: str) -> tuple[str, ...] | None:
    """Return the spellings that a name is bound to, None if its case does not matter.

    A short name in small letters comes from a system that keeps no case (cognee): it is found
    with a capital letter, too.
    """
    if len(exact) <= _SHORT:
        small = len(exact) > 1 and exact.islower()
        return (exact, exact[:1].upper() + exact[1:]) if small else (exact,)
    return (exact,) if exact.isupper() else None
