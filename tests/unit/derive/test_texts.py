from __future__ import annotations

from collections import Counter
from typing import Any

from cogx.derive.texts import iter_texts, iter_whole
from tests.unit.derive.made import Source, document, record


def texts(*records: Any) -> tuple[list[tuple[tuple[str, str], str]], Counter[str]]:
    report: Counter[str] = Counter()
    whole = iter_whole(iter_texts(Source(*records), report))
    return [(first.record, "".join(contents)) for first, contents in whole], report


def test_a_document_is_its_content() -> None:
    assert texts(document("d", "some text", title="T"))[0] == [(("document", "d"), "some text")]


def test_an_episode_is_a_transcript_undated_turns_first_then_by_time() -> None:
    turns = [
        {"role": "bot", "content": "late", "occurred_at": "2026-01-02T00:00:00Z"},
        {"role": "user", "content": "early", "occurred_at": "2026-01-01T00:00:00.500000Z"},
        {"role": "user", "content": "whenever"},
        {"role": "bot", "content": "too"},
    ]
    made = texts(record("episode", "e", title="Talk", turns=turns))[0]
    assert made == [
        (
            ("episode", "e"),
            "# Talk\nuser: whenever\nbot: too\nuser [2026-01-01T00:00:00.500000Z]: early\n"
            "bot [2026-01-02T00:00:00Z]: late",
        )
    ]


def test_turns_of_one_time_stay_in_their_order() -> None:
    at = "2026-01-02T00:00:00Z"
    turns = [{"role": role, "content": "x", "occurred_at": at} for role in ("b", "a")]
    (_, text), *_ = texts(record("episode", "e", turns=turns))[0]
    assert text == f"b [{at}]: x\na [{at}]: x"


def test_a_memory_tells_its_categories() -> None:
    made = texts(
        record("memory", "m", content="likes tea", categories=["food", "taste"]),
        record("memory", "n", content="likes jam"),
    )[0]
    assert [text for _, text in made] == ["likes tea\nCategories: food, taste", "likes jam"]


def test_a_memory_block_stands_under_its_label() -> None:
    assert texts(record("memory_block", "b", label="persona", value="I am kind."))[0] == [
        (("memory_block", "b"), "persona:\nI am kind.")
    ]


def test_binary_documents_are_left_out_and_counted() -> None:
    assert texts(document("d", "QUJD", metadata={"encoding": "base64"})) == ([], {"binary": 1})


def test_records_without_text_are_left_out_and_counted() -> None:
    made, report = texts(
        document("d", " \n"),
        record("episode", "e", title="Talk"),
        record("memory", "m", content=""),
        record("memory_block", "b", label="persona", value=""),
    )
    assert (made, report) == ([], {"empty": 4})


def test_parts_of_a_document_are_one_text_under_the_first_ones_id() -> None:
    made, report = texts(
        document("d", "one ", metadata={"part": 1, "parts": 3}),
        document("d#00002", "two ", metadata={"part": 2, "parts": 3, "part_of": "d"}),
        document("d#00003", "three", metadata={"part": 3, "parts": 3, "part_of": "d"}),
        document("e", "other"),
    )
    assert made == [(("document", "d"), "one two three"), (("document", "e"), "other")]
    assert not report


def test_a_part_out_of_place_is_a_text_of_its_own_and_counted() -> None:
    made, report = texts(
        document("d", "one", metadata={"part": 1, "parts": 3}),
        document("d#00003", "three", metadata={"part": 3, "parts": 3, "part_of": "d"}),
    )
    assert [record for record, _ in made] == [("document", "d"), ("document", "d#00003")]
    assert report == {"loose_parts": 1}


def test_a_record_that_occurs_again_is_read_once() -> None:
    made, report = texts(document("d", "text"), document("e", "x"), document("d", "text"))
    assert [record for record, _ in made] == [("document", "d"), ("document", "e")]
    assert report == {"repeated": 1}


def test_records_of_two_kinds_may_share_an_id() -> None:
    assert len(texts(document("a", "x"), record("memory", "a", content="x"))[0]) == 2
