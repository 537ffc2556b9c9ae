from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cogx.errors import AlreadyThere, BadSetting
from cogx.format.records import Document
from cogx.transform.id_map import IdChange, IdMap, Mapped, chained, read_changes

from .record_list import RecordList, entity, fact, raw, records_in

CHANGES = [
    IdChange("entity", "ann", "A"),
    IdChange("entity", "anne", "A"),
    IdChange("raw_node", "line\nend\t\u2028", "B"),
    IdChange("document", "doc", "D"),
]
HEAD, ENTRY, END = (
    b'{"cogx":"id-map","version":1}\n',
    b'{"archive":"a","kind":"entity","store":"b"}\n',
    b'{"entries":1}\n',
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ids.jsonl"


def test_what_is_written_is_read_in_order(path: Path) -> None:
    assert IdMap.write(path, CHANGES) == 4
    assert list(read_changes(path)) == CHANGES


def test_the_changes_of_several_transforms_are_those_from_first_to_last() -> None:
    first = [IdChange("entity", "a", "b"), IdChange("entity", "c", "d")]
    then = [
        IdChange("entity", "b", "x"),
        IdChange("entity", "e", "f"),
        IdChange("document", "c", "y"),
    ]
    assert list(chained([lambda: iter(first), lambda: iter(then)])) == [
        IdChange("entity", "a", "x"),
        IdChange("entity", "c", "d"),
        IdChange("entity", "b", "x"),
        IdChange("entity", "e", "f"),
        IdChange("document", "c", "y"),
    ]


def test_an_id_that_stays_through_several_transforms_stays_in_the_inverse() -> None:
    first = [IdChange("entity", one, "a") for one in "ab"]
    then = [IdChange("entity", one, "x") for one in "ax"]
    with IdMap(chained([lambda: iter(first), lambda: iter(then)]), inverse=True) as id_map:
        assert id_map.get("entity", "x") == "x"


def test_no_transform_changes_nothing() -> None:
    assert list(chained([])) == []


def test_equal_changes_give_equal_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        IdMap.write(tmp_path / name, CHANGES)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_each_line_is_json(path: Path) -> None:
    IdMap.write(path, CHANGES)
    texts = path.read_text("utf-8").split("\n")
    assert [json.loads(text) for text in texts[:-1]][1] == {
        "archive": "ann",
        "kind": "entity",
        "store": "A",
    }
    assert texts[-1] == ""


def test_an_archives_id_leads_to_the_stores(path: Path) -> None:
    IdMap.write(path, CHANGES)
    with IdMap.read(path) as id_map:
        assert id_map.get("entity", "anne") == "A"
        assert id_map.get("entity", "doc") is None
        assert id_map.referred("doc") == "D"


def test_the_inverse_of_merged_ids_is_the_first(path: Path) -> None:
    IdMap.write(path, CHANGES)
    with IdMap.inverse(path) as id_map:
        assert id_map.get("entity", "A") == "ann"


@pytest.mark.parametrize("before", [0, 1, 2])
def test_the_inverse_of_an_id_that_stayed_is_itself(before: int) -> None:
    changes = [IdChange("entity", one, "A") for one in ("ann", "anne")]
    changes.insert(before, IdChange("entity", "A", "A"))
    with IdMap(changes, inverse=True) as id_map:
        assert id_map.get("entity", "A") == "A"


def test_a_file_that_is_there_stays_unless_forced(path: Path) -> None:
    path.write_text("mine", "utf-8")
    with pytest.raises(AlreadyThere):
        IdMap.write(path, CHANGES)
    assert path.read_text("utf-8") == "mine"
    IdMap.write(path, CHANGES, force=True)
    assert len(list(read_changes(path))) == 4


def test_changes_that_fail_leave_no_file(path: Path) -> None:
    def failing() -> Iterator[IdChange]:
        yield CHANGES[0]
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        IdMap.write(path, failing())
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", 1),
        (HEAD, 2),
        (HEAD + ENTRY, 3),
        (HEAD + ENTRY[:-1], 2),
        (HEAD + ENTRY[:20] + b"\n" + END, 2),
        (HEAD + b"[1]\n" + END, 2),
        (HEAD + b"\xff\n" + END, 2),
        (HEAD + ENTRY.replace(b"entity", b"fact") + END, 2),
        (HEAD + ENTRY.replace(b'"b"', b"1") + END, 2),
        (HEAD + ENTRY.replace(b'"b"', b'""') + END, 2),
        (HEAD + ENTRY.replace(b"store", b"shop") + END, 2),
        (HEAD + END, 2),
        (HEAD + ENTRY + ENTRY + END, 4),
        (HEAD + ENTRY + END + ENTRY, 4),
    ],
)
def test_damage_is_named_with_its_line(path: Path, content: bytes, line: int) -> None:
    path.write_bytes(content)
    with pytest.raises(BadSetting, match=rf"ids\.jsonl, line {line}: the id map is damaged"):
        IdMap.read(path)


@pytest.mark.parametrize("content", [ENTRY, b'{"cogx":"id-map","version":2}\n'])
def test_another_file_is_no_id_map(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(BadSetting, match="not an id map of version 1"):
        IdMap.read(path)


def test_a_file_that_is_not_there_is_said(path: Path) -> None:
    with pytest.raises(BadSetting, match="cannot be read"):
        IdMap.read(path)


# Mapped


@pytest.fixture
def id_map() -> Iterator[IdMap]:
    with IdMap(CHANGES, inverse=True) as opened:
        yield opened


def mapped(id_map: IdMap, *records: Any) -> list[Any]:
    return records_in(Mapped(RecordList(records), id_map))


def test_records_get_the_archives_ids(id_map: IdMap) -> None:
    found = mapped(
        id_map, raw("B", type="T"), entity("A", "Ann"), Document(external_id="D", content="c")
    )
    assert [record.external_id for record in found] == [CHANGES[2].archive, "ann", "doc"]


def test_what_facts_refer_to_gets_them_too(id_map: IdMap) -> None:
    (known,) = mapped(id_map, fact("A", "A", "about", "D", provenance=["B", "A", "else"]))
    assert (known.subject_ref, known.object_ref) == ("ann", "doc")
    assert known.provenance == [CHANGES[2].archive, "ann", "else"]


def test_ids_of_another_kind_and_of_facts_stay(id_map: IdMap) -> None:
    found = mapped(id_map, raw("A", type="T"), fact("A", "else", "about", "else"))
    assert [record.external_id for record in found] == ["A", "A"]


def test_the_system_stays(id_map: IdMap) -> None:
    assert Mapped(RecordList([], "mem0"), id_map).system == "mem0"
