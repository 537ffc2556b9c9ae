"""What a real cognee writes, cogx keeps; what cogx writes, a real cognee reads and restores."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from . import comparison
from .comparison import Record
from .conftest import Cogx, Reading
from .session import PeerSession

MANIFEST_FACTS = ("cogx_version", "source_system", "embedding_model", "migration_revision")


def members(archive: Path) -> dict[str, bytes]:
    """Return the bytes of each member of a tarball."""
    with tarfile.open(archive) as tar:
        return {
            info.name: stream.read()
            for info in tar
            if info.isfile() and (stream := tar.extractfile(info)) is not None
        }


def test_an_archive_of_cognee_is_valid(cogx: Cogx, original: Reading) -> None:
    """Warnings are allowed (cognee writes NaN), errors are not."""
    cogx("validate", original.archive)
    json.loads(cogx("validate", original.archive, "--format", "json"))


def test_cat_shows_each_record_that_cognee_reads(cogx: Cogx, original: Reading) -> None:
    for kind, count in original.answer["counts"].items():
        lines = [line for line in cogx("cat", original.archive, kind).split("\n") if line]
        assert len(lines) == count, kind
        assert all(isinstance(json.loads(line), dict) for line in lines)


def test_an_imported_archive_equals_its_store(cogx: Cogx, original: Reading, store: str) -> None:
    cogx("verify", original.archive, store)


def test_cognee_reads_the_same_records_in_our_export(original: Reading, reexport: Reading) -> None:
    expected, found = map(comparison.spelled, (original.records, reexport.records))
    assert comparison.record_difference(expected, found) == ""
    assert reexport.answer["keys_sha256"] == original.answer["keys_sha256"]


def test_our_manifest_tells_cognee_the_same(original: Reading, reexport: Reading) -> None:
    """source_system switches identity preservation on; migration_revision its migrations."""
    ours, theirs = reexport.answer["manifest"], original.answer["manifest"]
    assert {name: ours[name] for name in MANIFEST_FACTS} == {
        name: theirs[name] for name in MANIFEST_FACTS
    }
    assert ours["counts"] == theirs["counts"]


def test_unpack_gives_the_bytes_of_the_members(
    cogx: Cogx, original: Reading, tmp_path: Path
) -> None:
    cogx("unpack", original.archive, tmp_path / "out")
    found = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    assert found == members(original.archive)


@pytest.mark.parametrize("name", ["out.cogx.tar.gz", "out.cogx.tar"])
def test_cognee_reads_what_we_packed(
    cogx: Cogx, original: Reading, read: Callable[[Path], Reading], tmp_path: Path, name: str
) -> None:
    cogx("unpack", original.archive, tmp_path / "members")
    cogx("pack", tmp_path / "members", tmp_path / name)
    reading = read(tmp_path / name)
    assert comparison.record_difference(original.records, reading.records) == ""
    assert reading.answer["manifest"] == original.answer["manifest"]


def test_pack_adds_one_key_to_the_manifest(cogx: Cogx, original: Reading, tmp_path: Path) -> None:
    cogx("unpack", original.archive, tmp_path / "members")
    cogx("pack", tmp_path / "members", tmp_path / "out.cogx.tar.gz")
    theirs, ours = members(original.archive), members(tmp_path / "out.cogx.tar.gz")
    manifest = json.loads(ours.pop("manifest.json"))
    del manifest["cogx"]
    assert manifest == json.loads(theirs.pop("manifest.json"))
    assert ours == theirs


def test_plain_packing_keeps_every_byte(cogx: Cogx, original: Reading, tmp_path: Path) -> None:
    cogx("unpack", original.archive, tmp_path / "members")
    cogx("pack", tmp_path / "members", tmp_path / "out.cogx.tar.gz", "--plain")
    assert members(tmp_path / "out.cogx.tar.gz") == members(original.archive)


def test_packing_keeps_the_permission_layer(
    cogx: Cogx, peer: PeerSession, readings: dict[str, Reading], tmp_path: Path
) -> None:
    """The accounts of an archive with permissions.json are what cognee wrote, to the byte."""
    assert "fresh" in readings  # its dataset is exported here once more
    secret, packed = tmp_path / "secret.cogx.tar.gz", tmp_path / "out.cogx.tar.gz"
    peer.run("export", secret, "--dataset", "sample", "--permissions")
    cogx("validate", secret)
    cogx("unpack", secret, tmp_path / "members")
    cogx("pack", tmp_path / "members", packed)
    assert members(packed)["permissions.json"] == members(secret)["permissions.json"]


@dataclass(frozen=True)
class Restored:
    """What cognee counted of our export, and the graphs that it made of it and of its own."""

    answer: Record
    graph: list[Record]
    theirs: list[Record]


@pytest.fixture(scope="session")
def restored(
    cognee_python: Path,
    original: Reading,
    cogx: Cogx,
    graph_of: Callable[[PeerSession, str], list[Record]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Restored:
    """Let cognee import our export from Ladybug, and the archive that it was made of.

    Each document id belongs to one dataset of a cognee home, so the second goes without them.
    """
    place = tmp_path_factory.mktemp("restored")
    cogx("import", original.archive, f"ladybug:{place / 'graph'}")
    cogx("export", f"ladybug:{place / 'graph'}", place / "out.cogx.tar.gz")
    with PeerSession(cognee_python, place / "home") as session:
        answer = session.run("import", place / "out.cogx.tar.gz", "--dataset", "restored")
        _without_documents(original.archive, place / "theirs.tar.gz")
        session.run("import", place / "theirs.tar.gz", "--dataset", "theirs")
        return Restored(answer, graph_of(session, "restored"), graph_of(session, "theirs"))


def _without_documents(archive: Path, target: Path) -> None:
    """Write a tarball of an archive's other members, byte for byte."""
    with tarfile.open(archive) as source, tarfile.open(target, "w:gz") as made:
        for info in source:
            if info.name != "documents.jsonl":
                made.addfile(info, source.extractfile(info))


def test_cognee_restores_every_record(original: Reading, restored: Restored) -> None:
    answer = restored.answer
    assert answer["status"] == "completed"
    assert answer["record_counts"] == original.answer["counts"]
    assert (answer["skipped_facts"], answer["deduped_edges"]) == (0, 0)


def test_cognee_restores_the_same_ids_and_edges(original: Reading, restored: Restored) -> None:
    nodes, edges = comparison.graph_keys(restored.graph)
    assert nodes == comparison.node_ids(original.records)
    assert edges == comparison.edge_keys(original.records)


def test_cognee_cannot_tell_our_archive_from_its_own(restored: Restored) -> None:
    """Every property of every node and edge is what its own archive has left (but NaN)."""
    expected, found = map(comparison.spelled, (restored.theirs, restored.graph))
    assert comparison.graph_difference(expected, found) == ""
