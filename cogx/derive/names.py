"""Knows how all names that are known are found in a text; never what to make of a find.

Finding costs the same for ten names and for a hundred thousand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from cogx.derive.boundaries import is_whole
from cogx.derive.folding import Folded
from cogx.derive.spellings import Spellings, Thing, only_meant
from cogx.errors import MissingExtra
from cogx.ports import RecordSource


class Find(NamedTuple):
    """A name in a text, from ``start`` to ``end`` of the original; no thing: it is ambiguous."""

    start: int
    end: int
    thing: Thing | None


class Names:
    """The names, aliases and titles of a source, ready to be found; see :class:`Spellings`.

    Raises:
        MissingExtra: pyahocorasick is not installed.
    """

    def __init__(self) -> None:
        try:
            import ahocorasick  # noqa: PLC0415
        except ImportError as error:
            raise MissingExtra("derive", "Finding known names in texts") from error
        self._automaton: Any = ahocorasick.Automaton()
        # What an earlier run found by its form is found by it again, and is no known name.
        self._spellings = Spellings(formed=False)

    @property
    def report(self) -> Counter[str]:
        """What was learnt and left alone, by name."""
        return self._spellings.report

    def learn(self, known: RecordSource) -> None:
        """Take every name of a source. Called once, before :meth:`find`."""
        self._spellings.learn(known)
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
            meant = self._spellings.meant(text[place[0] : place[1]], name)
            if meant:
                yield Find(*place, only_meant(meant))
