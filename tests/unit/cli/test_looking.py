"""Looking into an archive: inspect, cat, schema."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from cogx.archive import inspect as inspect_module

from .conftest import REAL, Call, Members, Put, lines


def member(name: str) -> bytes:
    with tarfile.open(REAL) as tar:
        stream = tar.extractfile(name)
        assert stream is not None
        return stream.read()


def test_inspect_shows_what_is_inside(call: Call) -> None:
    told = call("inspect", REAL)
    assert told.code == 0
    for words in ("tar.gz", "COGX version     0.1", "source system    cognee", "entity    101"):
        assert words in told.out
    assert "knows                    73" in told.out
    assert "valid_at    2019-01-02T03:04:05.678000Z" in told.out


def test_inspect_as_json(call: Call) -> None:
    found = call("inspect", REAL, "--json").json()
    assert found["counts"] == {"raw_node": 19, "entity": 101, "document": 6, "fact": 361}
    assert found["members"]["nodes.jsonl"]["records"] == 19
    assert sum(found["predicates"].values()) == 361
    assert next(iter(found["predicates"])) == "is_a"
    assert sum(found["node_types"].values()) == 120
    assert found["times"]["invalid_at"]["last"] == "2021-06-07T08:09:10Z"
    assert (found["secrets"], found["problems"]) == (False, {})
    assert found["fingerprint_as_declared"] is None


def test_inspect_compares_with_what_the_manifest_declares(call: Call) -> None:
    call("pack", REAL, "packed")
    found = call("inspect", "packed", "--json").json()
    assert found["fingerprint_as_declared"] is True
    assert found["members"]["facts.jsonl"]["as_declared"] is True
    assert found["fingerprint"] == call("inspect", REAL, "--json").json()["fingerprint"]
    path = Path("packed/entities.jsonl")
    path.write_bytes(path.read_bytes().replace(b"cognee", b"Cognee", 1))
    told = call("inspect", "packed")
    assert told.out.count("NOT as the manifest says") == 2


def test_inspect_shows_what_is_left_of_a_damaged_archive(call: Call) -> None:
    Path("cut.tar.gz").write_bytes(REAL.read_bytes()[:9000])
    told = call("inspect", "cut.tar.gz")
    assert told.code == 1
    assert "container.truncated" in told.out
    assert "entity    101" in told.out


def test_inspect_bounds_the_names_it_counts(
    call: Call, put: Put, good: Members, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspect_module, "MOST_NAMES", 2)
    good["nodes.jsonl"] = lines(*({"id": str(n), "type": f"T{n}"} for n in range(5)))
    archive = put("many", good)
    found = call("inspect", archive, "--json").json()
    assert found["node_types"] == {"T0": 1, "T1": 1}
    assert found["unnamed"] == {"node_types": 4}
    assert "4 records of still other names" in call("inspect", archive).out


def test_cat_prints_the_lines_of_a_kind_byte_for_byte(call: Call) -> None:
    told = call("cat", REAL, "fact")
    assert told.raw == member("facts.jsonl")
    assert call("cat", REAL, "facts.jsonl").raw == told.raw


def test_cat_prints_everything_in_the_order_of_the_archive(call: Call) -> None:
    names = ("documents", "entities", "facts", "nodes")
    assert call("cat", REAL).raw == b"".join(member(f"{name}.jsonl") for name in names)


def test_cat_prints_the_manifest(call: Call) -> None:
    assert call("cat", REAL, "manifest").raw == member("manifest.json")


def test_cat_finds_a_record_by_its_id(call: Call) -> None:
    line = member("entities.jsonl").splitlines(keepends=True)[40]
    identity = json.loads(line)["external_id"]
    assert call("cat", REAL, identity).raw == line
    assert call("cat", REAL, "entity", identity).raw == line
    assert call("cat", REAL, "document", identity).code == 2


def test_cat_stops_at_a_line_that_is_no_record(call: Call, put: Put, good: Members) -> None:
    good["nodes.jsonl"] = lines({"id": "a"}) * 3 + b'{"id": "b", "id": "c"}\n' + lines({"id": "d"})
    archive = put("bad", good)
    told = call("cat", archive, "raw_node")
    assert told.code == 1
    assert "nodes.jsonl:4" in told.err
    assert told.raw == lines({"id": "a"}) * 3
    told = call("cat", archive, "raw_node", "--limit", "line_bytes=12")
    assert (told.code, told.raw) == (1, lines({"id": "a"}) * 3)
    assert "line.too-long" in told.err
    lenient = call("cat", archive, "raw_node", "--lenient", "json.duplicate-key")
    assert lenient.raw == good["nodes.jsonl"]


def test_cat_notices_a_changed_member(call: Call) -> None:
    call("pack", REAL, "packed")
    path = Path("packed/entities.jsonl")
    path.write_bytes(path.read_bytes().replace(b"cognee", b"Cognee", 1))
    told = call("cat", "packed", "entity")
    assert told.code == 5
    assert "sha256" in told.err


def test_cat_shows_a_terminal_no_control_characters(
    call: Call, put: Put, good: Members, monkeypatch: pytest.MonkeyPatch
) -> None:
    good["nodes.jsonl"] = '{"id": "n1", "name": "a\u202eb\x9bc"}\n'.encode() + lines({"id": "n2"})
    archive = put("odd", good)
    assert call("cat", archive, "n1").raw == good["nodes.jsonl"].splitlines(keepends=True)[0]
    monkeypatch.setattr("cogx.cli.commands.cat.is_terminal", lambda stream: True)
    out = call("cat", archive, "n1").out
    assert out == '{"id": "n1", "name": "a\\u202eb\\u009bc"}\n'
    assert json.loads(out)["name"] == "a\u202eb\x9bc"


@pytest.mark.parametrize("kind", ["manifest", "raw_node", "entity", "fact", "memory_block"])
def test_schema_prints_a_json_schema(call: Call, kind: str) -> None:
    told = call("schema", "record", kind)
    assert told.code == 0
    assert told.json()["type"] == "object"


def test_schema_without_a_kind_prints_all(call: Call) -> None:
    assert list(call("schema", "record").json())[:2] == ["manifest", "raw_node"]
