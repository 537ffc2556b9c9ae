from __future__ import annotations

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cogx.derive.passages import cut, iter_passages, passage_id
from cogx.errors import BadSetting
from tests.unit.derive.made import Source, document, record

PROSE = st.lists(
    st.sampled_from(["Ann", "went", "home.", "Then", "\n\n", "\n", "e\u0301", "。", "x" * 40, " "])
    | st.text(max_size=3)
).map(" ".join)


@given(PROSE, st.integers(10, 60))
def test_passages_put_together_are_the_text_but_for_white_space(text: str, most: int) -> None:
    pieces = list(cut([text], most))
    assert re.sub(r"\s+", "", "".join(pieces)) == re.sub(r"\s+", "", text)
    assert all(piece in text and not piece.isspace() for piece in pieces)


@given(PROSE, st.integers(10, 60))
def test_no_passage_is_longer_than_allowed(text: str, most: int) -> None:
    assert all(0 < len(piece) <= most for piece in cut([text], most))


@given(PROSE, st.integers(0, 80), st.integers(10, 60))
def test_where_parts_meet_makes_no_difference(text: str, at: int, most: int) -> None:
    assert list(cut([text[:at], text[at:]], most)) == list(cut([text], most))


def test_a_passage_ends_with_a_paragraph_where_it_can() -> None:
    text = "One two. Three four.\n\nFive six. Seven eight nine."
    assert list(cut([text], 40)) == ["One two. Three four.\n\n", "Five six. Seven eight nine."]


def test_a_passage_ends_with_a_sentence_where_it_can() -> None:
    assert list(cut(["One two three. Four five six."], 20)) == ["One two three. ", "Four five six."]


def test_an_endless_sentence_is_cut_at_a_space() -> None:
    assert list(cut(["one two three four"], 10)) == ["one two ", "three four"]


def test_an_endless_word_is_cut_but_a_letter_keeps_its_marks() -> None:
    assert list(cut(["abcdefghie\u0301j"], 10)) == ["abcdefghi", "e\u0301j"]


def test_passages_are_numbered_and_know_their_record_and_its_scope() -> None:
    report: Counter[str] = Counter()
    content = "One two. " * 30
    source = Source(
        document("d", content), record("memory", "m", content="hi", scope={"user_id": "u"})
    )
    found = list(iter_passages(source, report, characters=150))
    assert [(p.record, p.at, scope) for p, scope in found] == [
        (("document", "d"), 0, {}),
        (("document", "d"), 1, {}),
        (("memory", "m"), 0, {"user_id": "u"}),
    ]
    assert report == {"texts": 2, "passages": 3, "characters": len(content) + 2}


def test_an_id_is_made_of_record_place_and_text() -> None:
    ids = {
        passage_id(("document", "d"), 0, "text"),
        passage_id(("memory", "d"), 0, "text"),
        passage_id(("document", "e"), 0, "text"),
        passage_id(("document", "d"), 1, "text"),
        passage_id(("document", "d"), 0, "texts"),
    }
    assert len(ids) == 5
    assert "e6e5ec10-a3da-56ff-828f-e3e66d9e7dec" in ids  # it stays, over versions too


def test_a_change_at_the_end_leaves_the_passages_before_it() -> None:
    def ids(content: str) -> list[str]:
        source = Source(document("d", content))
        return [p.id for p, _ in iter_passages(source, Counter(), characters=100)]

    before, after = ids("One two three. " * 40), ids("One two three. " * 40 + "More.")
    assert before[:-1] == after[: len(before) - 1]


@pytest.mark.parametrize("characters", [99, 100_001])
def test_a_passage_has_room_for_a_sentence_and_not_for_a_book(characters: int) -> None:
    with pytest.raises(BadSetting, match="100 to 100,000"):
        list(iter_passages(Source(), Counter(), characters=characters))
