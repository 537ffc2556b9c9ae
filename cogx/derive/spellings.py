"""Knows what is called how in a source, and what a spelling stands for; looks into no text.

The names live in memory: about 1 KB each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from msgspec import Struct

from cogx.derive.folding import fold_name, keep_case
from cogx.derive.patterns import pattern_of
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


class Spellings:
    """The names, aliases and titles of a source, each with what it stands for.

    A name of up to three letters, or in capitals only, is meant as it is written; any other in
    any case. A title counts only where nothing else is called so. ``report`` counts ``names``,
    ``names_unusable`` (nothing in them that a word has) and ``names_of_classes`` (cognee's names
    for sorts of things, which are left out).

    Args:
        formed: take names, too, that give their thing by their form (dates, e-mail addresses,
            URLs); who finds these anyway does not want them.
    """

    def __init__(self, *, formed: bool = True) -> None:
        self._formed = formed
        # Folded name -> (spelling, whether a title) -> the thing; None: there are several.
        self._things: dict[str, dict[tuple[str, bool], Thing | None]] = {}
        self.report: Counter[str] = Counter()

    def learn(self, known: RecordSource) -> None:
        """Take every name of a source.

        Cost: one pass over entities, raw nodes and documents; 20 microseconds a name.
        """
        for kind, batch in known.iter_batches(*_NAMED_KINDS):
            for record in batch:
                thing = _thing(kind, record)
                if thing is not None and thing.entity_type in _OF_CLASSES:
                    self.report["names_of_classes"] += 1
                elif thing is not None:
                    self._add(thing)

    def __iter__(self) -> Iterator[str]:
        """Yield every name, folded."""
        return iter(self._things)

    def __len__(self) -> int:
        return len(self._things)

    def meant(self, written: str, folded: str | None = None) -> list[Thing | None]:
        """Return the things that a spelling may stand for, None among them for several.

        Things go before titles, and what is written exactly so before what is not.

        Args:
            folded: the same as it is compared, for those who have it already.
        """
        known = self._things.get(fold_name(written) if folded is None else folded, {})
        exact = keep_case(written)
        fitting = [key for key in known if exact in (_cases(key[0]) or (exact,))]
        if len(fitting) > 1:
            fitting = [key for key in fitting if not key[1]] or fitting
            fitting = [key for key in fitting if key[0] == exact] or fitting
        return [known[key] for key in fitting]

    def _add(self, thing: Thing) -> None:
        for name in (thing.name, *thing.aliases):
            if not self._formed and _is_formed(name, thing):
                continue
            folded = fold_name(name)
            if not any(map(str.isalnum, folded)) or "\n" in folded:
                self.report["names_unusable"] += 1
                continue
            self.report["names"] += 1
            spellings = self._things.setdefault(folded, {})
            key = (keep_case(name), thing.is_text)
            known = spellings.setdefault(key, thing)
            if known is not None and known.id != thing.id:
                spellings[key] = None


def _is_formed(name: str, thing: Thing) -> bool:
    """Tell whether a name gives its thing by its form: a date, an e-mail address, a URL."""
    found = pattern_of(name, thing.entity_type)
    return found is not None and found.id == thing.id


def only_meant(things: list[Thing | None]) -> Thing | None:
    """Return the one thing that is meant, None if it may be one of several."""
    first = things[0] if things else None
    same = first is not None and all(one is not None and one.id == first.id for one in things)
    return first if same else None


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
