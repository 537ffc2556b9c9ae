"""Knows how one line is parsed so that nothing JSON parsers pass over is missed; no records.

One key twice, half a surrogate pair, NaN, numbers that no reader keeps, nesting, a byte order
mark: each is reported, and mended only where the user said so.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

from cogx.limits import Limits

Report = Callable[[str, str, str | None], None]
"""Called with (code, message, field) for every finding of a line."""

_SURROGATE: Final = re.compile("[\ud800-\udfff]")


_BRACKET_OR_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)


class Refused(Exception):
    """The line cannot become a record; it was reported."""


@dataclass(slots=True)
class LineParser:
    """JSON text to plain values, with everything JSON parsers pass over noticed."""

    report: Report
    lenient: frozenset[str]
    limits: Limits
    fatal: bool = False
    found: set[str] = field(default_factory=set)

    def parse(self, line: bytes) -> dict[str, Any]:
        """Return the line's object; raise Refused after reporting if there is none to be had."""
        text = self._text(line)
        if nesting_depth(line) > self.limits.depth:
            self._refuse("json.depth", f"nested deeper than {self.limits.depth}")
        try:
            value = json.loads(
                text,
                object_pairs_hook=self._object,
                parse_constant=self._not_finite,
                parse_int=self._int,
                parse_float=self._float,
            )
        except (json.JSONDecodeError, RecursionError) as error:
            self._refuse("json.malformed", _reason(error))
        if not isinstance(value, dict):
            self._refuse("json.malformed", f"a line must be an object, not {json_type(value)}")
        if _SURROGATE.search(text) or (b"\\u" in line and _has_surrogate(value)):
            self._complain("json.lone-surrogate", "half of a surrogate pair")
            try:
                value = _without_surrogates(value)
            except _KeysMeet:
                self._refuse("json.duplicate-key", "two keys are one without their half pairs")
        if b"\\u0000" in line and _has_nul(value):
            self.report("json.escaped-nul", "U+0000 in a string", None)
        if self.fatal:
            raise Refused
        fields: dict[str, Any] = value
        return fields

    def _text(self, line: bytes) -> str:
        if line.startswith(b"\xef\xbb\xbf"):
            self._complain("line.bom", "a byte order mark")
            line = line[3:]
        try:
            return line.decode("utf-8")
        except UnicodeDecodeError as error:
            self._refuse(
                "line.encoding", f"byte 0x{line[error.start]:02x} at {error.start} is not UTF-8"
            )

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(pairs)
        if len(value) < len(pairs):
            seen: set[str] = set()
            key = next(k for k, _ in pairs if k in seen or seen.add(k))  # type: ignore[func-returns-value]
            self._complain("json.duplicate-key", "one key twice", printable(key))
        return value

    def _not_finite(self, text: str) -> float:
        if "json.not-finite" not in self.found:
            self.found.add("json.not-finite")
            self.report("json.not-finite", text, None)
        return {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}[text]

    def _int(self, text: str) -> int:
        if len(text.lstrip("-")) > self.limits.digits:
            self._refuse("json.number", f"a number of {len(text):,} digits")
        try:
            return int(text)
        except ValueError:  # a raised limit does not raise Python's
            self._refuse("json.number", f"a number of {len(text):,} digits")

    def _float(self, text: str) -> float:
        number = float(text)
        if sum(map(str.isdigit, text)) > self.limits.digits or math.isinf(number):
            self._refuse("json.number", "a number that no double can hold")
        return number

    def _complain(self, code: str, message: str, place: str | None = None) -> None:
        """Report; a code that is not lenient refuses the line, but only when all is read."""
        if code not in self.found:
            self.found.add(code)
            self.report(code, message, place)
        self.fatal |= code not in self.lenient

    def _refuse(self, code: str, message: str) -> NoReturn:
        self.report(code, message, None)
        raise Refused


class _KeysMeet(Exception):
    """Two keys of an object would become one."""


def nesting_depth(line: bytes) -> int:
    """Return how deep a JSON text is nested, brackets inside strings not counted."""
    brackets = line.count(b"{") + line.count(b"[")
    if brackets <= 3:
        return brackets
    depth = deepest = 0
    for token in _BRACKET_OR_STRING.finditer(line):
        if token[0] in b"{[":
            depth += 1
            deepest = max(deepest, depth)
        elif token[0] in b"}]":
            depth -= 1
    return deepest


def _strings(value: Any) -> Any:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)


def _has_surrogate(value: Any) -> bool:
    return any(_SURROGATE.search(text) for text in _strings(value))


def _has_nul(value: Any) -> bool:
    return any("\0" in text for text in _strings(value))


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, dict):
        mended = {_without_surrogates(key): _without_surrogates(v) for key, v in value.items()}
        if len(mended) < len(value):
            raise _KeysMeet
        return mended
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    return value


def printable(name: str) -> str:
    """Return a key as messages may show it: short, and no half surrogate pair in it."""
    shown = _SURROGATE.sub("\ufffd", name)
    return shown if len(shown) <= 60 else shown[:57] + "..."


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at character {error.pos}"
    return "nested too deeply"


def json_type(value: Any) -> str:
    """Return the JSON type of a value, in words."""
    if value is None:
        return "null"
    names = {
        dict: "an object",
        list: "a list",
        str: "text",
        bool: "a boolean",
        int: "a number",
        float: "a number",
    }
    return next((name for base, name in names.items() if isinstance(value, base)), "something else")
