"""Knows what some passages gave of one record, and how two such parts become one; no disk."""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct, field

KEPT: Final = 100
"""How many passages and records a derived record names; how many more there are is counted."""
EVIDENCE: Final = 3
"""How many places are quoted for a fact; all are counted."""


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
    """What some passages gave of one record."""

    fields: dict[str, Any]
    scope: dict[str, Any]
    passages: Origin = field(default_factory=Origin)
    records: Origin = field(default_factory=Origin)
    count: int = 0
    evidence: list[Any] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    differs: bool = False

    def join(self, later: Part) -> None:
        """Take what later passages gave."""
        self.passages.join(later.passages)
        self.records.join(later.records)
        self.count += later.count
        self.evidence.extend(later.evidence[: EVIDENCE - len(self.evidence)])
        self.names.extend(name for name in later.names if name not in self.names)
        self.differs |= later.differs or later.fields != self.fields
        if later.scope != self.scope:
            self.scope = {}
