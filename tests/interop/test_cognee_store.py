"""A real cognee's own files, read directly: nothing is lost, nothing is changed."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from . import comparison, fidelity
from .comparison import Record
from .conftest import BOB, EVE, TEXT, Cogx, Home
from .session import PeerSession


@pytest.fixture(scope="session")
def ours(home: Home, cogx: Cogx, tmp_path_factory: pytest.TempPathFactory) -> Path:
    archive = tmp_path_factory.mktemp("ours") / "a.cogx.tar.gz"
    cogx("export", home.uri("sample"), archive)
    return archive


@pytest.fixture(scope="session")
def records(ours: Path, cogx: Cogx) -> list[Record]:
    return list(_records(cogx, ours))


def _records(cogx: Cogx, archive: Path) -> Iterator[Record]:
    for kind in ("document", "entity", "raw_node", "fact"):
        for line in cogx("cat", archive, kind).split("\n"):
            if line:
                record = json.loads(line)
                yield {"kind": kind, "properties": record} if kind == "raw_node" else record


def _hashes(place: Path) -> dict[str, str]:
    files = sorted(path for path in place.rglob("*") if path.is_file())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_from_the_store_to_ladybug_and_back_nothing_changes(
    home: Home, ours: Path, cogx: Cogx, tmp_path: Path
) -> None:
    cogx("validate", ours)
    cogx("import", ours, f"ladybug:{tmp_path / 'graph'}")
    cogx("verify", ours, f"ladybug:{tmp_path / 'graph'}")
    cogx("export", f"ladybug:{tmp_path / 'graph'}", tmp_path / "back.cogx.tar.gz")
    cogx("verify", tmp_path / "back.cogx.tar.gz", home.uri("sample"))


def test_every_node_and_edge_is_there(home: Home, records: list[Record]) -> None:
    nodes, edges = comparison.graph_keys(home.graph)
    assert comparison.node_ids(records) == nodes
    assert comparison.edge_keys(records) == edges
    facts = [record for record in records if record["kind"] == "fact"]
    assert len(facts) == len(edges)


def test_what_cognee_exports_we_export(home: Home, records: list[Record]) -> None:
    """Every record and value of cognee's own archive, but documents made of chunks."""
    found = {comparison.record_key(record): record for record in records}
    for theirs in home.theirs.records:
        if theirs["kind"] == "document":
            continue
        mine = found[comparison.record_key(theirs)]
        if theirs["kind"] == "raw_node":
            mine, theirs = mine["properties"], comparison.spelled(theirs["properties"])
        for name, value in theirs.items():
            if value not in (None, [], {}) and name != "scope":  # cognee's are empty
                assert _said(comparison.spelled(mine[name])) == _said(value), (name, theirs)


def _said(value: Any) -> Any:
    """Read a time, so that one instant in two texts is the same."""
    if isinstance(value, str) and value[:2] == "20" and "T" in value:
        moment = datetime.fromisoformat(value)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return value


def test_every_property_of_the_store_is_in_the_archive(home: Home, records: list[Record]) -> None:
    """What cognee itself sees of its graph can be told from our records, each value as it is."""
    found = {comparison.record_key(record): record for record in records}
    facts = {f"{r['subject_ref']}:{r['predicate']}:{r['object_ref']}": r for r in records
             if r["kind"] == "fact"}  # fmt: skip
    for line in home.graph:
        if "edge" in line:
            source, target, relation, stored = line["edge"]
            told = _told_by_fact(facts[f"{source}:{relation}:{target}"])
        else:
            stored = {name: value for name, value in line["node"].items() if name != "id"}
            identity = line["node"]["id"]
            entity = found.get(("entity", identity))
            told = (
                _told_by_entity(entity)
                if entity
                else comparison.spelled(found["raw_node", identity]["properties"])
            )
        stored = comparison.spelled(stored)
        assert {name: told.get(name, "lost") for name in stored} == stored


def _told_by_entity(entity: Record) -> Record:
    """Return what an entity record says as cognee's properties: times in milliseconds."""
    told = {"type": "Entity", "name": entity["name"], "description": entity.get("description")}
    for name in ("created_at", "updated_at"):
        moment = datetime.fromisoformat(entity[name])
        told[name] = (moment - datetime.fromtimestamp(0, UTC)) // timedelta(milliseconds=1)
    return told | comparison.spelled(entity["attributes"])


def _told_by_fact(fact: Record) -> Record:
    told = {name: fact[name] for name in ("valid_at", "invalid_at") if name in fact}
    if "fact_text" in fact:
        told["edge_text"] = fact["fact_text"]
    return told | comparison.spelled(fact["metadata"])


def test_numbers_that_json_lacks_are_there(home: Home, records: list[Record]) -> None:
    odd = [
        value
        for line in home.graph
        for value in line.get("node", {}).values()
        if isinstance(value, float) and not math.isfinite(value)
    ]
    text = json.dumps(records)
    assert len(odd) == 3
    assert all(json.dumps(value) in text for value in odd)


def test_the_manifest_says_where_it_comes_from(home: Home, ours: Path, cogx: Cogx) -> None:
    manifest = json.loads(cogx("inspect", ours, "--json"))["manifest"]
    theirs = home.theirs.answer["manifest"]
    for name in ("source_system", "migration_revision", "embedding_model"):
        assert manifest[name] == theirs[name]
    assert manifest["cogx"]["dataset"] == "sample"
    assert manifest["cogx"]["embedding"]["dimensions"] == 64


def test_documents_are_the_files(home: Home, cogx: Cogx, tmp_path: Path) -> None:
    cogx("export", home.uri("papers"), tmp_path / "papers.cogx.tar.gz")
    notes, labelled = sorted(
        _records(cogx, tmp_path / "papers.cogx.tar.gz"), key=lambda record: record["content"]
    )
    assert (notes["content"], notes["title"], notes["mime_type"]) == (TEXT, "notes", "text/plain")
    digest = hashlib.md5(TEXT.encode()).hexdigest()
    assert notes["metadata"]["raw_content_hash"] == digest
    assert notes["metadata"]["original_name"] == "notes.txt"
    assert labelled["metadata"]["label"] == "labelled"
    assert labelled["metadata"]["node_set"] == ["one", "two"]
    external = labelled["metadata"]["external_metadata"]
    assert (external["who"], external["score"]) == ("somebody", 1.5)
    assert str(home.place) not in json.dumps([notes, labelled])


def test_no_byte_changes_and_cognee_still_works(
    cognee_python: Path,
    home: Home,
    cogx: Cogx,
    graph_of: Callable[[PeerSession, str], list[Record]],
    tmp_path: Path,
) -> None:
    before = _hashes(home.place)
    for number, dataset in enumerate(("sample", "papers", home.bobs)):
        archive = tmp_path / f"{number}.cogx.tar.gz"
        cogx("export", home.uri(dataset), archive)
        cogx("verify", archive, home.uri(dataset))
    assert _hashes(home.place) == before
    with PeerSession(cognee_python, home.place) as session:
        again = graph_of(session, "sample")
        assert sorted(map(json.dumps, again)) == sorted(map(json.dumps, home.graph))
        session.run("add", "--dataset", "after")


def test_a_running_cognee_is_read_as_it_is(
    peer: PeerSession, cogx: Cogx, tmp_path: Path,
    graph_of: Callable[[PeerSession, str], list[Record]],
) -> None:  # fmt: skip
    archive, running = tmp_path / "a.cogx.tar.gz", f"cognee:running?root={peer.home / 'system'}"
    peer.run("sample", tmp_path / "theirs.cogx.tar.gz", "--dataset", "running")
    cogx("export", running, archive)
    graph = graph_of(peer, "running")
    peer.run("add", "--dataset", "running")
    cogx("export", running, archive, "--force")
    found = list(_records(cogx, archive))
    nodes, edges = comparison.graph_keys(graph)
    assert (comparison.node_ids(found), comparison.edge_keys(found)) == (nodes, edges)
    assert sum(record["kind"] == "document" for record in found) == 1


def test_names_mean_what_they_mean_in_cognee(home: Home, cogx: Cogx, tmp_path: Path) -> None:
    archive = tmp_path / "a.cogx.tar.gz"
    cogx("export", home.uri("diary"), archive, exit_code=2)  # bob's, or eve's
    cogx("export", home.uri("nope"), archive, exit_code=2)
    cogx("export", f"cognee:sample?root={home.place}", archive, exit_code=2)
    assert not archive.exists()
    cogx("export", home.uri("sample", f"&user={BOB}"), archive)
    assert [record["title"][:4] for record in _records(cogx, archive)] == ["text"]
    cogx("export", home.uri(home.diary, f"&user={EVE}"), archive, "--force", exit_code=6)
    cogx("export", home.uri(home.bobs, f"&user={EVE}"), archive, "--force")


def test_more_is_kept_than_by_cognees_own_export(
    home: Home, records: list[Record], capsys: pytest.CaptureFixture[str]
) -> None:
    """Count values, print the table, and write it down if the environment asks for it."""
    rows = fidelity.compare(home.graph, home.theirs.records, records)
    fidelity.tell("export", fidelity.table(rows), capsys)
    for row in rows:
        assert row.kept_by_cogx == row.in_store, row
    assert any(row.kept_by_cognee < row.in_store for row in rows)
