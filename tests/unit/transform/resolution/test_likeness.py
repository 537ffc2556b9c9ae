from __future__ import annotations

import sys

import pytest

from cogx.errors import MissingExtra
from cogx.transform.resolution.likeness import Comparison, Likeness
from cogx.transform.resolution.words import words_of


def likeness(one: str, other: str) -> Likeness | None:
    words = words_of(one), words_of(other)
    assert words[0] is not None
    assert words[1] is not None
    found = Comparison().of(words[0], words[1])
    assert found == Comparison().of(words[1], words[0])
    return found


@pytest.mark.parametrize(
    ("one", "other", "score"),
    [
        ("Ann Lee", "ANN  LEE", 100),
        ("Zoë Müller", "Zoe Muller", 99),
        ("e-mail", "email", 99),
        ("U.S.", "US", 99),
        ("Lee Ann", "Ann Lee", 97),
        ("Acme Inc.", "Acme", 96),
        ("University of Bonn", "Bonn University", 96),
        ("J. R. R. Tolkien", "John Ronald Reuel Tolkien", 92),
    ],
)
def test_rules_have_scores_of_their_own(one: str, other: str, score: float) -> None:
    found = likeness(one, other)
    assert found is not None
    assert found.score == score


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Model 3", "Model 4"),
        ("Model 3", "Model"),
        ("Henry IV", "Henry V"),
        ("World War I", "World War II"),
        ("Vitamin A", "Vitamin B"),
        ("12 Monkeys", "Monkeys"),
    ],
)
def test_names_with_different_numbers_are_names_of_two_things(one: str, other: str) -> None:
    assert likeness(one, other) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("North Dakota", "South Dakota"),
        ("Ann Lee", "Ann Lea Lee"),
        ("John Smith", "Jane Smith"),
        ("Li Wei", "Lu Wei"),
        ("J. B.", "John Brown"),
        ("alpha bravo delta gamma omega", "alphb bravp deltb gammb omegb"),
    ],
)
def test_words_that_differ_much_or_are_short_are_two_words(one: str, other: str) -> None:
    found = likeness(one, other)
    assert found is None or found.score < 80


def test_a_typing_error_is_worth_less_than_any_rule() -> None:
    found = likeness("Gerald Sussman", "Gerald Susman")
    assert found is not None
    assert 80 < found.score < 91


def test_without_rapidfuzz_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rapidfuzz", None)
    with pytest.raises(MissingExtra, match=r"cogx\[resolve\]"):
        Comparison()
