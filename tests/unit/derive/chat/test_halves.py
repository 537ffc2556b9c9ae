"""A passage in two."""

from __future__ import annotations

import pytest

from cogx.derive.chat.halves import halves
from tests.unit.derive.made import passage


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("One is here. Two is there.", "One is here. "),
        ("A. Two is a longer one. Three is the longest of them all.", "A. Two is a longer one. "),
        ("no sentence at all here", "no sentence "),
        ("ab c", "ab "),
    ],
)
def test_it_is_cut_where_a_sentence_or_a_word_ends(text: str, first: str) -> None:
    parts = halves(passage(text))
    assert parts is not None
    (one, start), (other, middle) = parts
    assert (one.text, start, middle) == (first, 0, len(first))
    assert one.text + other.text == text
    assert other.before == first


def test_a_word_is_not_cut() -> None:
    assert halves(passage("x" * 100)) is None


def test_the_halves_are_the_same_passage() -> None:
    whole = passage("One. Two.", ("memory", "m"), 7)
    for part, _ in halves(whole) or ():
        assert (part.id, part.record, part.at) == (whole.id, whole.record, whole.at)
