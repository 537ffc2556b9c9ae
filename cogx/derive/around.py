"""Knows how a deriver stands around another one; never what it changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from cogx.ports import Deriver, Passage, RecordSource, Underived
from cogx.transform.examples import Examples

Result = tuple[Passage, Sequence[Any] | Underived]


class Around:
    """A deriver that does what another one does, but for what a subclass changes.

    What a subclass counts, and the examples it notes, stand beside those of the other.
    """

    def __init__(self, deriver: Deriver) -> None:
        self._deriver = deriver
        self._counts: Counter[str] = Counter()
        self._examples = Examples()
        self.name = deriver.name
        self.version = deriver.version

    def __getattr__(self, name: str) -> Any:
        """Return what else the deriver has: estimates, its cost, its origin."""
        if name.startswith("_"):  # not there yet, while a copy is made
            raise AttributeError(name)
        return getattr(self._deriver, name)

    @property
    def report(self) -> Counter[str]:
        """What the deriver counts, and what is counted here."""
        return Counter(getattr(self._deriver, "report", {})) + self._counts

    @property
    def examples(self) -> dict[str, list[str]]:
        """The deriver's own examples, and those of what is counted here."""
        return {**getattr(self._deriver, "examples", {}), **self._examples}

    def prepare(self, known: RecordSource) -> None:
        """Let the deriver look at what is known."""
        self._deriver.prepare(known)

    def derive(self, passages: Iterable[Passage]) -> Iterator[Result]:
        """Yield each passage with what becomes of its records."""
        for passage, records in self._deriver.derive(passages):
            if isinstance(records, Underived):
                yield passage, records
            else:
                yield passage, self._changed(passage, records)

    def _changed(self, passage: Passage, records: Sequence[Any]) -> Sequence[Any]:
        """Return what becomes of a passage's records: what they are, unless a subclass says."""
        return records
