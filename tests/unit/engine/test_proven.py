from __future__ import annotations

from pathlib import Path

import pytest

from cogx.engine.proven import proven
from cogx.errors import DigestMismatch, InvalidArchive
from tests.unit.archive.made import archive, entity, fact


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for name, content in archive(entity("a"), fact("f", "a", "a")).items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def test_it_comes_with_what_was_found(place: Path) -> None:
    with proven(place) as (opened, findings):
        assert opened.counts == findings.counts == {"entity": 1, "fact": 1}


def test_what_changes_after_it_was_judged_is_noticed(place: Path) -> None:
    with proven(place) as (opened, _):
        facts = place / "facts.jsonl"
        facts.write_bytes(facts.read_bytes().replace(b'"f"', b'"g"'))
        with pytest.raises(DigestMismatch):
            list(opened.records())


def test_one_that_breaks_the_specification_is_not_given_out(place: Path) -> None:
    (place / "facts.jsonl").write_bytes(b"{}\n")
    with pytest.raises(InvalidArchive), proven(place):
        pytest.fail("it was given out")


def test_what_is_lenient_passes(place: Path) -> None:
    with (place / "entities.jsonl").open("ab") as file:
        file.write(b"not JSON\n")
    (place / "manifest.json").write_bytes(b'{"cogx_version":"0.1","source_system":"x"}')
    with proven(place, lenient=frozenset({"json.malformed"})) as (opened, _):
        assert [record.external_id for record in opened.records()] == ["a", "f"]
