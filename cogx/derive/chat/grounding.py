"""Knows what of a model's words stands in a passage, and where; understands neither.

Compared as names are found everywhere here: neither case, nor accents' composition, white space
or the sort of an apostrophe counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from cogx.derive.boundaries import is_whole
from cogx.derive.folding import Folded, fold, fold_name
from cogx.ports import Passage

_QUOTES: Final = "\"'“”‘’«»„…. "  # noqa: RUF001 - marks of other scripts
_MOST_EVIDENCE: Final = 1000
_YEAR: Final = re.compile(r"\d{4}", re.ASCII)


class Ground:
    """The words of one passage.

    Args:
        start: where the text begins in the passage that evidence speaks of.
    """

    def __init__(self, passage: Passage, start: int = 0) -> None:
        self._passage = passage
        self._start = start
        self._text = fold(passage.text)
        self._before = fold(passage.before)

    def has_name(self, name: str) -> bool:
        """Tell whether a name stands in the text or before it, as whole words."""
        return any(
            next(_places(folded, name), None) is not None for folded in (self._text, self._before)
        )

    def mentions(self, name: str) -> list[dict[str, Any]]:
        """Return every place in the text where a name stands as whole words."""
        return [self._quote(*place) for place in _places(self._text, name)]

    def evidence(self, words: str) -> dict[str, Any] | None:
        """Return where the words stand in the text, None if they do not."""
        folded = fold_name(words.strip(_QUOTES))
        if not any(map(str.isalnum, folded)) or len(folded) > _MOST_EVIDENCE:
            return None
        at = self._text.text.find(folded)
        place = self._text.original(at, at + len(folded)) if at >= 0 else None
        return None if place is None else self._quote(*place)

    def has_year(self, year: str) -> bool:
        """Tell whether a year stands in the text or before it, in a date or by itself."""
        if not _YEAR.fullmatch(year):
            return False
        pattern = re.compile(rf"(?<!\d){year}(?!\d)")
        return any(pattern.search(text) for text in (self._passage.text, self._passage.before))

    def _quote(self, start: int, end: int) -> dict[str, Any]:
        return {
            "record": self._passage.record[1],
            "passage": self._passage.at,
            "start": self._start + start,
            "end": self._start + end,
            "text": self._passage.text[start:end],
        }


def names_in(words: str, names: list[str]) -> bool:
    """Tell whether any of these names stands in these words."""
    folded = fold(words)
    return any(next(_places(folded, name), None) is not None for name in names)


def _places(folded: Folded, name: str) -> Iterator[tuple[int, int]]:
    """Yield where a name stands in a text, as whole words, not over each other."""
    wanted = fold_name(name)
    at = folded.text.find(wanted) if wanted else -1
    while at >= 0:
        end = at + len(wanted)
        place = folded.original(at, end) if is_whole(folded.text, at, end) else None
        if place is not None:
            yield place
        at = folded.text.find(wanted, end if place else at + 1)
