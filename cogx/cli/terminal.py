"""Knows the streams: what goes to stdout, what to stderr, and what a terminal may be shown.

Must never know what is being said. All text passes :func:`printable`, so that nothing from an
archive can steer a terminal.
"""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, TextIO

# C0, DEL, C1, bidirectional controls, line separators, lone surrogates, invisible tags.
_UNSAFE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_COLOURS: Final = {"error": "31;1", "warning": "33"}


def printable(text: str) -> str:
    """Return the text with every control and invisible character written as an escape."""
    return _UNSAFE.sub(_escape, text)


def json_text(value: Any, *, indent: int | None = None) -> str:
    """Return JSON that is readable, safe on a terminal, and one line unless indented."""
    text = json.dumps(value, ensure_ascii=False, indent=indent, default=str)
    return "\n".join(safe_json(line) for line in text.split("\n"))


def safe_json(text: str) -> str:
    """Return one line of JSON with unsafe characters as JSON escapes: the value is the same."""
    return _UNSAFE.sub(_json_escape, text)


def _escape(match: re.Match[str]) -> str:
    number = ord(match[0])
    if number <= 0xFF:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"


def _json_escape(match: re.Match[str]) -> str:
    return json.dumps(match[0])[1:-1]


def is_terminal(stream: Any) -> bool:
    """Tell whether a person looks at the stream."""
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError):
        return False


def force_utf8() -> None:
    """Write UTF-8 with plain line feeds whatever the locale says, and never fail to encode."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")


def binary(stream: TextIO) -> BinaryIO:
    """Return the bytes behind a text stream, what was printed so far flushed."""
    stream.flush()
    return stream.buffer


@dataclass(slots=True)
class Console:
    """Where this call's words go.

    ``json`` asks for machine output; ``stdout_taken`` says that stdout carries an archive, so
    that results go to stderr instead.
    """

    quiet: bool = False
    verbose: bool = False
    json: bool = False
    progress: str = "auto"
    stdout_taken: bool = False

    def line(self, text: str = "", *, mark: str = "") -> None:
        """Print one line of a result for people; ``mark`` is a word in front, in colour."""
        if not self.quiet:
            self._write(self._results(), text, mark)

    def note(self, text: str, *, mark: str = "") -> None:
        """Tell people something beside the result, on stderr."""
        if not self.quiet:
            self._write(sys.stderr, text, mark)

    def data(self, value: Any) -> None:
        """Print one JSON value on a line of its own; --quiet does not silence data."""
        self.text(json_text(value))

    def text(self, text: str) -> None:
        """Print text that is safe already; --quiet does not silence it."""
        self._results().write(text if text.endswith("\n") else text + "\n")

    def _results(self) -> TextIO:
        return sys.stderr if self.stdout_taken else sys.stdout

    @staticmethod
    def _write(stream: TextIO, text: str, mark: str) -> None:
        lead = f"{paint(stream, mark)} " if mark else ""
        stream.write(f"{lead}{printable(text)}\n")


def paint(stream: TextIO, word: str) -> str:
    """Return the word in its colour, if the stream is a terminal that wants colours."""
    colour = _COLOURS.get(word.strip(" :"))
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    if colour is None or plain or not is_terminal(stream):
        return word
    return f"\x1b[{colour}m{word}\x1b[0m"
