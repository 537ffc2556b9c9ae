"""Knows how alike two names are, and in which way; never whether their bearers are one.

Scores of rules are fixed, so that a person can set a bound by rule; below them stands likeness of
spelling, word by word, which is rapidfuzz's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from cogx.errors import MissingExtra
from cogx.transform.hashes import Mask
from cogx.transform.resolution.words import Words

SAME: Final = 100.0
_ACCENTS: Final = 99.0
_ORDER: Final = 97.0
_LIGHT: Final = 96.0
_INITIALS: Final = 92.0
_BY_SPELLING: Final = 0.91
"""What likeness of spelling is worth: less than any rule."""
_LEAST_WORD: Final = 70.0
"""Two words that are less alike than this are two words, whatever stands beside them."""
_SHORTEST: Final = 3
"""A shorter word has nothing near it."""
_MOST_DIFFERENT: Final = 4
"""Names that differ in more words than this are two names; comparing takes their square."""


class Likeness(NamedTuple):
    """How alike two names are, of 100, and why."""

    score: float
    reason: str


class Comparison:
    """Compares names word by word.

    Raises:
        MissingExtra: rapidfuzz is not installed.
    """

    def __init__(self) -> None:
        try:
            from rapidfuzz import fuzz, process  # noqa: PLC0415
        except ImportError as error:
            raise MissingExtra("resolve", "Proposing entities that may be one") from error
        self._ratio: Callable[..., float] = fuzz.ratio
        self._ratios: Callable[..., Any] = process.cpdist

    def of(self, one: Words, other: Words) -> Likeness | None:
        """Return how alike two names are, None if they are names of two things."""
        if one.numbers != other.numbers:
            return None
        return _by_rule(one, other) or self._by_spelling(one.core, other.core)

    def are_near(self, some: Sequence[str], others: Sequence[str], least: float) -> Mask:
        """Tell, pair by pair, whether two texts are alike at all; half a microsecond each."""
        found = self._ratios(some, others, scorer=self._ratio, score_cutoff=least, dtype=np.float32)
        mask: Mask = found > 0
        return mask

    def _by_spelling(self, one: tuple[str, ...], other: tuple[str, ...]) -> Likeness | None:
        """Return how alike two names of equally many words are, each held against its nearest."""
        left, right = _without(one, other), _without(other, one)
        if len(one) != len(other) or len(left) > _MOST_DIFFERENT:
            return None
        length = 2 * (sum(map(len, one)) - sum(map(len, left)))
        score = 100.0 * length
        while left:
            alike, mine, yours = max((self._ratio(a, b), a, b) for a in left for b in right)
            if alike < _LEAST_WORD or min(len(mine), len(yours)) < _SHORTEST:
                return None
            left.remove(mine)
            right.remove(yours)
            score += alike * (len(mine) + len(yours))
            length += len(mine) + len(yours)
        return Likeness(round(_BY_SPELLING * score / length, 1), "similar spelling")


def _by_rule(one: Words, other: Words) -> Likeness | None:
    if one.folded == other.folded:
        return Likeness(SAME, "same name")
    if "".join(one.written) == "".join(other.written):
        return Likeness(_ACCENTS, "same but for accents, punctuation and spaces")
    if one.core == other.core:
        if sorted(one.written) == sorted(other.written):
            return Likeness(_ORDER, "same words in another order")
        return Likeness(_LIGHT, "same words but for titles, legal forms and articles")
    if _abbreviates(one.core, other.core):
        return Likeness(_INITIALS, "initials for names")
    return None


def _abbreviates(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Tell whether all words of two names are equal, or one is the other's first letter."""
    mine, yours = _without(one, other), _without(other, one)
    if len(mine) != len(yours) or len(mine) == len(one):
        return False
    pairs = zip(mine, yours, strict=True)
    return all(
        min(len(a), len(b)) == 1 and max(len(a), len(b)) > 1 and a[0] == b[0] for a, b in pairs
    )


def _without(words: tuple[str, ...], taken: tuple[str, ...]) -> list[str]:
    """Return the words that are left, in order, when others are taken away, each once."""
    return sorted((Counter(words) - Counter(taken)).elements())
