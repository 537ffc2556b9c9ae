"""What is given out piece by piece, and the names under which it is saved."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cogx.server.downloads import attachment, begun


def test_small_pieces_are_gathered() -> None:
    blocks = list(begun(b"ab" for _ in range(100_000)))
    assert b"".join(blocks) == b"ab" * 100_000
    assert len(blocks) < 5


def test_what_cannot_be_given_out_fails_before_the_answer_begins() -> None:
    def pieces() -> Iterator[bytes]:
        raise ValueError
        yield b""

    with pytest.raises(ValueError):
        begun(pieces())


def test_nothing_at_all_is_given_out() -> None:
    assert b"".join(begun([])) == b""


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("kb", 'filename="kb.md"'),
        ('a"b', "filename=\"a_b.md\"; filename*=UTF-8''a%22b.md"),
        ("a\r\nX: y", "filename=\"a_X_y.md\"; filename*=UTF-8''a%0D%0AX%3A%20y.md"),
        ("ü", "filename=\"data.md\"; filename*=UTF-8''%C3%BC.md"),
        ("../../etc/passwd", "filename=\"etc_passwd.md\"; filename*=UTF-8''passwd.md"),
        ("..\\..\\x", "filename=\"x.md\"; filename*=UTF-8''x.md"),
        ("\ud800", "filename=\"data.md\"; filename*=UTF-8''%3F.md"),
        ("", "filename=\"data.md\"; filename*=UTF-8''data.md"),
    ],
    ids=["plain", "quote", "lines", "letters", "directories", "backslashes", "surrogate", "empty"],
)
def test_a_name_is_only_a_name(name: str, told: str) -> None:
    assert attachment(name, ".md") == {"Content-Disposition": f"attachment; {told}"}
