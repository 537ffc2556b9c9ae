"""What is packed for a real cognee: ids of contents are those of one dataset."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

import cogx
from cogx.engine.parcel import Shipment
from tests.unit.archive.made import archive, document, entity, fact

GRAPH = archive(entity("a", description="A."), entity("b"), fact("f", "a", "b"), document("d"))


@pytest.fixture
def shipment(tmp_path: Path) -> Shipment:
    path = tmp_path / "notes.cogx.tar.gz"
    with cogx.open_archive(GRAPH) as source, cogx.ArchiveWriter(path) as target:
        for block in source.iter_blocks():
            target.write_batch(block.kind, block.records)
    return Shipment(path)


def systems(shipment: Shipment, directory: Path, mode: str) -> dict[str, set[str]]:
    """Return the systems of each kind in what is packed for the dataset ``there``."""
    with (
        shipment,
        shipment.packed(directory, for_cognee=True, mode=mode, target="there") as parcel,
        cogx.open_archive(parcel.path) as packed,
    ):
        return {
            kind: {one.external_system for one in packed.records(kind)}
            for kind in ("document", "entity", "fact")
        }


@pytest.mark.parametrize("mode", ["preserve", "hybrid", "re-derive"])
def test_documents_belong_to_the_target_dataset(
    shipment: Shipment, tmp_path: Path, mode: str
) -> None:
    assert systems(shipment, tmp_path, mode)["document"] == {"s:there"}


@pytest.mark.parametrize("kind", ["entity", "fact"])
def test_so_do_the_records_that_a_re_derivation_makes_texts_of(
    shipment: Shipment, tmp_path: Path, kind: str
) -> None:
    assert systems(shipment, tmp_path, "re-derive")[kind] == {"s:there"}


def test_a_graph_that_is_kept_keeps_its_system(shipment: Shipment, tmp_path: Path) -> None:
    assert systems(shipment, tmp_path, "preserve")["fact"] == {"s"}


@pytest.mark.parametrize("for_cognee", [True, False])
def test_an_archive_is_packed_into_the_same_bytes_each_time(
    tmp_path: Path, for_cognee: bool
) -> None:
    path = tmp_path / "notes.cogx.tar.gz"
    made = cogx.Manifest(source_system="s", exported_at=datetime(2024, 5, 1, tzinfo=UTC))
    with cogx.open_archive(GRAPH) as source, cogx.ArchiveWriter(path, manifest=made) as target:
        for block in source.iter_blocks():
            target.write_batch(block.kind, block.records)
    sums = []
    for _ in range(2):
        with (
            Shipment(path) as shipment,
            shipment.packed(
                tmp_path, for_cognee=for_cognee, mode="preserve", target="there"
            ) as parcel,
        ):
            sums.append(parcel.sha256)
    assert sums[0] == sums[1]
