"""A sample stands for a long text."""

from __future__ import annotations

import pytest

from cogx.graph_schema.texts.sampling import GAP, sample

TEXT = "".join(chr(0x4E00 + number) for number in range(3000))


def test_a_text_that_fits_is_shown_whole() -> None:
    assert sample(TEXT, 3000) == TEXT


def test_of_one_twice_as_long_head_and_tail_are_shown() -> None:
    head, tail = sample(TEXT, 1500).split(GAP)
    assert TEXT.startswith(head) and TEXT.endswith(tail)


def test_of_a_longer_one_the_middle_is_shown_too() -> None:
    head, middle, tail = sample(TEXT, 1000).split(GAP)
    assert TEXT.startswith(head) and TEXT.endswith(tail)
    assert TEXT.index(middle) == (3000 - len(middle)) // 2


@pytest.mark.parametrize("characters", [500, 999, 1000, 1501, 2999])
def test_a_sample_is_no_longer_than_asked_for(characters: int) -> None:
    assert len(sample(TEXT, characters)) <= characters
