"""Knows which names are worth comparing, without comparing all with all; judges none.

Four ways, each of them linear: names of one key (the same words, letters or initials), names that
share a rare word, neighbours in the alphabet, neighbours in the alphabet read backwards. The last
two find a typing error wherever it stands.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt

from cogx.transform.resolution.words import Words

RARE: Final = 30
"""A word of more names than this brings no two of them together."""
WINDOW: Final = 6
"""How many neighbours on one side a name in the alphabet is compared with."""
_RARE_WORDS: Final = 2

Pairs = npt.NDArray[np.int64]
"""Rows of two places in a list of names, the smaller first."""


def sure_pairs(names: Sequence[Words]) -> Pairs:
    """Return pairs of names that a rule may call equal.

    Of names with the same words, or the same letters, each stands beside the first; of names with
    the same initials each beside each, unless they are more than :data:`RARE`.
    """
    words = (" ".join(name.core) for name in names)
    letters = ("".join(name.written) for name in names)
    initials = (name.family for name in names)
    return _joined(
        _distinct(_with_first(words)), _distinct(_with_first(letters)), _distinct(_all(initials))
    )


def near_pairs(names: Sequence[Words]) -> Pairs:
    """Return pairs of names that may be alike in spelling; to be judged by a quick look first.

    Cost: at most 2 * RARE + 2 * WINDOW pairs a name.
    """
    texts = [" ".join(name.core) for name in names]
    backwards = [text[::-1] for text in texts]
    return _joined(_neighbours(texts), _neighbours(backwards), _distinct(_rare_word_pairs(names)))


def _with_first(keys: Iterable[str]) -> Iterator[tuple[int, int]]:
    firsts: dict[str, int] = {}
    for place, key in enumerate(keys):
        if firsts.setdefault(key, place) != place:
            yield firsts[key], place


def _all(keys: Iterable[str]) -> Iterator[tuple[int, int]]:
    blocks: defaultdict[str, list[int]] = defaultdict(list)
    for place, key in enumerate(keys):
        if key:
            blocks[key].append(place)
    for block in blocks.values():
        if len(block) <= RARE:
            yield from combinations(block, 2)


def _neighbours(texts: Sequence[str]) -> Pairs:
    order = np.array(sorted(range(len(texts)), key=texts.__getitem__), np.int64)
    steps = range(1, min(WINDOW, len(order) - 1) + 1)
    return _joined(*(np.stack((order[:-step], order[step:]), axis=1) for step in steps))


def _rare_word_pairs(names: Sequence[Words]) -> Iterator[tuple[int, int]]:
    counts = Counter(word for name in names for word in set(name.core))
    blocks: defaultdict[str, list[int]] = defaultdict(list)
    for place, name in enumerate(names):
        shared = sorted((counts[word], word) for word in set(name.core) if counts[word] > 1)
        for count, word in shared[:_RARE_WORDS]:
            if count <= RARE:
                for other in blocks[word]:
                    yield other, place
                blocks[word].append(place)


def _distinct(pairs: Iterable[tuple[int, int]]) -> Pairs:
    flat = (place for pair in pairs for place in pair)
    return _joined(np.fromiter(flat, np.int64).reshape(-1, 2))


def _joined(*parts: Pairs) -> Pairs:
    """Return all pairs once, in order."""
    rows = np.concatenate([np.empty((0, 2), np.int64), *parts])
    rows.sort(axis=1)
    packed = np.unique(rows[:, 0] << np.int64(32) | rows[:, 1])
    return np.stack((packed >> np.int64(32), packed & np.int64(0xFFFFFFFF)), axis=1)
