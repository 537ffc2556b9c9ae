from __future__ import annotations

import pytest

from cogx.codec.jsonl import iter_raw_blocks


def framed(*chunks: bytes, limit: int = 1 << 20) -> tuple[list[tuple[int, bytes]], list[int]]:
    too_long: list[int] = []
    lines = []
    for block in iter_raw_blocks(chunks, limit, too_long.append):
        assert block.lines == block.data.count(b"\n")
        lines += list(enumerate(block.data[:-1].split(b"\n"), block.first))
    return lines, too_long


def test_a_last_line_without_lf_is_a_line() -> None:
    assert framed(b"a\nb") == ([(1, b"a"), (2, b"b")], [])


def test_nothing_is_no_line() -> None:
    assert framed() == ([], [])


def test_lf_is_the_only_line_end() -> None:
    text = "a\u2028b\u0085c\r\v\f\x1cd".encode()
    assert framed(text + b"\n") == ([(1, text)], [])


def test_a_line_may_be_cut_anywhere() -> None:
    assert framed(b"a", b"", b"b", b"\nc") == ([(1, b"ab"), (2, b"c")], [])


@pytest.mark.parametrize("cut", range(12))
def test_a_line_too_long_is_passed_over_and_numbered(cut: int) -> None:
    data = b"ab\nabcdef\ncd"
    assert framed(data[:cut], data[cut:], limit=3) == ([(1, b"ab"), (3, b"cd")], [2])


def test_a_line_of_just_the_limit_is_taken() -> None:
    assert framed(b"abc\n", limit=3) == ([(1, b"abc")], [])


def test_a_last_line_too_long_is_told_once() -> None:
    assert framed(*[b"x"] * 9, limit=3) == ([], [1])


def test_blank_lines_keep_their_numbers() -> None:
    assert framed(b"\n\na\n") == ([(1, b""), (2, b""), (3, b"a")], [])
