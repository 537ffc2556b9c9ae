"""Export, import, verify: thin over the engine, plain about what was kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import REAL, Call, Members, Put
from .little_store import open_reader


def test_an_archive_goes_into_a_store_and_comes_back(call: Call, store: str) -> None:
    told = call("import", REAL, store)
    assert told.code == 0
    assert "entity    101" in told.out
    assert told.err == f"Prove it: cogx verify {REAL} {store}\n"
    assert call("verify", REAL, store).code == 0
    told = call("export", store, "out.cogx.tar.gz")
    assert told.code == 0
    assert "cogx verify out.cogx.tar.gz" in told.err
    assert call("verify", "out.cogx.tar.gz", store).code == 0


def test_receipts_are_json_when_asked(call: Call, store: str) -> None:
    receipt = call("import", REAL, store, "--json").json()
    assert receipt["counts"]["entity"] == 101
    assert (receipt["losses"], receipt["target"]) == ({}, store)
    exported = call("export", store, "out.tar", "--json").json()
    assert exported["fingerprint"] == receipt["fingerprint"]
    assert exported["target"] == "out.tar"
    verdict = call("verify", REAL, store, "--json").json()
    assert verdict["equal"] is True


def test_verify_names_what_differs(call: Call, store: str) -> None:
    call("import", REAL, store)
    graph = open_reader("graph")
    named = json.loads(call("cat", REAL, "entity").out.split("\n")[7])["external_id"]
    entity = next(node for node in graph.kept["nodes"] if node.id == named)
    entity.properties["name"] = "changed\x1b"
    graph.kept["edges"].pop()
    graph.save()
    told = call("verify", REAL, store)
    assert told.code == 1
    assert f"changed: entity {entity.id}" in told.out
    assert "\x1b" not in told.out
    assert "only in archive: fact" in told.out
    found = call("verify", REAL, store, "--json")
    assert found.code == 1
    assert found.json()["equal"] is False
    assert {d["what"] for d in found.json()["differences"]} == {"changed", "only in archive"}


def test_a_loss_is_named_and_ends_with_one(call: Call, put: Put, good: Members, store: str) -> None:
    good["nodes.jsonl"] += b'{"type": "no id"}\n'
    good["manifest.json"] = b'{"cogx_version": "0.1"}'
    archive = put("bad", good)
    told = call("import", archive, store, "--lenient", "raw_node.id")
    assert told.code == 1
    assert "Not kept:" in told.out
    assert "raw_node.id" in told.out


def test_strict_import_refuses_warnings(call: Call, put: Put, good: Members, store: str) -> None:
    good["manifest.json"] = b'{"cogx_version": "0.1", "mine": 1}'
    archive = put("warned", good)
    assert call("import", archive, store, "--strict").code == 1
    assert not Path("graph").exists()
    told = call("import", archive, store)
    assert told.code == 0
    assert "manifest.unknown-field" in told.out


def test_an_empty_graph_has_its_own_number(call: Call, put: Put, store: str) -> None:
    empty = put("empty", {"manifest.json": b'{"cogx_version": "0.1", "counts": {}}'})
    told = call("import", empty, store)
    assert told.code == 3
    assert "--allow-empty" in told.err
    assert call("import", empty, store, "--allow-empty").code == 0
    told = call("export", store, "out.tar.gz")
    assert told.code == 3
    assert not Path("out.tar.gz").exists()
    assert call("export", store, "out.tar.gz", "--allow-empty").code == 0


def test_the_same_archive_again_changes_nothing_and_says_so(call: Call, store: str) -> None:
    call("import", REAL, store)
    before = Path("graph").read_bytes()
    told = call("import", REAL, store)
    assert told.code == 0
    assert told.out.startswith("Nothing to do: ")
    assert "unchanged" in told.out
    assert Path("graph").read_bytes() == before


def test_names_and_notes_reach_the_manifest(
    call: Call, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    call("import", REAL, store)
    call("export", store, "a.tar", "--dataset", "mine", "--note", "weekly")
    call("export", store, "b.tar", "--dataset", "mine", "--note", "weekly")
    manifest = json.loads(call("cat", "a.tar", "manifest").out)
    assert manifest["cogx"]["dataset"] == "mine"
    assert manifest["notes"][-1] == "weekly"
    assert manifest["exported_at"] == "2023-11-14T22:13:20Z"
    assert Path("a.tar").read_bytes() == Path("b.tar").read_bytes()


def test_an_archive_leaves_through_stdout_alone(call: Call, store: str) -> None:
    call("import", REAL, store)
    told = call("export", store, "-", "--json")
    assert told.code == 0
    assert json.loads(told.err)["target"] == "-"
    assert call("verify", "-", store, stdin=told.raw).code == 0


def test_an_invalid_archive_leaves_the_store_untouched(
    call: Call, put: Put, good: Members, store: str
) -> None:
    good["nodes.jsonl"] += b"nonsense\n"
    told = call("import", put("bad", good), store)
    assert told.code == 1
    assert "nodes.jsonl:3" in told.err
    assert "[json.malformed]" in told.err
    assert not Path("graph").exists()


@pytest.mark.parametrize("uri", ["json:graph.json", "ladybug:graph.lbug", "graph.lbug"])
def test_the_real_stores_are_reached(call: Call, uri: str) -> None:
    if "lbug" in uri:
        pytest.importorskip("ladybug")
    assert call("import", REAL, uri).code == 0
    assert call("verify", REAL, uri).code == 0
    assert call("import", REAL, uri).code == 0
    assert call("export", uri, "out.cogx.tar.zst", "--level", "9").code == 0
    assert call("verify", "out.cogx.tar.zst", uri).code == 0
    told = call("verify", REAL, uri.replace("graph", "nowhere"))
    assert told.code in (2, 6)
    assert "nowhere" in told.err
    assert not list(Path().glob("nowhere*"))
