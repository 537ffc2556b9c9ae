"""Splitting: what stands together, what is repeated, and what becomes of the files."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import networkx as nx
import pytest

import cogx
from cogx.engine.export import export_graph
from cogx.errors import AlreadyThere, BadSetting, EmptyGraph, InvalidArchive
from tests.unit.archive.made import Members, archive, document, entity, fact

FACT_BYTES = 120
"""No fact of these tests is longer, and two are not shorter."""


def finely(members: Members, target: Path, **how: Any) -> cogx.SplitResult:
    """Split so that every part has one fact, if that can be."""
    return cogx.split(members, target, **{"max_member": 200} | how)


def ids(part: cogx.ArchivePart) -> set[str]:
    with cogx.open_archive(part.path) as opened:
        return {record.external_id for record in opened.records()}


def edges_of_parts(result: cogx.SplitResult) -> set[tuple[Any, ...]]:
    graph: Any = nx.MultiDiGraph()
    for part in result.parts:
        cogx.import_archive(part.path, graph)
    return set(graph.edges(keys=True))


def edges_of(members: Members) -> set[tuple[Any, ...]]:
    graph: Any = nx.MultiDiGraph()
    cogx.import_archive(members, graph)
    return set(graph.edges(keys=True))


def test_every_fact_has_its_ends_beside_it(tmp_path: Path) -> None:
    result = finely(
        archive(entity("a"), entity("b"), fact("f", "a", "b"), fact("g", "a", "b")), tmp_path / "x"
    )
    assert [ids(part) for part in result.parts] == [{"f", "a", "b"}, {"g", "a", "b"}]
    assert result.repeated == {"entity": 2}


def test_an_end_given_by_name_comes_along(tmp_path: Path) -> None:
    made = archive(
        entity("a", name="Ann"), entity("b", name="ann"), fact("f", "ANN", "q"), fact("g", "q", "q")
    )
    result = finely(made, tmp_path / "x")
    assert {"f", "a"} in [ids(part) - {"b"} for part in result.parts]
    assert edges_of_parts(result) == edges_of(made)


def test_raw_content_stands_in_one_part(tmp_path: Path) -> None:
    made = archive(document("d"), entity("a"), fact("f", "d", "a"), fact("g", "d", "a"))
    result = finely(made, tmp_path / "x")
    assert len(result.parts) == 2
    assert sum(part.counts.get("document", 0) for part in result.parts) == 1
    assert edges_of_parts(result) == edges_of(made)


def test_content_whose_id_is_a_name_is_not_taken_for_that_entity(tmp_path: Path) -> None:
    made = archive(document("x"), entity("a", name="x"), fact("f", "x", "a"), fact("g", "x", "a"))
    result = finely(made, tmp_path / "x")
    assert len(result.parts) == 2
    assert edges_of_parts(result) == edges_of(made) == {("x", "a", "f"), ("x", "a", "g")}


def test_an_end_that_is_the_id_of_a_fact_is_not_taken_for_an_entity(tmp_path: Path) -> None:
    made = archive(entity("a", name="f"), fact("f", "a", "a"), fact("g", "f", "a"),
                   fact("h", "f", "a"))  # fmt: skip
    result = finely(made, tmp_path / "x", max_member=2 * FACT_BYTES)
    assert [ids(part) for part in result.parts] == [{"f", "g", "a"}, {"f", "h", "a"}]
    assert edges_of_parts(result) == edges_of(made)


def test_a_fact_that_occurs_twice_does_so_in_one_part(tmp_path: Path) -> None:
    twice = fact("f", "a", "a")
    made = archive(entity("a"), fact("e", "a", "a"), twice, fact("g", "a", "a"), twice)
    result = finely(made, tmp_path / "x", max_member=2 * FACT_BYTES)
    with_it = [part for part in result.parts if "f" in ids(part)]
    assert [part.counts["fact"] for part in with_it] == [2]


def test_twins_stay_together_and_only_the_node_is_repeated(tmp_path: Path) -> None:
    made = archive({"id": "c", "type": "Chunk"}, document("c"), entity("a"),
                   fact("f", "c", "a"), fact("g", "c", "a"))  # fmt: skip
    result = finely(made, tmp_path / "x")
    counts = [(part.counts.get("raw_node"), part.counts.get("document")) for part in result.parts]
    assert counts == [(1, 1), (1, None)]


def test_facts_of_one_subject_stand_together(tmp_path: Path) -> None:
    names = ["a", "b", "c", "d"]
    made = archive(
        *map(entity, names), *(fact(f"{one}{n}", one, one) for n in range(2) for one in names)
    )
    result = finely(made, tmp_path / "x", max_member=2 * FACT_BYTES)
    assert [sorted(ids(part)) for part in result.parts] == [[n, f"{n}0", f"{n}1"] for n in names]
    assert result.repeated == {}


def test_no_part_is_over_the_bounds(tmp_path: Path) -> None:
    made = archive(*(document(f"d{n}", content="x" * 500) for n in range(20)))
    result = cogx.split(made, tmp_path / "x", max_member=2_000, max_total=4_000)
    assert max(part.unpacked_bytes for part in result.parts) <= 4_000
    counted = Counter[str]()
    for part in result.parts:
        counted.update(part.counts)
    assert counted == {"document": 20}


def test_what_must_stand_together_and_cannot_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="larger parts"):
        cogx.split(archive(document("d", content="x" * 500)), tmp_path / "x", max_member=400)
    with pytest.raises(BadSetting, match="manifest"):
        cogx.split(archive(document("d")), tmp_path / "x", max_total=400)
    assert list(tmp_path.iterdir()) == []


def test_an_archive_without_records_or_with_errors_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EmptyGraph):
        cogx.split(archive(), tmp_path / "x")
    with pytest.raises(InvalidArchive):
        cogx.split(archive(entity("")), tmp_path / "x")


def test_parts_are_called_after_the_archive_in_a_directory(tmp_path: Path) -> None:
    source = tmp_path / "notes.cogx.tar.gz"
    with cogx.open_archive(archive(entity("a"))) as opened, cogx.ArchiveWriter(source) as writer:
        for block in opened.iter_blocks():
            writer.write_batch(block.kind, block.records)
    result = cogx.split(source, f"{tmp_path}/parts/", compression="zst")
    assert [Path(part.path) for part in result.parts] == [
        tmp_path / "parts" / "notes.part-1-of-1.cogx.tar.zst"
    ]


def test_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    made = archive(entity("a"), fact("f", "a", "a"), fact("g", "a", "a"))
    taken = tmp_path / "x.part-2-of-2.cogx.tar.gz"
    taken.write_bytes(b"mine")
    with pytest.raises(AlreadyThere):
        finely(made, tmp_path / "x")
    assert (list(tmp_path.iterdir()), taken.read_bytes()) == ([taken], b"mine")
    assert len(finely(made, tmp_path / "x", force=True).parts) == 2
    assert cogx.validate(taken).valid


def test_a_name_that_is_taken_at_the_last_moment_leaves_no_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cogx.engine.split_files import PartFiles

    publish = PartFiles.publish

    def late(self: PartFiles) -> None:
        self.finals[1].write_bytes(b"mine")
        publish(self)

    monkeypatch.setattr(PartFiles, "publish", late)
    with pytest.raises(AlreadyThere):
        finely(archive(entity("a"), fact("f", "a", "a"), fact("g", "a", "a")), tmp_path / "x")
    assert [path.name for path in tmp_path.iterdir()] == ["x.part-2-of-2.cogx.tar.gz"]


def test_the_same_archive_gives_the_same_parts(tmp_path: Path) -> None:
    made = archive(*(entity(f"e{n}") for n in range(9)),
                   *(fact(f"f{n}", f"e{n % 9}", f"e{n * 2 % 9}") for n in range(20)))  # fmt: skip
    one, two = (finely(made, tmp_path / name) for name in ("x", "y"))
    assert [Path(part.path).read_bytes() for part in one.parts] == [
        Path(part.path).read_bytes() for part in two.parts
    ]


def test_a_store_that_took_all_parts_is_complete_again(tmp_path: Path) -> None:
    made = archive(entity("a"), fact("f", "a", "a"), fact("g", "a", "a"))
    graph: Any = nx.MultiDiGraph()
    said = []
    for part in reversed(finely(made, tmp_path / "x").parts):
        cogx.import_archive(part.path, graph)
        members: dict[str, bytes] = {}
        export_graph(graph, members)
        with cogx.open_archive(members) as opened:
            assert opened.extension is not None
            said.append((opened.extension.complete, opened.extension.selection))
    assert said == [(False, "of 2 parts of an archive: 2"), (True, None)]


def test_more_parts_than_are_written_at_once(tmp_path: Path) -> None:
    made = archive(entity("a"), *(fact(f"f{n}", "a", "a") for n in range(20)))
    result = finely(made, tmp_path / "x")
    assert len(result.parts) == 20
    assert all(cogx.validate(part.path).valid for part in result.parts)
    assert edges_of_parts(result) == edges_of(made)
