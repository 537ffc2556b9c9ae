from __future__ import annotations

import json
from typing import Any

import pytest

from cogx.codec.strict import read_line
from cogx.codec.strict_json import nesting_depth
from cogx.limits import Limits

ENTITY = {"kind": "entity", "external_system": "s", "external_id": "a", "name": "A"}
FACT = {
    "kind": "fact", "external_system": "s", "external_id": "f",
    "subject_ref": "a", "predicate": "p", "object_ref": "b",
}  # fmt: skip


def look(
    kind: str,
    line: bytes | dict[str, Any],
    *lenient: str,
    typed: bool = True,
    limits: Limits | None = None,
) -> tuple[Any, list[str]]:
    found: list[tuple[str, str, str | None]] = []
    text = line if isinstance(line, bytes) else json.dumps(line).encode()
    read = read_line(
        kind,
        text,
        lambda *finding: found.append(finding),
        typed=typed,
        lenient=frozenset(lenient),
        limits=limits or Limits(),
    )
    return read and json.loads(read.line), [code for code, _, _ in found]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"\xff", "line.encoding"),
        (b"\xed\xa0\x80", "line.encoding"),
        (b"\xef\xbb\xbf{}", "line.bom"),
        (b"{", "json.malformed"),
        (b"[]", "json.malformed"),
        (b'{"id":"a\x01"}', "json.malformed"),
        (b'{"id":"a"} {}', "json.malformed"),
        (b'{"id":"a","id":"b"}', "json.duplicate-key"),
        (b'{"id":"a","p":{"q":1,"\\u0071":2}}', "json.duplicate-key"),
        (b'{"id":"\\ud800"}', "json.lone-surrogate"),
        (b'{"id":"a","\\udc00":1}', "json.lone-surrogate"),
        (b'{"id":"a","p":1e400}', "json.number"),
        (b'{"id":"a","p":' + b"1" * 1001 + b"}", "json.number"),
        (b'{"id":"a","p":' + b"[" * 64 + b"]" * 64 + b"}", "json.depth"),
        (b'{"id":1}', "raw_node.id"),
        (b"{}", "raw_node.id"),
        (b'{"id":"a","p":{"$cogx":"date","value":"x"}}', "typed.value"),
    ],
    ids=lambda value: value[:24].decode("latin-1") if isinstance(value, bytes) else value,
)
def test_a_bad_line_is_refused_by_name(line: bytes, code: str) -> None:
    read, codes = look("raw_node", line)
    assert read is None
    assert code in codes


def test_minus_is_no_digit() -> None:
    read, codes = look("raw_node", b'{"id":"a","p":-' + b"1" * 1000 + b"}")
    assert read and not codes


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"kind": "fact"}, "record.kind-misplaced"),
        ({"kind": "thing"}, "record.kind-unknown"),
        ({"kind": None}, "record.kind-unknown"),
        ({"kind": ["entity"]}, "record.kind-unknown"),
        ({"name": ""}, "record.empty-field"),
        ({"name": 1}, "record.field-type"),
        ({"aliases": [1]}, "record.field-type"),
        ({"scope": {"user_id": 1}}, "record.field-type"),
        ({"created_at": "soon"}, "time.unreadable"),
        ({"created_at": True}, "record.field-type"),
        ({"name": {"$cogx": "date", "value": "2026-01-02"}}, "record.field-type"),
    ],
    ids=str,
)
def test_a_bad_field_is_refused_by_name(fields: dict[str, Any], code: str) -> None:
    read, codes = look("entity", ENTITY | fields)
    assert (read, codes) == (None, [code])


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"later": 1}, "record.unknown-field"),
        ({"scope": {"later": 1}}, "record.unknown-field"),
        ({"scope": None}, "record.null-container"),
        ({"created_at": "2026-01-02"}, "time.naive"),
        ({"created_at": 5}, "time.numeric"),
        ({"attributes": {"a": "\0"}}, "json.escaped-nul"),
        ({"attributes": {"a": float("nan")}}, "json.not-finite"),
    ],
    ids=str,
)
def test_an_odd_field_is_kept_and_told(fields: dict[str, Any], code: str) -> None:
    read, codes = look("entity", ENTITY | fields)
    assert read and codes == [code]


def test_all_that_is_wrong_is_told_at_once() -> None:
    _, codes = look("fact", {"kind": "fact", "later": 1, "created_at": "soon"})
    assert sorted(codes) == [
        "record.missing-field", "record.missing-field", "record.missing-field",
        "record.missing-field", "record.unknown-field", "time.unreadable",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "line", "code", "read"),
    [
        ("raw_node", b'{"id":"a","p":1,"p":2}', "json.duplicate-key", {"id": "a", "p": 2}),
        ("raw_node", b'{"id":"a\\ud800"}', "json.lone-surrogate", {"id": "a\ufffd"}),
        ("raw_node", b'\xef\xbb\xbf{"id":"a"}', "line.bom", {"id": "a"}),
    ],
)
def test_a_lenient_error_is_mended(kind: str, line: bytes, code: str, read: Any) -> None:
    assert look(kind, line, code) == (read, [code])


def test_an_empty_predicate_may_become_related_to() -> None:
    read, codes = look("fact", FACT | {"predicate": ""}, "record.empty-field")
    assert (read["predicate"], codes) == ("related_to", ["record.empty-field"])


def test_lenience_for_one_error_is_none_for_another() -> None:
    read, _ = look("raw_node", b'{"id":"a","p":"\\ud800","q":1,"q":2}', "json.duplicate-key")
    assert read is None


@pytest.mark.parametrize("name", ["metadata", "scope", "turns", "attributes"])
def test_a_property_of_a_raw_node_is_a_value_whatever_its_name(name: str) -> None:
    read, _ = look("raw_node", {"id": "a", name: {"$cogx": 1}}, typed=False)
    assert read[name] == {"$cogx": "object", "value": {"$cogx": 1}}


@pytest.mark.parametrize("name", ["attributes", "turns", "x"])
def test_an_unknown_field_is_a_value_whatever_its_name(name: str) -> None:
    line = {"kind": "memory", "external_system": "s", "external_id": "a", "content": ""}
    read, _ = look("memory", line | {name: {"$cogx": 1}}, typed=False)
    assert read[name] == {"$cogx": "object", "value": {"$cogx": 1}}


def test_a_container_is_no_value() -> None:
    read, _ = look("entity", ENTITY | {"attributes": {"$cogx": 1}}, typed=False)
    assert read["attributes"] == {"$cogx": 1}


def test_messages_do_not_repeat_values() -> None:
    secret = "hunter2"
    line = FACT | {"created_at": secret, "confidence": secret, "metadata": secret, "scope": secret}
    said: list[str] = []
    read_line(
        "fact",
        json.dumps(line).encode(),
        lambda code, message, field: said.append(f"{code} {message} {field}"),
        typed=True,
        lenient=frozenset(),
        limits=Limits(),
    )
    assert len(said) == 4
    assert secret not in "\n".join(said)


@pytest.mark.parametrize(
    ("limit", "value"), [("digits", b"9" * 5000), ("depth", b"[" * 3000 + b"]" * 3000)]
)
def test_a_raised_limit_does_not_raise_python_s(limit: str, value: bytes) -> None:
    limits = Limits().replace(limit, 100_000)
    read, codes = look("raw_node", b'{"id":"a","p":' + value + b"}", limits=limits)
    assert read is None
    assert set(codes) <= {"json.number", "json.depth", "json.malformed"}


@pytest.mark.parametrize(
    ("line", "depth"),
    [
        (b"{}", 1), (b'{"a":[{}]}', 3), (b'{"a":"[[[[[["}', 1), (b'{"a":[[[[1]]],"[[[["]}', 5),
        (b'{"a":"\\"[[[[[[","b":[]}', 2), (b"", 0),
    ],
)  # fmt: skip
def test_depth_does_not_count_brackets_in_strings(line: bytes, depth: int) -> None:
    assert nesting_depth(line) == depth
