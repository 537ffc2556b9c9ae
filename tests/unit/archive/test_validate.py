from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cogx.archive.validate import validate
from cogx.archive.writer import ArchiveWriter
from cogx.errors import BadSetting, InvalidArchive, UnknownName
from cogx.format.records import Entity
from cogx.limits import Limits
from tests.unit.archive.made import (
    EXTENSION,
    Members,
    archive,
    codes,
    document,
    entity,
    fact,
    places,
)

GOOD = archive({"id": "n"}, entity("a"), document("d"), fact("f", "a", "n"))


def ours(*names: str) -> Members:
    members: Members = {}
    with ArchiveWriter(members) as writer:
        writer.write(*(Entity(external_id=name, name=name) for name in names))
    return members


def with_extension(archive: Members, /, **changes: Any) -> Members:
    manifest = json.loads(archive["manifest.json"])
    manifest["cogx"] |= changes
    return archive | {"manifest.json": json.dumps(manifest).encode()}


def test_a_good_archive_has_no_problem() -> None:
    assert codes(GOOD) == []


def test_lines_are_numbered_past_blank_and_bad_ones() -> None:
    data = b'\n{"id":"a"}\r\n\r\n  \n{\n' + b'{"id":"' + b"x" * 200 + b'"}\n{"id":5}'
    members = {"manifest.json": b'{"counts":{"raw_node":4}}', "nodes.jsonl": data}
    found = validate(members, limits=Limits(line_bytes=100))
    assert sorted(places(found)) == [
        ("json.malformed", "nodes.jsonl", 5, None),
        ("line.too-long", "nodes.jsonl", 6, None),
        ("raw_node.id", "nodes.jsonl", 7, "id"),
    ]


def test_refused_lines_are_counted_as_records_that_were() -> None:
    members = archive({"id": "a"}, {"id": 5})
    assert codes(members) == ["raw_node.id"]


def test_a_lenient_error_leaves_the_archive_valid() -> None:
    found = validate(archive({"id": "a"}, {"id": 5}), lenient=frozenset({"raw_node.id"}))
    assert found.valid
    assert (found.counts["raw_node"], found.members["nodes.jsonl"].refused) == (1, 1)


@pytest.mark.parametrize("code", ["container.truncated", "member.missing", "manifest.digest"])
def test_what_cannot_be_lenient_is_refused(code: str) -> None:
    with pytest.raises(BadSetting):
        validate(GOOD, lenient=frozenset({code}))


def test_an_unknown_code_is_refused() -> None:
    with pytest.raises(UnknownName):
        validate(GOOD, lenient=frozenset({"no.code"}))


@pytest.mark.parametrize(
    ("records", "code"),
    [
        ([entity("a"), entity("a")], "record.repeated"),
        ([entity("a"), entity("a", name="b")], "record.duplicate-id"),
        ([entity("a", aliases=[]), entity("a")], "record.repeated"),
        ([entity(" a")], "record.id-form"),
        ([fact("f", "f", "gone")], "fact.dangling"),
        ([fact("f", "f", "f", provenance=["gone"])], "fact.provenance"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_records_are_judged_together(records: list[dict[str, Any]], code: str) -> None:
    assert codes(archive(*records)) == [code]


def test_an_end_may_be_a_name() -> None:
    assert codes(archive(entity("a", name="Ann O'Lee"), fact("f", "ANN Olee", "a"))) == []


def test_a_document_and_a_raw_node_may_share_an_id() -> None:
    assert codes(archive({"id": "a"}, document("a"))) == []


def test_secrets_are_told_and_never_shown() -> None:
    secret = b'{"owner":{"email":"ann@example.org","hashed_password":"$2b$12$"'
    found = validate(GOOD | {"permissions.json": secret})
    said = "\n".join(map(str, found.problems))
    assert "member.secret" in said
    assert "ann@" not in said and "$2b$" not in said


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"members": {}}, None),
        ({"version": 2}, "manifest.extension"),
        ({"fingerprint": {"graph": "0" * 64, "content": "0" * 64}}, "manifest.fingerprint"),
        ({"value_types": [{"kind": "entity"}]}, "manifest.extension"),
        ({"later": 1}, None),
    ],
    ids=str,
)
def test_the_extension_is_judged(changes: dict[str, Any], code: str | None) -> None:
    assert set(codes(with_extension(ours("a"), **changes))) == ({code} if code else set())


def test_an_unknown_key_beside_the_sums_is_kept() -> None:
    members = ours("a")
    sums = json.loads(members["manifest.json"])["cogx"]["fingerprint"]
    assert codes(with_extension(members, fingerprint=sums | {"later": 1})) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"bytes": 1}, "manifest.bytes"),
        ({"sha256": "0" * 64}, "manifest.digest"),
        ({"records": 9}, "manifest.count"),
    ],
    ids=str,
)
def test_members_are_held_to_what_is_said_of_them(changes: dict[str, Any], code: str) -> None:
    members = ours("a")
    said = json.loads(members["manifest.json"])["cogx"]["members"]["entities.jsonl"]
    assert codes(with_extension(members, members={"entities.jsonl": said | changes})) == [code]


@pytest.mark.parametrize(
    ("counts", "code"),
    [
        ({"raw_node": 1}, "manifest.count"),
        ({"raw_node": 2, "fact": 1}, "member.missing"),
        ({"raw_node": 2, "later": 1}, "manifest.count"),
        ({"raw_node": 2, "later": 0}, None),
        ({}, "manifest.no-counts"),
        ({"raw_node": -1}, "manifest.field"),
        ({"raw_node": True}, "manifest.field"),
    ],
    ids=str,
)
def test_counts_bind(counts: dict[str, Any], code: str | None) -> None:
    members = archive({"id": "a"}, {"id": "b"}, counts=counts)
    assert codes(members) == ([code] if code else [])


@pytest.mark.parametrize(
    "text",
    [b"", b"[]", b"\xff", b"{", b'{"a":1,"a":2}', b'{"a":NaN}', b'{"a":1e999}', b'{"a":"\\ud800"}',
     b"\xef\xbb\xbf{}", b'{"a":' + b"[" * 70 + b"]" * 70 + b"}"],
    ids=repr,
)  # fmt: skip
def test_a_manifest_is_one_object(text: bytes) -> None:
    assert codes({"manifest.json": text}) == ["manifest.unreadable"]


def test_a_manifest_past_its_limit_is_refused() -> None:
    found = validate({"manifest.json": b"{}" + b" " * 100}, limits=Limits(manifest_bytes=50))
    assert [p.code for p in found.problems] == ["container.limit"]


def test_no_manifest_is_an_error() -> None:
    assert "manifest.missing" in codes({"nodes.jsonl": b""})


def test_what_is_no_container_is_a_problem_not_an_exception(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"nonsense")
    assert codes(tmp_path / "x") == ["container.unreadable"]


def test_a_missing_file_is_the_callers_mistake(tmp_path: Path) -> None:
    with pytest.raises(BadSetting):
        validate(tmp_path / "absent")


def test_the_error_names_the_first_errors_and_counts_the_rest() -> None:
    found = validate(archive(*({"id": number} for number in range(9))))
    with pytest.raises(InvalidArchive, match="9 errors") as caught:
        found.raise_for_errors()
    assert "and 4 more" in str(caught.value)
    assert len(caught.value.problems) == 9


def test_tags_without_our_key_are_data() -> None:
    node = {"id": "a", "x": {"$cogx": "date", "value": "never"}}
    assert validate(archive(node)).valid
    assert codes(archive(node, typed=True)) == ["typed.value"]


def test_a_tag_in_disguise_is_a_tag() -> None:
    members = archive({"id": "a"}, typed=True)
    members["nodes.jsonl"] = b'{"id":"a","x":{"\\u0024cogx":"date","value":"never"}}\n'
    assert codes(members) == ["typed.value"]


def test_a_declared_text_must_fit() -> None:
    declared = {"kind": "raw_node", "type": "T", "field": "properties", "key": "p"}
    extension = EXTENSION | {"value_types": [declared | {"value_type": "date"}]}
    members = archive({"id": "a", "type": "T", "p": "never"}, cogx=extension)
    assert codes(members) == ["typed.value"]


def test_a_false_claim_of_canonical_lines_is_told(tmp_path: Path) -> None:
    manifest = b'{"cogx_version":"0.1","cogx":{"generator":"x","canonical":true}}'
    line = b'{"kind":"entity","external_system":"x","external_id":"a","name":"Ada"}\n'
    found = validate({"manifest.json": manifest, "entities.jsonl": line})
    assert [problem.field for problem in found.problems if problem.severity == "error"] == [
        "cogx.canonical"
    ]
