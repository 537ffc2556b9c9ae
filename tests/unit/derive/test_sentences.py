from __future__ import annotations

from itertools import pairwise

import pytest

from cogx.derive.sentences import iter_ends


def sentences(text: str) -> list[str]:
    ends = [0, *(position for position, _ in iter_ends(text)), len(text)]
    return [text[start:end].strip() for start, end in pairwise(ends)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Ann came. Bob left! Who stays? Nobody…",
            ["Ann came.", "Bob left!", "Who stays?", "Nobody…"],
        ),
        ('She said "Go." Then he went.', ['She said "Go."', "Then he went."]),
        ("It is approx. five miles. Then rest.", ["It is approx. five miles.", "Then rest."]),
        ("Dr. Lee met Mrs. Ruiz. They spoke.", ["Dr. Lee met Mrs. Ruiz.", "They spoke."]),
        ("J. R. R. Tolkien wrote. It sold.", ["J. R. R. Tolkien wrote.", "It sold."]),
        ("J.R.R. Tolkien wrote, e.g. Books.", ["J.R.R. Tolkien wrote, e.g. Books."]),
        ("So do I. Bob came.", ["So do I.", "Bob came."]),
        ("Version 3.5 is out.", ["Version 3.5 is out."]),
        ("太郎は東京に住む。花子は京都に住む。", ["太郎は東京に住む。", "花子は京都に住む。"]),
        ("राम आया। सीता गई।", ["राम आया।", "सीता गई।"]),
        ("one\n\ntwo", ["one", "two"]),
        ("wrapped text\ngoes on. End", ["wrapped text\ngoes on.", "End"]),
        ("Ann Lee\nBob Ruiz", ["Ann Lee", "Bob Ruiz"]),
        ("- ann\n- bob", ["- ann", "- bob"]),
        ("user: hi ann\nassistant: hi bob", ["user: hi ann", "assistant: hi bob"]),
        (
            "user [2026-01-02T03:04:05Z]: hi ann\nbot [2026-01-02T03:04:06Z]: hi bob",
            ["user [2026-01-02T03:04:05Z]: hi ann", "bot [2026-01-02T03:04:06Z]: hi bob"],
        ),
        ("one\r\ntwo\u2028Three", ["one\r\ntwo", "Three"]),
        ("", [""]),
    ],
)
def test_sentences_end_where_a_reader_sees_it(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@pytest.mark.parametrize("gap", ["\n\n", "\r\n\r\n", "\n \n", ".\n\n", "\u2029\u2029"])
def test_a_blank_line_ends_a_paragraph(gap: str) -> None:
    assert list(iter_ends(f"one{gap}two")) == [(3 + len(gap), True)]


def test_one_line_end_ends_no_paragraph() -> None:
    assert list(iter_ends("One.\nTwo.")) == [(5, False)]
