"""Knows how one line is read exactly, naming everything that is wrong with it; knows no file.

The slow twin of :mod:`cogx.codec.lines`: whatever that accepts, this accepts with the same
canonical text (a property test holds them together); whatever that refuses, this explains.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from cogx.codec.lines import RawLine, canonical_line
from cogx.codec.typed import TAG, UnreadableValue, from_json, to_json
from cogx.format.layout import KINDS
from cogx.format.records import MODEL_OF_KIND, SCOPE_KEYS, Turn
from cogx.format.timestamps import UnreadableTimestamp, parse_timestamp
from cogx.limits import Limits
from cogx.problems import CODES

Report = Callable[[str, str, str | None], None]
"""Called with (code, message, field) for every finding of a line."""

DROPPED: Final = None
_CONTAINERS: Final = frozenset({"attributes", "metadata", "scope", "turns"})
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_DEFAULT_PREDICATE: Final = "related_to"


@dataclass(slots=True)
class StrictLine:
    """A record that was read exactly, and its canonical line (``$cogx`` objects escaped)."""

    record: Any
    line: bytes


class KeysMeet(Exception):
    """Two keys of an object would become one."""


class _Refused(Exception):
    """The line cannot become a record; it was reported."""


def read_line(
    kind: str,
    line: bytes,
    report: Report,
    *,
    typed: bool,
    lenient: frozenset[str],
    limits: Limits,
) -> StrictLine | None:
    """Read one line of a member that holds ``kind``; None if it cannot become a record.

    With ``typed``, ``$cogx`` tags mean typed values; without, they are data and are wrapped.
    Every finding is reported, errors and warnings alike. Codes in ``lenient`` are reported
    too, and then mended as spec/codes.md says instead of refusing the line.
    """
    try:
        fields = _Parser(report, lenient, limits).parse(line)
        model = MODEL_OF_KIND.get(kind)
        containers = _CONTAINERS & model.model_fields.keys() if model else frozenset()
        for key, value in fields.items():
            fields[key] = _marked(key, value, containers, typed=typed, report=report)
        if kind == "raw_node":
            return _raw_node(fields, report)
        return _typed(kind, fields, report, lenient)
    except _Refused:
        return DROPPED
    except RecursionError:  # a raised limit does not raise Python's
        report("json.depth", "nested too deeply for this machine", None)
        return DROPPED


@dataclass(slots=True)
class _Parser:
    """JSON text to plain values, with everything JSON parsers pass over noticed."""

    report: Report
    lenient: frozenset[str]
    limits: Limits
    fatal: bool = False
    found: set[str] = field(default_factory=set)

    def parse(self, line: bytes) -> dict[str, Any]:
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
            self._refuse("json.malformed", f"a line must be an object, not {_json_type(value)}")
        if _SURROGATE.search(text) or (b"\\u" in line and _has_surrogate(value)):
            self._complain("json.lone-surrogate", "half of a surrogate pair")
            try:
                value = _without_surrogates(value)
            except KeysMeet:
                self._refuse("json.duplicate-key", "two keys are one without their half pairs")
        if b"\\u0000" in line and _has_nul(value):
            self.report("json.escaped-nul", "U+0000 in a string", None)
        if self.fatal:
            raise _Refused
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
            self._complain("json.duplicate-key", "one key twice", _printable(key))
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
        raise _Refused


def _raw_node(fields: dict[str, Any], report: Report) -> StrictLine | None:
    if not isinstance(fields.get("id"), str) or not fields["id"]:
        report("raw_node.id", f"id is {_json_type(fields.get('id'))}, not text", "id")
        return DROPPED
    record = RawLine(fields)
    return StrictLine(record, canonical_line(record))  # type: ignore[arg-type]


def _typed(
    kind: str, fields: dict[str, Any], report: Report, lenient: frozenset[str]
) -> StrictLine | None:
    if not _kind_fits(kind, fields, report):
        return DROPPED
    if kind == "fact" and fields.get("predicate") == "" and "record.empty-field" in lenient:
        report("record.empty-field", f"an empty predicate became {_DEFAULT_PREDICATE}", "predicate")
        fields["predicate"] = _DEFAULT_PREDICATE
    _warn(kind, fields, report)
    model = MODEL_OF_KIND[kind]
    try:
        record = model.model_validate(fields)
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_context=True, include_input=True):
            report(*_finding(detail))
        return DROPPED
    return StrictLine(record, canonical_line(record))  # type: ignore[arg-type]


def _kind_fits(kind: str, fields: dict[str, Any], report: Report) -> bool:
    """Default a missing kind from the member; tell whether a given one belongs here."""
    given = fields.setdefault("kind", kind)
    if given == kind:
        return True
    if given in KINDS:
        report("record.kind-misplaced", f"a {given} in the member of {kind}", "kind")
    else:
        shown = _printable(given) if isinstance(given, str) else _json_type(given)
        report("record.kind-unknown", f"unknown kind {shown}", "kind")
    return False


def _warn(kind: str, fields: dict[str, Any], report: Report) -> None:
    """Report what is kept but deserves a word: unknown fields, nulls, timestamp forms."""
    model = MODEL_OF_KIND[kind]
    for name, value in fields.items():
        declared = model.model_fields.get(name)
        if declared is None:
            report("record.unknown-field", "not a field of COGX", _printable(name))
        elif value is None and declared.default_factory is not None:
            report("record.null-container", "null, read as empty", name)
        elif name.endswith("_at"):
            _warn_time(value, name, report)
    scope = fields.get("scope")
    if isinstance(scope, dict):
        for key in scope.keys() - set(SCOPE_KEYS):
            report("record.unknown-field", "not a key of scope", f"scope.{_printable(key)}")
    turns = fields.get("turns")
    for number, turn in enumerate(turns if isinstance(turns, list) else ()):
        if isinstance(turn, dict):
            _warn_time(turn.get("occurred_at"), f"turns.{number}.occurred_at", report)
            for key in turn.keys() - set(Turn.model_fields):
                report(
                    "record.unknown-field",
                    "not a field of a turn",
                    f"turns.{number}.{_printable(key)}",
                )


def _warn_time(value: Any, name: str, report: Report) -> None:
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        return
    try:
        _, warnings = parse_timestamp(value)
    except UnreadableTimestamp:
        return
    for code in warnings:
        report(code, CODES[code].title, name)


def _finding(detail: ErrorDetails) -> tuple[str, str, str | None]:
    """Turn one of pydantic's findings into ours; record values never stand in the message."""
    place = ".".join(map(str, detail["loc"])) or None
    match detail["type"]:
        case "missing":
            return "record.missing-field", "a required field is missing", place
        case "string_too_short":
            return "record.empty-field", "empty", place
        case "value_error" if place and place.rpartition(".")[2].endswith("_at"):
            return "time.unreadable", "no rule reads it", place
        case _:
            found = _json_type(detail["input"])
            return "record.field-type", f"{detail['msg']}, found {found}", place


def _marked(
    key: str, value: Any, containers: frozenset[str], *, typed: bool, report: Report
) -> Any:
    """Return a field's value with NaN tagged; check tags that have meaning, wrap the others.

    A container is not a value itself: its items are.
    """
    if key in containers:
        items = value if isinstance(value, list) else [value]
        marked = [
            {
                k: _marked(k, item, frozenset(), typed=typed, report=report)
                for k, item in one.items()
            }
            if isinstance(one, dict)
            else one
            for one in items
        ]
        return marked if isinstance(value, list) else marked[0]
    if typed:
        try:
            from_json(value)
        except UnreadableValue as error:
            report("typed.value", str(error), _printable(key))
            raise _Refused from error
    return _wrap(value, wrap_tags=not typed)


def _wrap(value: Any, *, wrap_tags: bool) -> Any:
    if isinstance(value, dict):
        inside = {key: _wrap(item, wrap_tags=wrap_tags) for key, item in value.items()}
        return {TAG: "object", "value": inside} if wrap_tags and TAG in inside else inside
    if isinstance(value, list):
        return [_wrap(item, wrap_tags=wrap_tags) for item in value]
    return value if not isinstance(value, float) or math.isfinite(value) else to_json(value)


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


_BRACKET_OR_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)


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
            raise KeysMeet
        return mended
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    return value


def _printable(name: str) -> str:
    shown = _SURROGATE.sub("\ufffd", name)
    return shown if len(shown) <= 60 else shown[:57] + "..."


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at character {error.pos}"
    return "nested too deeply"


def _json_type(value: Any) -> str:
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
