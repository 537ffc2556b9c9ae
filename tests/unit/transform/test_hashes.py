from __future__ import annotations

from unittest.mock import patch

import numpy as np
import pytest

from cogx.hash_tables import Words
from cogx.transform import hashes
from cogx.transform.hashes import NO_WORDS, HashSet, among, find


def words(*numbers: int) -> Words:
    return np.array(numbers, np.uint64)


@pytest.mark.parametrize("waiting", [1, 1000])
def test_a_set_holds_each_member_once_however_it_grew(waiting: int) -> None:
    grown = HashSet()
    with patch.object(hashes, "_FEWEST_WAITING", waiting):
        for some in (words(3, 1, 3), NO_WORDS, words(2**64 - 1, 1), words(0)):
            grown.add(some)
    assert grown.known().tolist() == [0, 1, 3, 2**64 - 1]


def test_a_set_can_grow_after_it_was_looked_at() -> None:
    grown = HashSet()
    assert grown.known().tolist() == []
    grown.add(words(2))
    assert grown.known().tolist() == [2]
    grown.add(words(1))
    assert grown.known().tolist() == [1, 2]


def test_values_are_found_at_their_places() -> None:
    assert find(words(2, 4, 2**64 - 1), words(4, 2, 3, 0, 2**64 - 1)).tolist() == [1, 0, -1, -1, 2]


def test_nothing_is_found_among_nothing() -> None:
    assert find(NO_WORDS, words(1, 2)).tolist() == [-1, -1]
    assert among(NO_WORDS, NO_WORDS).tolist() == []
