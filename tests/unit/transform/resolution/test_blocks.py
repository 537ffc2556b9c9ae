from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from cogx.transform.resolution.blocks import RARE, WINDOW, near_pairs, sure_pairs
from cogx.transform.resolution.words import Words, words_of


def words(*names: str) -> list[Words]:
    return [found for name in names if (found := words_of(name)) is not None]


def test_names_of_one_key_are_a_star_and_not_all_pairs() -> None:
    assert sure_pairs(words("Acme", "Acme Inc", "The Acme")).tolist() == [[0, 1], [0, 2]]


def test_initials_are_held_against_every_name_that_they_fit() -> None:
    names = words("Ann Lee", "Amy Lee", "A. Lee")
    assert sure_pairs(names).tolist() == [[0, 1], [0, 2], [1, 2]]


def test_initials_that_too_many_names_fit_bring_nobody_together() -> None:
    names = words(*(f"A{'c' * n} Lee" for n in range(1, RARE + 2)))
    assert sure_pairs(names).tolist() == []


def test_names_far_apart_in_the_alphabet_meet_by_a_rare_word() -> None:
    chance = random.Random(3)
    others = ["".join(chance.choices("bcdefgh", k=9)) for _ in range(100)]
    names = words("aaa mango zzz", "hhh mango bbb", *others)
    assert [0, 1] in near_pairs(names).tolist()


def test_one_name_has_no_pair() -> None:
    assert near_pairs(words("Ann")).tolist() == []


def test_no_name_has_no_pair() -> None:
    assert near_pairs([]).tolist() == sure_pairs([]).tolist() == []


NAMES = st.lists(st.text("ab ", min_size=1, max_size=6), max_size=60)


@given(NAMES)
def test_pairs_are_distinct_ordered_and_grow_with_the_names_only(names: list[str]) -> None:
    known = words(*names)
    for pairs in (near_pairs(known), sure_pairs(known)):
        rows = [tuple(pair) for pair in pairs.tolist()]
        assert rows == sorted(set(rows))
        assert all(one < other for one, other in rows)
        assert len(rows) <= len(known) * 2 * (RARE + WINDOW)
