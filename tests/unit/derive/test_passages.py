from __future__ import annotations

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cogx.derive.passages import PassageSize, cut, end_of, iter_passages, passage_id
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
    found = list(iter_passages(source, report, PassageSize(40)))
    assert [(p.passage.record, p.passage.at, p.scope, p.is_whole) for p in found] == [
        (("document", "d"), 0, {}, False),
        (("document", "d"), 1, {}, False),
        (("memory", "m"), 0, {"user_id": "u"}, True),
    ]
    assert [p.previous for p in found] == [None, found[0].passage.id, None]
    assert [p.is_last for p in found] == [False, True, True]
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
        return [p.passage.id for p in iter_passages(source, Counter(), PassageSize(25))]

    before, after = ids("One two three. " * 40), ids("One two three. " * 40 + "More.")
    assert before[:-1] == after[: len(before) - 1]


def test_a_passage_comes_with_the_end_of_the_text_before_it() -> None:
    source = Source(document("d", "One two three. " * 20), document("e", "Other."))
    plain, lapped = (
        [p.passage for p in iter_passages(source, Counter(), PassageSize(25, overlap))]
        for overlap in (0, 8)
    )
    assert [p.id for p in lapped] == [p.id for p in plain]
    assert {p.before for p in plain} == {""}
    assert [p.before for p in lapped] == ["", *["One two three. " * 2] * (len(plain) - 2), ""]


def test_what_comes_before_may_be_longer_than_the_last_piece() -> None:
    assert end_of("One. Two. ", 40) == "One. Two. "


@pytest.mark.parametrize(
    ("text", "begun"),
    [
        ("Long ago. He went home to eat.", "He went home to eat."),
        ("abcdefgh ijklmnop qrstuvwx yz", "ijklmnop qrstuvwx yz"),
        ("x" * 60, "x" * 26),
    ],
)
def test_what_comes_before_begins_with_a_sentence_or_a_word(text: str, begun: str) -> None:
    assert end_of(text, 26) == begun


@pytest.mark.parametrize("tokens", [24, 25_001])
def test_a_passage_has_room_for_a_sentence_and_not_for_a_book(tokens: int) -> None:
    with pytest.raises(BadSetting, match="25 to 25,000"):
        PassageSize(tokens)


@pytest.mark.parametrize("overlap", [-1, 101])
def test_passages_overlap_with_no_more_than_one(overlap: int) -> None:
    with pytest.raises(BadSetting, match="0 to 100 tokens"):
        PassageSize(100, overlap)
