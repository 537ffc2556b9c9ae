from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cogx import ArchiveWriter, Entity, Fact, open_archive, validate
from cogx.engine.import_ import import_archive
from cogx.engine.resolution import propose_merges, resolve_archive
from cogx.errors import AlreadyThere, BadSetting, IdentityConflict, UnknownName
from cogx.format.records import Document, RawNode
from cogx.testing.memory_graph import MemoryGraph
from cogx.transform.id_map import IdMap, read_changes


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "in.tar.gz"
    with ArchiveWriter(path) as writer:
        writer.write(Document(external_id="d", content="Ann Lee met A. Lee."))
        writer.write(RawNode(properties={"id": "n", "type": "T"}))
        for number, name in enumerate(["Ann Lee", "A. Lee", "ann lee", "Ben"]):
            writer.write(Entity(external_id=str(number), name=name, entity_type="Person"))
        writer.write(Fact(external_id="f", subject_ref="1", predicate="met", object_ref="3"))
    return path


def lines_of(review: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in review.read_text("utf-8").splitlines()]


def decide(review: Path, decision: str) -> None:
    lines = [
        json.loads(line) | {"decision": decision} for line in review.read_text("utf-8").splitlines()
    ]
    review.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def records(path: Path, kind: str) -> list[Any]:
    with open_archive(path) as opened:
        return [record for block in opened.iter_blocks(kind) for record in block.records]


def resolved(archive: Path, **options: Any) -> Path:
    out = archive.with_name("out.tar.gz")
    resolve_archive(archive, out, **options)
    return out


def test_a_proposal_says_how_many_pairs_there_are_and_why(archive: Path, tmp_path: Path) -> None:
    proposed = propose_merges(archive, tmp_path / "r.jsonl")
    assert (proposed.pairs, proposed.reasons) == (
        2,
        {"initials for names": 1, "same name": 1},
    )


def test_a_score_writes_its_decisions_where_a_person_sees_them(
    archive: Path, tmp_path: Path
) -> None:
    proposed = propose_merges(archive, tmp_path / "r.jsonl", auto_above=100)
    assert [line["decision"] for line in lines_of(tmp_path / "r.jsonl")] == ["merge", ""]
    assert proposed.decided == 1


def test_what_was_decided_is_merged_into_a_valid_archive(archive: Path, tmp_path: Path) -> None:
    propose_merges(archive, tmp_path / "r.jsonl")
    decide(tmp_path / "r.jsonl", "merge")
    out = resolved(archive, review=tmp_path / "r.jsonl")
    assert validate(out).valid
    assert [record.name for record in records(out, "entity")] == ["A. Lee", "Ben"]


def test_all_other_records_stay_byte_for_byte(archive: Path, tmp_path: Path) -> None:
    propose_merges(archive, tmp_path / "r.jsonl", auto_above=90)
    out = resolved(archive, review=tmp_path / "r.jsonl")
    for kind in ("document", "raw_node", "fact"):
        assert records(out, kind) == records(archive, kind)


def test_a_review_without_a_decision_changes_nothing_and_says_so(
    archive: Path, tmp_path: Path
) -> None:
    propose_merges(archive, tmp_path / "r.csv")
    receipt = resolve_archive(archive, tmp_path / "out", review=tmp_path / "r.csv")
    assert receipt.fingerprint == validate(archive).fingerprint.hex()
    assert "No line decides to merge" in receipt.notes[0]


def test_a_score_alone_merges_what_it_proposes(archive: Path) -> None:
    out = resolved(archive, auto_above=100)
    assert [record.name for record in records(out, "entity")] == ["Ann Lee", "A. Lee", "Ben"]


def test_the_same_archive_resolved_again_is_the_same(archive: Path, tmp_path: Path) -> None:
    out = resolved(archive, auto_above=90)
    receipt = resolve_archive(out, tmp_path / "again", auto_above=100)
    assert receipt.fingerprint == validate(out).fingerprint.hex()


def test_the_id_map_is_one_that_an_export_reads(archive: Path, tmp_path: Path) -> None:
    resolved(archive, auto_above=100, id_map=str(tmp_path / "ids"))
    with IdMap.read(tmp_path / "ids") as ids:
        assert ids.get("entity", "2") == "0"


def test_without_any_rule_nothing_is_done(archive: Path, tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="Nothing says which entities are one"):
        resolved(archive)
    assert not (tmp_path / "out.tar.gz").exists()


def test_a_score_below_what_is_proposed_is_refused(archive: Path) -> None:
    with pytest.raises(BadSetting, match="--auto-above 50 is not between 80 and 100"):
        resolved(archive, auto_above=50)


def test_an_unknown_way_to_settle_conflicts_is_refused(archive: Path) -> None:
    with pytest.raises(UnknownName, match="merge"):
        resolved(archive, auto_above=100, on_conflict="replace")


def test_an_id_map_that_is_there_is_not_overwritten(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "ids").touch()
    with pytest.raises(AlreadyThere):
        resolved(archive, auto_above=100, id_map=str(tmp_path / "ids"))


def test_a_review_that_does_not_fit_leaves_no_archive(archive: Path, tmp_path: Path) -> None:
    review = tmp_path / "r.jsonl"
    review.write_text('{"decision":"merge","left_id":"0","right_id":"none"}\n', encoding="utf-8")
    with pytest.raises(BadSetting, match="line 1, right_id"):
        resolved(archive, review=review)
    assert not (tmp_path / "out.tar.gz").exists()


class TestOnImport:
    """A review carried out on the way into a store."""

    @pytest.fixture
    def review(self, archive: Path, tmp_path: Path) -> Path:
        propose_merges(archive, tmp_path / "r.jsonl")
        decide(tmp_path / "r.jsonl", "merge")
        return tmp_path / "r.jsonl"

    def test_it_gives_what_the_archive_gives_that_was_resolved_before(
        self, archive: Path, review: Path
    ) -> None:
        before = resolved(archive, review=review)
        receipt = import_archive(archive, MemoryGraph(), resolve=review)
        assert receipt.fingerprint == import_archive(before, MemoryGraph()).fingerprint
        assert receipt.changes == {"resolve.merged": 2}

    @pytest.mark.parametrize("more", [{"only": ["type=Person"]}, {"identity": "folded"}])
    def test_ids_of_the_review_are_those_of_the_archive_whatever_else_is_asked(
        self, archive: Path, review: Path, more: dict[str, Any]
    ) -> None:
        before = resolved(archive, review=review)
        receipt = import_archive(archive, MemoryGraph(), resolve=review, **more)
        assert receipt.fingerprint == import_archive(before, MemoryGraph(), **more).fingerprint

    def test_texts_are_derived_with_the_names_of_all_who_are_one(
        self, archive: Path, review: Path
    ) -> None:
        apart = import_archive(archive, MemoryGraph(), mode="hybrid").derived
        merged = import_archive(archive, MemoryGraph(), mode="hybrid", resolve=review).derived
        assert (apart["entities_there"], merged["entities_there"]) == (2, 1)

    def test_a_score_decides_without_a_review(self, archive: Path) -> None:
        receipt = import_archive(archive, MemoryGraph(), auto_above=100)
        assert receipt.counts["entity"] == 3

    def test_the_id_map_leads_to_the_ids_in_the_store(
        self, archive: Path, review: Path, tmp_path: Path
    ) -> None:
        ids = tmp_path / "ids"
        import_archive(archive, MemoryGraph(), resolve=review, identity="folded", id_map=str(ids))
        became = {one.archive: one.store for one in read_changes(ids)}
        assert became["0"] == became["1"] == became["2"] != became["3"]

    def test_values_that_differ_end_it_if_conflicts_do(
        self, archive: Path, review: Path, tmp_path: Path
    ) -> None:
        with ArchiveWriter(archive, force=True) as writer:
            for number, name in enumerate(["Ann Lee", "A. Lee", "ann lee"]):
                said = {"seen": number}
                writer.write(Entity(external_id=str(number), name=name, attributes=said))
        with pytest.raises(IdentityConflict):
            import_archive(archive, MemoryGraph(), resolve=review, on_conflict="fail")

    def test_a_bad_review_is_told_before_anything_is_read(self, tmp_path: Path) -> None:
        (tmp_path / "r.jsonl").write_text("{}\n")
        with pytest.raises(BadSetting, match="line 1, left_id"):
            import_archive(tmp_path / "none", MemoryGraph(), resolve=tmp_path / "r.jsonl")
