from __future__ import annotations

import json
import math
import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from cogx.archive.reader import open_archive
from cogx.archive.validate import validate
from cogx.archive.writer import ArchiveWriter, exported_now
from cogx.errors import AlreadyThere, BadSetting, InvalidArchive
from cogx.format.manifest import Extension, Manifest
from cogx.format.records import Document, Entity, Episode, Fact, RawNode, Turn

Members = dict[str, bytes]


def written(*records: Any, **how: Any) -> Members:
    members: Members = {}
    with ArchiveWriter(members, **how) as writer:
        writer.write(*records)
    return members


def fact(**fields: Any) -> Fact:
    return Fact(external_id="f", subject_ref="a", predicate="p", object_ref="b", **fields)


def test_members_stand_in_the_specified_order_whatever_was_written_first() -> None:
    made = written(fact(), Document(external_id="d", content=""), RawNode(properties={"id": "n"}))
    assert list(made) == ["manifest.json", "nodes.jsonl", "documents.jsonl", "facts.jsonl"]


def test_a_record_is_judged_when_it_is_written() -> None:
    """And not at the end, with a thousand others that would be lost beside it."""
    members: Members = {}
    with ArchiveWriter(members) as writer:
        writer.write(Entity(external_id="a", name="a"))
        with pytest.raises(InvalidArchive):
            writer.write(Entity(external_id="b", name="b", attributes={"x": {1, 2}}))
        writer.write(Entity(external_id="c", name="c"))
    assert validate(members).counts == {"entity": 2}


def test_a_record_that_changes_afterwards_is_written_as_it_was() -> None:
    members: Members = {}
    record = Entity(external_id="a", name="a", attributes={"x": 1})
    with ArchiveWriter(members) as writer:
        writer.write(record)
        record.attributes["x"] = 2
    assert b'"x":1' in members["entities.jsonl"]


@pytest.mark.parametrize(
    "record",
    [
        Entity(external_id="a", name="a", attributes={"x": object()}),
        RawNode(properties={"id": "\ud800"}),
        RawNode(properties={"x": 1}),
        RawNode(properties={"id": ""}),
        RawNode(properties={"id": 5}),
        Entity.model_construct(external_id="a", name=""),
        Entity.model_construct(external_id="a", name="a", attributes=5),
    ],
    ids=["object", "surrogate", "no-id", "empty-id", "number-id", "no-name", "no-object"],
)
def test_what_no_reader_would_take_is_not_written(record: Any) -> None:
    with pytest.raises(InvalidArchive):
        written(record)


def test_a_value_inside_itself_is_refused() -> None:
    loop: dict[str, Any] = {}
    loop["loop"] = loop
    record = Entity(external_id="a", name="a")
    record.attributes = loop
    with pytest.raises(InvalidArchive):
        written(record)


def test_typed_values_in_scopes_and_turns_are_tagged() -> None:
    turn = Turn(role="", content="", at=date(2026, 1, 2))  # type: ignore[call-arg]
    made = written(Episode(external_id="e", turns=[turn], scope={"since": date(2026, 1, 3)}))
    fields = json.loads(made["episodes.jsonl"])
    assert fields["turns"][0]["at"] == {"$cogx": "date", "value": "2026-01-02"}
    assert fields["scope"]["since"] == {"$cogx": "date", "value": "2026-01-03"}


def test_an_unknown_field_may_be_called_attributes() -> None:
    assert json.loads(written(fact(attributes=5))["facts.jsonl"])["attributes"] == 5


def test_the_first_value_of_a_property_declares_its_type() -> None:
    made = written(
        Entity(external_id="a", name="a", attributes={"born": date(1990, 5, 17)}),
        Entity(external_id="b", name="b", attributes={"born": "long ago"}),
        Entity(external_id="c", name="c", attributes={"born": None}),
    )
    lines = made["entities.jsonl"].rstrip(b"\n").split(b"\n")
    born = [json.loads(line)["attributes"]["born"] for line in lines]
    assert born == ["1990-05-17", {"$cogx": "string", "value": "long ago"}, None]


def test_an_id_and_a_type_are_never_declared() -> None:
    made = written(RawNode(properties={"id": "a", "type": datetime(2026, 1, 2)}))
    assert validate(made).valid
    with open_archive(made) as archive:
        (back,) = archive.records()
    assert back.properties["type"] == {"$cogx": "datetime", "value": "2026-01-02T00:00:00"}


def test_a_plain_archive_has_no_key_of_ours() -> None:
    assert "cogx" not in json.loads(written(fact(), plain=True)["manifest.json"])


@pytest.mark.parametrize("value", [date(2026, 1, 2), math.nan, b""], ids=repr)
def test_a_plain_archive_refuses_typed_values(value: Any) -> None:
    with pytest.raises(InvalidArchive):
        written(Entity(external_id="a", name="a", attributes={"x": value}), plain=True)


def test_a_plain_archive_holds_our_key_as_data() -> None:
    made = written(RawNode(properties={"id": "a", "x": {"$cogx": 1}}), plain=True)
    assert made["nodes.jsonl"] == b'{"id":"a","x":{"$cogx":1}}\n'


def test_the_callers_manifest_is_not_touched() -> None:
    mine = Manifest(cogx=Extension(generator="me"))
    written(fact(), manifest=mine)
    assert (mine.counts, mine.cogx and mine.cogx.members) == ({}, {})


def test_an_exception_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyError), ArchiveWriter(tmp_path / "a.tar.gz") as writer:
        writer.write(fact())
        raise KeyError
    assert list(tmp_path.iterdir()) == []


def test_an_exception_leaves_a_mapping_empty() -> None:
    members: Members = {}
    with pytest.raises(KeyError), ArchiveWriter(members) as writer:
        writer.write(fact())
        raise KeyError
    assert members == {}


def test_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    target = tmp_path / "a.tar.gz"
    target.write_bytes(b"mine")
    with pytest.raises(AlreadyThere), ArchiveWriter(target):
        pass
    assert target.read_bytes() == b"mine"


def test_nothing_stands_under_the_name_before_the_end(tmp_path: Path) -> None:
    target = tmp_path / "a.tar.zst"
    with ArchiveWriter(target) as writer:
        writer.write(fact())
        assert not target.exists()
    assert target.exists()


def test_abort_after_publish_is_harmless() -> None:
    members: Members = {}
    writer = ArchiveWriter(members)
    writer.publish()
    writer.abort()
    assert list(members) == ["manifest.json"]


def test_the_time_of_export_can_be_fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert exported_now() == datetime(1970, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "soon", "-1", "1.5"])
def test_another_epoch_is_no_epoch(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", text)
    assert abs((exported_now() - datetime.now(UTC)).total_seconds()) < 60


def test_an_epoch_beyond_time_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "9" * 15)
    with pytest.raises(BadSetting):
        exported_now()


def test_two_writings_are_equal_files(tmp_path: Path) -> None:
    for name in ("a.tar.gz", "b.tar.gz"):
        with ArchiveWriter(tmp_path / name) as writer:
            writer.write(fact())
        os.utime(tmp_path / name, (1, 1))
    assert (tmp_path / "a.tar.gz").read_bytes() == (tmp_path / "b.tar.gz").read_bytes()
