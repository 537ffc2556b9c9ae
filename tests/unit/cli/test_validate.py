"""Archives are judged and reported on, in words and in the forms that machines read."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from .conftest import REAL, Call, Members, Put, lines


@pytest.fixture
def bad(put: Put, good: Members) -> Path:
    """Give an archive with one error and two warnings."""
    good["nodes.jsonl"] += b'{"type": "no id"}\n'
    good["manifest.json"] = good["manifest.json"].replace(b'"raw_node": 2', b'"raw_node": 3')
    good["facts.jsonl"] = lines(
        {
            "kind": "fact",
            "external_id": "f1",
            "subject_ref": "n1",
            "predicate": "p%\u202e",
            "object_ref": "gone",
            "confidence": 7,
        }
    )
    return put("bad", good)


def test_a_real_archive_is_valid(call: Call) -> None:
    told = call("validate", REAL)
    assert told.code == 0
    assert told.out == f"{REAL}: valid, 487 records\n"


def test_text_says_where_and_what_to_do(call: Call, bad: Path) -> None:
    told = call("validate", bad)
    assert told.code == 1
    assert told.out.startswith(f"{bad}: not valid, 4 records, 1 error, 2 warnings\n")
    assert "error raw_node.id" in told.out
    assert "nodes.jsonl:3" in told.out
    assert "Export the archive again" in told.out
    assert told.out.index("error raw_node.id") < told.out.index("warning fact.dangling")


def test_json_is_one_object(call: Call, bad: Path) -> None:
    told = call("validate", bad, "--format", "json")
    found = told.json()
    assert told.out.count("\n") == 1
    assert list(found) == ["archive", "valid", "problems", "problem_totals", "counts"]
    assert (found["archive"], found["valid"]) == (str(bad), False)
    assert found["problem_totals"] == {
        "raw_node.id": 1,
        "fact.confidence": 1,
        "fact.dangling": 1,
    }
    first = next(p for p in found["problems"] if p["code"] == "raw_node.id")
    assert set(first) == {"code", "severity", "member", "line", "field", "message", "remedy"}
    assert (first["severity"], first["member"], first["line"]) == ("error", "nodes.jsonl", 3)
    assert call("validate", bad, "--json").out == told.out


def test_json_is_one_line_for_each_of_several(call: Call, bad: Path) -> None:
    told = call("validate", REAL, bad, REAL, "--format", "json")
    assert told.code == 1
    assert [json.loads(line)["valid"] for line in told.out.splitlines()] == [True, False, True]


def test_a_lenient_code_passes_as_a_warning(call: Call, bad: Path) -> None:
    told = call("validate", bad, "--json", "--lenient", "raw_node.id")
    assert told.code == 0
    assert {p["severity"] for p in told.json()["problems"]} == {"warning"}


def test_strict_refuses_warnings(call: Call, put: Put, good: Members) -> None:
    good["manifest.json"] = b'{"cogx_version": "0.1", "mine": 1}'
    archive = put("warned", good)
    assert call("validate", archive).code == 0
    told = call("validate", archive, "--strict")
    assert told.code == 1
    assert "not valid under --strict" in told.out
    assert call("validate", REAL, "--strict").code == 0


def test_github_annotations_are_escaped(call: Call, bad: Path) -> None:
    told = call("validate", bad, "--format", "github")
    assert told.code == 1
    rows = told.out.splitlines()
    assert rows[0].startswith(f"::error file={bad}/nodes.jsonl,title=raw_node.id,line=3::")
    assert any(row.startswith("::warning ") for row in rows)
    assert all(row.startswith("::") for row in rows)


def test_github_properties_and_data_are_escaped(call: Call, put: Put, good: Members) -> None:
    good["manifest.json"] = good["manifest.json"].replace(b"{", b'{"100%\\n::x": 1, ', 1)
    archive = put("od,d:name", good)
    (row,) = call("validate", archive, "--format", "github").out.splitlines()
    assert f"file={archive.parent}/od%2Cd%3Aname/manifest.json" in row
    assert "100%25\\x0a::x" in row


def test_junit_has_a_suite_for_each_archive_and_a_case_for_each_code(call: Call, bad: Path) -> None:
    told = call("validate", REAL, bad, "--format", "junit")
    root = ElementTree.fromstring(told.out)
    assert (root.get("tests"), root.get("failures")) == ("4", "1")
    fine, broken = root.findall("testsuite")
    assert fine.get("failures") == "0"
    (failure,) = broken.findall("testcase/failure")
    assert failure.get("type") == "raw_node.id"
    assert "nodes.jsonl:3" in (failure.text or "")
    assert len(broken.findall("testcase/system-out")) == 2


def test_sarif_names_rules_and_places(call: Call, bad: Path) -> None:
    log = call("validate", bad, "--format", "sarif").json()
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["fact.confidence", "fact.dangling", "raw_node.id"]
    result = next(r for r in run["results"] if r["ruleId"] == "raw_node.id")
    assert rules[result["ruleIndex"]]["id"] == "raw_node.id"
    assert result["level"] == "error"
    (location,) = result["locations"]
    place = location["physicalLocation"]
    assert place["artifactLocation"]["uri"] == (bad / "nodes.jsonl").as_uri()
    assert place["region"] == {"startLine": 3}
    assert {r["level"] for r in run["results"]} == {"error", "warning"}


def test_in_a_tarball_no_line_can_be_opened(call: Call, put: Put, good: Members) -> None:
    good["nodes.jsonl"] += b"{}\n"
    archive = put("bad.tar.gz", good)
    row = call("validate", archive, "--format", "github").out.splitlines()[0]
    assert row.startswith(f"::error file={archive},title=raw_node.id::nodes.jsonl:3")
    log = call("validate", archive, "--format", "sarif").json()
    (location,) = log["runs"][0]["results"][0]["locations"]
    assert "region" not in location["physicalLocation"]
    assert location["logicalLocations"][0]["fullyQualifiedName"].startswith("nodes.jsonl:3")


def test_the_cap_keeps_fewer_places_and_counts_all(call: Call, put: Put, good: Members) -> None:
    good["nodes.jsonl"] += b"{}\n" * 30
    good["manifest.json"] = good["manifest.json"].replace(b'"raw_node": 2', b'"raw_node": 32')
    archive = put("many", good)
    found = call("validate", archive, "--json", "--cap", "4").json()
    assert len([p for p in found["problems"] if p["code"] == "raw_node.id"]) == 4
    assert found["problem_totals"]["raw_node.id"] == 30
    assert "... 25 more" in call("validate", archive).out
    assert "more" not in call("validate", archive, "-v").out
    rows = call("validate", archive, "--format", "github", "--cap", "4").out.splitlines()
    assert len(rows) == 5
    assert "26 more" in rows[-1]


def test_what_an_archive_says_cannot_steer_the_terminal(
    call: Call, put: Put, good: Members
) -> None:
    good["manifest.json"] = json.dumps(
        json.loads(good["manifest.json"]) | {"\x1b[2J\u202e\r": 1}
    ).encode()
    archive = put("odd", good)
    for form in ("text", "json", "github", "junit", "sarif"):
        out = call("validate", archive, "--format", form).out
        assert not {"\x1b", "\u202e", "\r"} & set(out), form
    (problem,) = call("validate", archive, "--json").json()["problems"]
    assert problem["field"] == "\x1b[2J\u202e\r"


def test_a_limit_can_be_raised(call: Call, put: Put, good: Members) -> None:
    good["nodes.jsonl"] = lines({"id": "n1", "deep": [[[[1]]]]}, {"id": "n2"})
    archive = put("deep", good)
    told = call("validate", archive, "--limit", "depth=3")
    assert told.code == 1
    assert "json.depth" in told.out
    assert call("validate", archive, "--limit", "depth=9").code == 0
    assert call("validate", archive, "--limit", "line_bytes=1KiB", "--no-limits").code == 0


class TestUserSchema:
    """--schema FILE: a user's own JSON Schema of each node type."""

    def check(self, call: Call, put: Put, members: Members, schema: object) -> list[str]:
        Path("schema.json").write_text(json.dumps(schema))
        told = call("validate", put("checked", members), "--schema", "schema.json", "--json")
        problems = told.json()["problems"]
        assert told.code == (1 if problems else 0)
        assert {p["code"] for p in problems} <= {"schema.mismatch"}
        return [f"{p['member']}:{p['line']} {p['field']}" for p in problems]

    def test_a_schema_for_each_type(self, call: Call, put: Put, good: Members) -> None:
        schema = {"Person": {"properties": {"age": {"type": "string"}}}, "Else": False}
        assert self.check(call, put, good, schema) == ["nodes.jsonl:1 age"]

    def test_definitions_named_after_the_types(self, call: Call, put: Put, good: Members) -> None:
        schema = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$defs": {
                "Person": {"properties": {"age": {"$ref": "#/$defs/Age"}}},
                "Age": {"maximum": 35},
            },
        }
        assert self.check(call, put, good, schema) == ["nodes.jsonl:1 age"]

    def test_an_entity_shows_what_a_query_sees(self, call: Call, put: Put, good: Members) -> None:
        schema = {"Machine": {"properties": {"name": {"const": "x"}}, "required": ["id", "power"]}}
        found = self.check(call, put, good, schema)
        assert sorted(found) == ["entities.jsonl:1 None", "entities.jsonl:1 name"]

    def test_typed_values_stand_as_text(self, call: Call, put: Put, good: Members) -> None:
        when = {"$cogx": "date", "value": "2026-01-02"}
        good["nodes.jsonl"] = lines({"id": "n1", "type": "P", "on": when}, {"id": "n2"})
        manifest = json.loads(good["manifest.json"])
        manifest["cogx"] = {"version": 1, "generator": "test"}
        good["manifest.json"] = json.dumps(manifest).encode()
        schema = {"P": {"properties": {"on": {"type": "string", "pattern": "^2026"}}}}
        assert self.check(call, put, good, schema) == []

    def test_an_object_with_the_key_of_tags_stands_as_it_is(
        self, call: Call, put: Put, good: Members
    ) -> None:
        odd = {"$cogx": "object", "value": {"$cogx": {"a": 1}, "value": {}}}
        good["nodes.jsonl"] = lines({"id": "n1", "type": "P", "odd": odd}, {"id": "n2"})
        manifest = json.loads(good["manifest.json"])
        manifest["cogx"] = {"version": 1, "generator": "test"}
        good["manifest.json"] = json.dumps(manifest).encode()
        schema = {"P": {"properties": {"odd": {"required": ["$cogx"]}}}}
        assert self.check(call, put, good, schema) == []

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("{", ": is not JSON"),
            ("[]", ": is not a JSON object"),
            ('{"P": 3}', ": P: is not a JSON Schema"),
            ('{"P": {"type": "strange"}}', ": P: is not a JSON Schema"),
            ('{"Person": {"$ref": "http://localhost:1/x.json"}}', ": Person:"),
        ],
    )
    def test_a_bad_schema_is_wrong_usage(
        self, call: Call, put: Put, good: Members, text: str, expected: str
    ) -> None:
        Path("schema.json").write_text(text)
        told = call("validate", put("checked", good), "--schema", "schema.json")
        assert told.code == 2
        assert f"schema.json{expected}" in told.err
