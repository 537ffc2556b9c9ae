"""cogx gives what the vectors of the specification say, and agrees with their reference beyond.

The vectors come from spec/vectors/reference.py, which knows the words of spec/format.md and no
line of cogx.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import sys
import tarfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cogx.archive.reading import RecordReader
from cogx.archive.validate import Findings, validate
from cogx.archive.value_types import ValueTypes
from cogx.codec import canonical, typed
from cogx.codec.lines import hashed_form
from cogx.codec.typed import UnreadableValue, read_tagged, text_of
from cogx.errors import UnsupportedVersion
from cogx.format.identity import (
    data_id,
    entity_id,
    entity_type_id,
    fact_id,
    folded_entity_id,
    folded_name,
    node_id,
    normalise_name,
)
from cogx.format.layout import KIND_OF_MEMBER, MEMBER_OF_KIND
from cogx.format.manifest import ValueType
from cogx.format.timestamps import UnreadableTimestamp, format_timestamp, parse_timestamp
from cogx.format.version import is_newer, parse_version

ROOT = Path(__file__).parents[2]
VECTORS = ROOT / "spec" / "vectors"
REAL = ROOT / "fixtures" / "archives" / "real-small.cogx.tar.gz"


def _module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"spec_vectors_{name}", VECTORS / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _cases(name: str) -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = json.loads((VECTORS / f"{name}.json").read_text("ascii"))["cases"]
    return cases


def _names(cases: list[dict[str, Any]]) -> list[str]:
    return [str(case.get("name", index)) for index, case in enumerate(cases)]


reference = _module("reference")
CANONICAL = _cases("canonical-json")
FINGERPRINTS = _cases("fingerprint")
TIMESTAMPS = _cases("timestamps")
IDENTITIES = _cases("identity")
TYPED = _cases("typed-values")
VERSIONS = _cases("versions")


def test_the_corpus_is_not_empty_and_holds_both_sides() -> None:
    for cases in (CANONICAL, FINGERPRINTS, TIMESTAMPS, IDENTITIES, TYPED, VERSIONS):
        assert len(cases) >= 15
    assert {case["reading"] for case in VERSIONS} == {"accepted", "newer", "refused"}
    assert {case["allowed"] for case in TYPED} == {True, False}
    assert {case["tag"] for case in TYPED} == typed.TAGS - {"object"}
    assert {"canonical", "refused"} <= {key for case in CANONICAL for key in case}
    assert {"canonical", "refused"} <= {key for case in TIMESTAMPS for key in case}
    assert {record["member"] for case in FINGERPRINTS for record in case["records"]} == set(
        KIND_OF_MEMBER
    )


@pytest.mark.parametrize("case", CANONICAL, ids=_names(CANONICAL))
def test_canonical_json(case: dict[str, Any]) -> None:
    if "refused" in case:
        found = _validated({"nodes.jsonl": case["json"].encode()}, typed=True)
        assert case["refused"] in found.log.totals
        assert not found.valid
        return
    assert canonical.encode(json.loads(case["json"])) == case["canonical"].encode()
    again = json.loads(case["canonical"])
    assert canonical.encode(again) == case["canonical"].encode()


@pytest.mark.parametrize("case", FINGERPRINTS, ids=_names(FINGERPRINTS))
def test_fingerprint(case: dict[str, Any]) -> None:
    members: dict[str, list[dict[str, Any]]] = {}
    for record in case["records"]:
        members.setdefault(record["member"], []).append(record)
    declared = [ValueType(**one) for one in case["value_types"]]
    problems: list[Any] = []
    reader = RecordReader(problems.append, ValueTypes(declared), case["extension"])
    for member, records in members.items():
        data = b"".join(record["line"].encode() + b"\n" for record in records)
        kind = KIND_OF_MEMBER[member]
        lines = [line for block in reader.iter_blocks(kind, member, [data]) for line in block.lines]
        hashed = [record["hashed"].encode() for record in records if record["hashed"] is not None]
        assert [hashed_form(kind, line) for line in lines] == hashed
        digests = [record["sha256"] for record in records if record["hashed"] is not None]
        assert [hashlib.sha256(text).hexdigest() for text in hashed] == digests
    assert not [problem for problem in problems if problem.severity == "error"]
    data_of = {m: b"".join(r["line"].encode() + b"\n" for r in rs) for m, rs in members.items()}
    found = _validated(data_of, typed=case["extension"], value_types=case["value_types"])
    assert found.fingerprint.hex() == case["fingerprint"]


@pytest.mark.parametrize("case", TIMESTAMPS, ids=_names(TIMESTAMPS))
def test_timestamps(case: dict[str, Any]) -> None:
    line = json.dumps({"external_id": "m", "content": "x", "created_at": case["value"]})
    found = _validated({"memories.jsonl": line.encode()}, typed=True)
    if "refused" in case:
        with pytest.raises(UnreadableTimestamp):
            parse_timestamp(case["value"])
        assert case["refused"] in found.log.totals
        return
    moment, warnings = parse_timestamp(case["value"])
    assert format_timestamp(moment) == case["canonical"]
    assert sorted(warnings) == sorted(case["warnings"])
    assert found.valid
    seen = {code for code in found.log.totals if code.startswith("time.")} - {"time.future"}
    assert seen == set(case["warnings"])


@pytest.mark.parametrize("case", IDENTITIES)
def test_identity(case: dict[str, Any]) -> None:
    match case["rule"]:
        case "entity":
            assert normalise_name(case["name"]) == case["normalised"]
            assert str(entity_id(case["name"])) == case["id"]
        case "entity_type":
            assert str(entity_type_id(case["name"])) == case["id"]
        case "folded":
            assert folded_name(case["name"]) == case["folded"]
            assert str(folded_entity_id(case["name"], case["entity_type"])) == case["id"]
        case "node":
            assert node_id(case["source_system"], case["external_id"]) == case["id"]
        case "data":
            assert str(data_id(case["external_system"], case["external_id"])) == case["id"]
        case "fact":
            fields = case["fields"]
            ends = fields["subject_ref"], fields["predicate"], fields["object_ref"]
            content = case["content"].encode() if "#" in case["id"] else None
            assert fact_id(*ends, content) == case["id"]
        case other:
            pytest.fail(f"no such rule: {other}")


@pytest.mark.parametrize("case", TYPED, ids=lambda case: f"{case['tag']} {case['text']!r}")
def test_typed_values(case: dict[str, Any]) -> None:
    tagged = {"$cogx": case["tag"], "value": case["text"]}
    found = _validated({"nodes.jsonl": json.dumps({"id": "n", "x": tagged}).encode()}, typed=True)
    if not case["allowed"]:
        with pytest.raises(UnreadableValue):
            read_tagged(case["tag"], case["text"])
        assert "typed.value" in found.log.totals
        return
    value = read_tagged(case["tag"], case["text"])
    assert (value if case["tag"] == "string" else text_of(value)) == case["written"]
    assert found.valid


@pytest.mark.parametrize("case", VERSIONS, ids=lambda case: repr(case["version"]))
def test_versions(case: dict[str, Any]) -> None:
    if case["reading"] == "refused":
        with pytest.raises(UnsupportedVersion):
            parse_version(case["version"])
    else:
        assert is_newer(parse_version(case["version"])) is (case["reading"] == "newer")


def test_vectors_are_in_step_with_their_reference() -> None:
    sys.path.insert(0, str(VECTORS))
    try:
        make = _module("make")
        for name, text in make.texts().items():
            assert (VECTORS / name).read_text("ascii") == text, name
    finally:
        sys.path.remove(str(VECTORS))


def test_reference_knows_nothing_of_cogx() -> None:
    for script in VECTORS.glob("*.py"):
        text = script.read_text("utf-8")
        assert "import cogx" not in text and "from cogx" not in text, script.name


# Beyond the vectors: both sides agree on whatever comes.


def test_reference_agrees_on_what_a_real_cognee_wrote() -> None:
    members: dict[str, bytes] = {}
    with tarfile.open(REAL) as tar:
        for entry in tar:
            file = tar.extractfile(entry)
            assert file is not None
            members[entry.name] = file.read()
    hashed = {
        kind: [
            reference.canonical_record(kind, line, typed=False, declared=[])
            for line in members.get(member, b"").decode().split("\n")
            if line
        ]
        for member, kind in reference.KIND_OF_MEMBER.items()
    }
    found = validate(REAL)
    assert found.valid
    assert sum(map(len, hashed.values())) == sum(found.counts.values()) > 400
    assert found.fingerprint.hex() == reference.fingerprint(hashed)


_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_finite = st.floats(allow_nan=False, allow_infinity=False)
_values = st.recursive(
    st.none() | st.booleans() | st.integers() | _finite | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=8,
)
_times = st.none() | st.datetimes().map(lambda moment: moment.isoformat() + "+01:00")


@given(st.text(max_size=8), st.none() | st.text(max_size=4))
def test_reference_agrees_on_folded_names(name: str, entity_type: str | None) -> None:
    assert folded_name(name) == reference.folded(name)
    assert str(folded_entity_id(name, entity_type)) == reference.folded_id(name, entity_type)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_reference_agrees_on_floats(number: float) -> None:
    assert canonical.encode(number) == reference.canonical(number).encode()
    assert json.loads(reference.canonical(number)) == number


@given(_values)
def test_reference_agrees_on_values(value: Any) -> None:
    assert canonical.encode(value) == reference.canonical(value).encode()


@given(
    st.one_of(
        st.integers(min_value=-(10**30), max_value=10**30),
        _finite,
        st.from_regex(
            r"[0-9]{4}-[01][0-9]-[0-3][0-9][T ][0-2][0-9]:[0-6][0-9](:[0-6][0-9](\.[0-9]{1,8})?)?",
            fullmatch=True,
        ),
        st.from_regex(
            r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[012][0-9]:00:00(Z|[+-][0-2][0-9]:?[0-6][0-9])",
            fullmatch=True,
        ),
    )
)
def test_reference_agrees_on_timestamps(value: str | int | float) -> None:
    try:
        expected = reference.timestamp(value)
    except reference.Refused:
        with pytest.raises(UnreadableTimestamp):
            parse_timestamp(value)
    else:
        moment, warnings = parse_timestamp(value)
        assert (format_timestamp(moment), list(warnings)) == expected


_free = st.dictionaries(_texts.filter(lambda key: key not in ("id", "type")), _values, max_size=3)
_LINES = {
    "raw_node": st.builds(lambda rest: {"id": "n"} | rest, _free),
    "entity": st.fixed_dictionaries(
        {"external_id": st.just("e"), "name": _texts.filter(bool)},
        optional={
            "description": st.none() | _texts,
            "attributes": _free,
            "metadata": st.none() | _free,
            "aliases": st.none() | st.lists(_texts, max_size=2),
            "created_at": _times,
            "unheard-of": _values,
        },
    ),
    "fact": st.fixed_dictionaries(
        {
            "external_id": st.just("f"),
            "subject_ref": st.just("a"),
            "predicate": _texts.filter(bool),
            "object_ref": st.just("b"),
        },
        optional={
            "confidence": st.none() | _finite | st.integers(-9, 9),
            "valid_at": _times,
            "metadata": _free,
            "provenance": st.lists(_texts, max_size=2),
        },
    ),
    "episode": st.fixed_dictionaries(
        {"external_id": st.just("e")},
        optional={
            "scope": st.dictionaries(st.sampled_from(["user_id", "run_id"]), st.none() | _texts),
            "turns": st.lists(
                st.fixed_dictionaries(
                    {"role": _texts, "content": _texts},
                    optional={"occurred_at": _times, "x": _values},
                ),
                max_size=2,
            ),
        },
    ),
}


@settings(max_examples=200)
@given(st.data(), st.sampled_from(sorted(_LINES)), st.booleans(), st.booleans())
def test_reference_agrees_on_fingerprints(
    data: st.DataObject, kind: str, typed: bool, spaced: bool
) -> None:
    rows = data.draw(st.lists(_LINES[kind], min_size=1, max_size=3))
    lines = [
        json.dumps(row, ensure_ascii=spaced, separators=None if spaced else (",", ":"))
        for row in rows
    ]
    hashed = [reference.canonical_record(kind, line, typed=typed, declared=[]) for line in lines]
    found = _validated({MEMBER_OF_KIND[kind]: "\n".join(lines).encode()}, typed=typed)
    assert found.fingerprint.hex() == reference.fingerprint({kind: hashed})


def _validated(
    members: dict[str, bytes], *, typed: bool, value_types: list[dict[str, str]] | None = None
) -> Findings:
    manifest: dict[str, Any] = {"cogx_version": "0.1"}
    if typed:
        manifest["cogx"] = {"generator": "a test", "value_types": value_types or []}
    return validate({"manifest.json": json.dumps(manifest).encode()} | members)
