"""Knows how one line is read exactly, naming everything that is wrong with it; knows no file.

The slow twin of :mod:`cogx.codec.lines`: whatever that accepts, this accepts with the same
canonical text (a property test holds them together); whatever that refuses, this explains.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from cogx.codec.lines import RawLine, canonical_line, decode_block
from cogx.codec.strict_json import LineParser, Refused, Report, json_type, printable
from cogx.codec.typed import TAG, UnreadableValue, from_json, to_json
from cogx.format.layout import KINDS
from cogx.format.records import MODEL_OF_KIND, SCOPE_KEYS, Turn
from cogx.format.timestamps import UnreadableTimestamp, parse_timestamp
from cogx.limits import Limits
from cogx.problems import CODES

DROPPED: Final = None
_CONTAINERS: Final = frozenset({"attributes", "metadata", "scope", "turns"})
_DEFAULT_PREDICATE: Final = "related_to"


@dataclass(slots=True)
class StrictLine:
    """A record that was read exactly, and its canonical line (``$cogx`` objects escaped)."""

    record: Any
    line: bytes


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
        fields = LineParser(report, lenient, limits).parse(line)
        model = MODEL_OF_KIND.get(kind)
        containers = _CONTAINERS & model.model_fields.keys() if model else frozenset()
        for key, value in fields.items():
            fields[key] = _marked(key, value, containers, typed=typed, report=report)
        if kind == "raw_node":
            return _raw_node(fields, report)
        return _typed(kind, fields, report, lenient)
    except Refused:
        return DROPPED
    except RecursionError:  # a raised limit does not raise Python's
        report("json.depth", "nested too deeply for this machine", None)
        return DROPPED


def record_of_line(kind: str, line: bytes) -> Any:
    """Return the hot-path record of a canonical line that cogx made; typed values stay tagged."""
    decoded = decode_block(kind, line + b"\n")
    if decoded is not None:
        return decoded[0][0]
    read = read_line(
        kind, line, lambda *_: None, typed=True, lenient=frozenset(), limits=Limits.none()
    )
    assert read is not None, "a canonical line reads back"
    return read.record


def _raw_node(fields: dict[str, Any], report: Report) -> StrictLine | None:
    if not isinstance(fields.get("id"), str) or not fields["id"]:
        report("raw_node.id", f"id is {json_type(fields.get('id'))}, not text", "id")
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
        shown = printable(given) if isinstance(given, str) else json_type(given)
        report("record.kind-unknown", f"unknown kind {shown}", "kind")
    return False


def _warn(kind: str, fields: dict[str, Any], report: Report) -> None:
    """Report what is kept but deserves a word: unknown fields, nulls, timestamp forms."""
    model = MODEL_OF_KIND[kind]
    for name, value in fields.items():
        declared = model.model_fields.get(name)
        if declared is None:
            report("record.unknown-field", "not a field of COGX", printable(name))
        elif value is None and declared.default_factory is not None:
            report("record.null-container", "null, read as empty", name)
        elif name.endswith("_at"):
            _warn_time(value, name, report)
    scope = fields.get("scope")
    if isinstance(scope, dict):
        for key in scope.keys() - set(SCOPE_KEYS):
            report("record.unknown-field", "not a key of scope", f"scope.{printable(key)}")
    turns = fields.get("turns")
    for number, turn in enumerate(turns if isinstance(turns, list) else ()):
        if isinstance(turn, dict):
            _warn_time(turn.get("occurred_at"), f"turns.{number}.occurred_at", report)
            for key in turn.keys() - set(Turn.model_fields):
                report(
                    "record.unknown-field",
                    "not a field of a turn",
                    f"turns.{number}.{printable(key)}",
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
            found = json_type(detail["input"])
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
            report("typed.value", str(error), printable(key))
            raise Refused from error
    return _wrap(value, wrap_tags=not typed)


def _wrap(value: Any, *, wrap_tags: bool) -> Any:
    if isinstance(value, dict):
        inside = {key: _wrap(item, wrap_tags=wrap_tags) for key, item in value.items()}
        return {TAG: "object", "value": inside} if wrap_tags and TAG in inside else inside
    if isinstance(value, list):
        return [_wrap(item, wrap_tags=wrap_tags) for item in value]
    return value if not isinstance(value, float) or math.isfinite(value) else to_json(value)
