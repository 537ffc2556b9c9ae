"""Knows what some passages gave of one record, and how two such parts become one; no disk."""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct, field

KEPT: Final = 100
"""How many passages and records a derived record names; how many more there are is counted."""
EVIDENCE: Final = 3
"""How many places are quoted for a fact; all are counted."""
_OWN_WORDS: Final = frozenset({"description", "attributes"})
"""What is said of an entity in words that one user's memory may have chosen."""
_OPEN: Final = frozenset({"attributes", "metadata"})
"""Fields that hold others: of each of those what was said first stays."""


class Origin(Struct):
    """Some of the things that a record comes from, in order, and how many there are."""

    some: list[str] = field(default_factory=list)
    count: int = 0
    first: str = ""
    last: str = ""

    def add(self, name: str) -> None:
        """Take the next one; the same one again is no other."""
        if name == self.last and self.count:
            return
        self.join(Origin([name], 1, name, name))

    def join(self, later: Origin) -> None:
        """Take those that came later."""
        both = 1 if self.count and self.last == later.first else 0
        self.some.extend(later.some[both : both + KEPT - len(self.some)])
        self.first = self.first if self.count else later.first
        self.count += later.count - both
        self.last = later.last

    def told(self, name: str) -> dict[str, Any]:
        """Return what metadata says of it."""
        more = self.count - len(self.some)
        return {name: self.some} | ({f"more_{name}": more} if more else {})


class Part(Struct):
    """What some passages gave of one record.

    ``scope`` says whose memory it comes from, {} if everybody's or of several: then nothing in it
    was told by one of them alone but that there is such a thing, and of which sort. ``names``
    holds each name with the scope of its own.
    """

    fields: dict[str, Any]
    scope: dict[str, Any]
    passages: Origin = field(default_factory=Origin)
    records: Origin = field(default_factory=Origin)
    count: int = 0
    evidence: list[Any] = field(default_factory=list)
    names: dict[str, dict[str, Any]] = field(default_factory=dict)
    differs: bool = False

    def join(self, later: Part) -> None:
        """Take what later passages gave: what was said first stays, what was not said is added."""
        self.passages.join(later.passages)
        self.records.join(later.records)
        self.count += later.count
        self.evidence.extend(later.evidence[: EVIDENCE - len(self.evidence)])
        for name, scope in later.names.items():
            if self.names.setdefault(name, scope) != scope:
                self.names[name] = {}
        mine, theirs = self.fields, later.fields
        self.differs |= later.differs or _contradict(mine, theirs)
        if later.scope != self.scope:
            mine, theirs = self._of_all(), later._of_all()
            self.scope = {}
        self.fields = theirs | mine
        for name in _OPEN & mine.keys() & theirs.keys():
            self.fields[name] = theirs[name] | mine[name]

    def told_names(self) -> list[str]:
        """Return the names that may be told: the first, and those that are not only another's."""
        first, *others = self.names
        return [first, *(name for name in others if self.names[name] in ({}, self.scope))]

    def _of_all(self) -> dict[str, Any]:
        """Return the fields that people of another scope may see, too."""
        if not self.scope:
            return self.fields
        return {name: value for name, value in self.fields.items() if name not in _OWN_WORDS}


def _contradict(first: dict[str, Any], later: dict[str, Any]) -> bool:
    """Tell whether both say something of the same, and not the same thing."""
    return any(
        _contradict(first[name], later[name]) if name in _OPEN else first[name] != later[name]
        for name in first.keys() & later.keys()
    )
