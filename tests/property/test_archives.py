"""Laws of archives: what is written is read, and equal records give equal bytes."""

from __future__ import annotations

import io
import json
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cogx.archive.pack import pack, unpack
from cogx.archive.reader import open_archive
from cogx.archive.validate import validate
from cogx.archive.writer import ArchiveWriter
from cogx.format.layout import KINDS
from cogx.format.manifest import Manifest
from cogx.format.records import AnyRecord
from cogx.testing.strategies import any_records, archives, manifests
from tests.property.sameness import meaning, read, same, written

Records = list[AnyRecord]


@given(any_records())
def test_a_record_is_read_as_it_was_written(record: AnyRecord) -> None:
    (back,) = read(written([record]))
    assert same(meaning(record, tagged=False), meaning(back, tagged=True))


@given(archives())
def test_what_is_written_is_valid(records: Records) -> None:
    found = validate(written(records))
    assert found.valid, [str(problem) for problem in found.problems]


@given(archives())
def test_the_fingerprint_in_the_manifest_is_that_of_reading(records: Records) -> None:
    members = written(records)
    said = json.loads(members["manifest.json"])["cogx"]["fingerprint"]
    assert validate(members).fingerprint.hex() == said


@given(archives(), st.lists(st.integers(0, 8), max_size=3))
def test_batches_leave_no_trace_in_the_bytes(records: Records, cuts: list[int]) -> None:
    together = written(records)
    members: dict[str, bytes] = {}
    with ArchiveWriter(members) as writer:
        edges = [0, *sorted(cuts), len(records)]
        for first, last in pairwise(edges):
            writer.write(*records[first:last])
    assert members == together


@given(archives(), st.sampled_from(("gz", "zst", "tar")))
def test_the_same_records_give_the_same_tarball(records: Records, compression: str) -> None:
    def tarball() -> bytes:
        target = io.BytesIO()
        with ArchiveWriter(target, compression=compression) as writer:
            writer.write(*records)
        return target.getvalue()

    assert tarball() == tarball()


@given(archives(), st.sampled_from((".tar.gz", ".tar.zst", ".tar", "")))
def test_every_container_holds_the_same_members(records: Records, ending: str) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"archive{ending}"
        with ArchiveWriter(path) as writer:
            writer.write(*records)
        assert validate(path).fingerprint == validate(written(records)).fingerprint


@given(archives(), manifests())
def test_reading_and_writing_again_changes_no_byte(records: Records, manifest: Manifest) -> None:
    members = written(records, manifest=manifest)
    again: dict[str, bytes] = {}
    with open_archive(members) as archive, ArchiveWriter(again, manifest=manifest) as writer:
        for block in archive.iter_blocks():
            writer.write_batch(block.kind, block.records)
    assert again == members


@given(archives(typed=False), manifests())
def test_unpack_of_a_plain_pack_is_byte_identity(records: Records, manifest: Manifest) -> None:
    members = written(records, manifest=manifest, plain=True)
    with TemporaryDirectory() as folder:
        pack(members, Path(folder) / "a.tar.gz", plain=True)
        unpack(Path(folder) / "a.tar.gz", Path(folder) / "out")
        assert {p.name: p.read_bytes() for p in (Path(folder) / "out").iterdir()} == members


@given(archives(typed=False))
def test_pack_gives_a_valid_archive_of_the_same_records(records: Records) -> None:
    members = written(records, plain=True)
    packed: dict[str, bytes] = {}
    before = pack(members, packed)
    after = validate(packed)
    assert after.valid, [str(problem) for problem in after.problems]
    assert after.fingerprint == before.fingerprint


@given(archives())
def test_refresh_makes_an_edited_archive_valid(records: Records) -> None:
    packed: dict[str, bytes] = {}
    pack(_edited(written(records)), packed, refresh=True)
    assert validate(packed).valid


def _edited(members: dict[str, bytes]) -> dict[str, bytes]:
    """Take the last line of every member away, as a person with an editor might."""
    return {
        name: data if name == "manifest.json" else data[: data.rfind(b"\n", 0, -1) + 1]
        for name, data in members.items()
    }


@given(archives(), st.permutations(KINDS))
def test_kinds_come_in_the_order_asked_for(records: Records, order: Any) -> None:
    members = written(records)
    with open_archive(members) as archive:
        seen = [block.kind for block in archive.iter_blocks(*order) if block.records]
    present = {record.kind for record in records}
    assert list(dict.fromkeys(seen)) == [kind for kind in order if kind in present]


@given(archives(), st.randoms(use_true_random=False))
def test_the_order_of_members_does_not_matter(records: Records, random: Any) -> None:
    members = written(records)
    names = list(members)
    random.shuffle(names)
    shuffled = {name: members[name] for name in names}
    assert [r.kind for r in read(shuffled)] == [r.kind for r in read(members)]


@given(archives(typed=False))
def test_a_plain_archive_holds_objects_as_they_are(records: Records) -> None:
    back = read(written(records, plain=True))
    ordered = read(written(records))
    assert [meaning(r, tagged=True) for r in back] == [meaning(r, tagged=True) for r in ordered]
