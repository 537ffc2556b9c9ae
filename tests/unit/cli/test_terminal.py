"""What reaches a terminal: colours where wanted, never a control character of somebody else."""

from __future__ import annotations

import io
import json

import pytest

from cogx.cli import terminal
from cogx.cli.layout import columns, count_of, size_of


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_json_stays_the_same_value_when_made_safe() -> None:
    value = "tab\t esc\x1b del\x7f csi\x9b bidi\u202e line\u2028 tag\U000e0041 emoji\U0001f600"
    text = terminal.json_text({"a": value, "half": "\ud800"})
    assert json.loads(text) == {"a": value, "half": "\ud800"}
    assert not {"\x1b", "\x7f", "\x9b", "\u202e", "\u2028", "\U000e0041", "\ud800"} & set(text)
    assert "\U0001f600" in text


def test_text_shows_what_is_invisible() -> None:
    assert terminal.printable("a\nb\x1b\u202e\U000e0041é😀") == "a\\x0ab\\x1b\\u202e\\U000e0041é😀"


def test_a_word_is_coloured_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert terminal.paint(Screen(), "error") == "\x1b[31;1merror\x1b[0m"
    assert terminal.paint(io.StringIO(), "error") == "error"
    assert terminal.paint(Screen(), "else") == "else"


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_colours_can_be_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    assert terminal.paint(Screen(), "error") == "error"


def test_numbers_read_well() -> None:
    assert [count_of(n, "record") for n in (0, 1, 2000)] == [
        "0 records",
        "1 record",
        "2,000 records",
    ]
    assert [size_of(n) for n in (1, 812, 3 << 20)] == ["1 byte", "812 bytes", "3.0 MiB"]
    assert columns([("a", "1"), ("bb", "22")], right=frozenset({1})) == ["  a    1", "  bb  22"]
    assert columns([]) == []
