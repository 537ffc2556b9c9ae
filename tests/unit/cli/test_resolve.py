from __future__ import annotations

from pathlib import Path

import pytest

from cogx import ArchiveWriter, Entity

from .conftest import Call


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "in.tar.gz"
    with ArchiveWriter(path) as writer:
        for number, name in enumerate(["Ann Lee", "ann lee", "Ben"]):
            writer.write(Entity(external_id=str(number), name=name))
    return path


def test_proposing_tells_what_comes_next(call: Call, archive: Path) -> None:
    told = call("resolve", "in.tar.gz", "--propose", "r.csv")
    assert told.code == 0
    assert "1 pair that may be one, in r.csv" in told.out
    assert "cogx resolve in.tar.gz OUT --apply r.csv" in told.err


def test_no_pair_at_all_is_said(call: Call, archive: Path) -> None:
    call("resolve", "in.tar.gz", "out.tar.gz", "--auto-above", "90")
    told = call("resolve", "out.tar.gz", "--propose", "r.csv")
    assert "No two entities of out.tar.gz look like one" in told.out


def test_machines_get_the_counts(call: Call, archive: Path) -> None:
    told = call("resolve", "in.tar.gz", "--propose", "r.csv", "--json", "--auto-above", "99")
    found = told.json()
    assert (found["pairs"], found["decided"], found["review"]) == (1, 1, "r.csv")


def test_applying_prints_a_receipt(call: Call, archive: Path) -> None:
    call("resolve", "in.tar.gz", "--propose", "r.csv", "--auto-above", "99")
    told = call("resolve", "in.tar.gz", "out.tar.gz", "--apply", "r.csv", "--id-map", "ids")
    assert told.code == 0
    assert "1  resolve.merged  entities that are part of another now" in told.out
    assert "Ids that changed: ids" in told.out


def test_an_archive_goes_through_pipes(call: Call, archive: Path) -> None:
    told = call("resolve", "-", "-", "--auto-above", "99", stdin=archive.read_bytes())
    assert told.code == 0
    assert "Resolved stdin to stdout" in told.err


def test_a_fault_in_a_review_ends_with_wrong_usage(call: Call, archive: Path) -> None:
    Path("r.csv").write_text("decision,left_id,right_id\nyes,0,1\n", encoding="utf-8")
    told = call("resolve", "in.tar.gz", "out.tar.gz", "--apply", "r.csv")
    assert told.code == 2
    assert "line 2, decision: 'yes' is not known" in told.err


@pytest.mark.parametrize(
    "words",
    [
        ("in.tar.gz",),
        ("in.tar.gz", "out", "--propose", "r.csv"),
        ("in.tar.gz", "--propose", "r.csv", "--id-map", "ids"),
        ("in.tar.gz", "out", "--auto-above", "99", "--at-least", "90"),
        ("in.tar.gz", "out"),
    ],
)
def test_calls_that_do_not_make_sense_are_refused(
    call: Call, archive: Path, words: tuple[str, ...]
) -> None:
    assert call("resolve", *words).code == 2


def test_a_decided_review_is_not_overwritten_unasked(call: Call, archive: Path) -> None:
    call("resolve", "in.tar.gz", "--propose", "r.csv")
    assert call("resolve", "in.tar.gz", "--propose", "r.csv").code == 2
    assert call("resolve", "in.tar.gz", "--propose", "r.csv", "--force").code == 0
