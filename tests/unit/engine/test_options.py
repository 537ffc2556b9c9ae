"""What a caller asks for reaches the store, from the library and from the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import cogx
from cogx.cli.main import main
from cogx.format.identity import folded_entity_id
from tests.unit.archive.made import EXTENSION, archive, document, entity, fact

from .file_stores import KINDS, rows, state

EARLY, LATE = "2020-01-01T00:00:00Z", "2026-01-01T00:00:00Z"
PEOPLE = archive(
    entity("1", name="Ann Lee", entity_type="Person", scope={"user_id": "u"}),
    entity("2", name="ann lee", entity_type="Person"),
    entity("3", name="Cork", entity_type="Town"),
    document("d", content="Ann Lee went to Cork. Cork was cold."),
    fact("f", "1", "3", predicate="lives_in", valid_at=EARLY, invalid_at=LATE),
    fact("g", "2", "3", predicate="likes", valid_at=LATE),
)
Imported = Callable[..., dict[str, Any]]


@pytest.fixture
def source(tmp_path: Path) -> str:
    return put(tmp_path / "people", PEOPLE)


@pytest.fixture
def store(tmp_path: Path) -> str:
    (tmp_path / "stores").mkdir()
    return f"sqlite:{tmp_path / 'stores' / 'store'}"


@pytest.fixture(params=["library", "command line"])
def imported(request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> Imported:
    """Give a way to import that returns the receipt as JSON."""

    def from_library(source: str, store: str, **options: Any) -> dict[str, Any]:
        return cogx.import_archive(source, store, **options).to_json()

    def from_command_line(source: str, store: str, **options: Any) -> dict[str, Any]:
        words = ["import", source, store, "--json"]
        for name, value in options.items():
            for one in value if isinstance(value, list) else [value]:
                words += [f"--{name.replace('_', '-')}", one]
        assert main(words) == 0
        receipt: dict[str, Any] = json.loads(capsys.readouterr().out)
        return receipt

    return from_library if request.param == "library" else from_command_line


def put(path: Path, members: dict[str, bytes]) -> str:
    path.mkdir()
    for name, data in members.items():
        (path / name).write_bytes(data)
    return str(path)


def test_only(imported: Imported, source: str, store: str) -> None:
    receipt = imported(source, store, only=["kind=entity", "type=Town"])
    assert list(rows(store)[0]) == ["3"]
    assert receipt["left_out"] == {"entity": 2, "document": 1, "fact": 2}
    assert receipt["verified"]


def test_as_of(imported: Imported, source: str, store: str) -> None:
    receipt = imported(source, store, as_of="2023-01-01T00:00:00Z")
    assert list(rows(store)[1]) == ["f"]
    assert receipt["left_out"] == {"fact": 1}


def test_map_predicate(imported: Imported, source: str, store: str) -> None:
    receipt = imported(source, store, map_predicate=["lives_in=dwells in"])
    assert {edge.predicate for edge in rows(store)[1].values()} == {"dwells in", "likes"}
    assert list(receipt["changes"].values()) == [1]


def test_remap_scope(imported: Imported, source: str, store: str) -> None:
    receipt = imported(source, store, remap_scope=["user_id=u:v"])
    assert (rows(store)[0]["1"].rest or {})["scope"] == {"user_id": "v"}
    assert list(receipt["changes"].values()) == [1]


@pytest.mark.parametrize("rule", ["cognee", "folded"])
def test_identity(imported: Imported, source: str, store: str, tmp_path: Path, rule: str) -> None:
    ids = tmp_path / "ids"
    receipt = imported(source, store, identity=rule, id_map=str(ids))
    entities = [node for node in rows(store)[0].values() if node.type in ("Person", "Town")]
    assert len(entities) == 2
    assert {edge.target for edge in rows(store)[1].values()} <= {node.id for node in entities}
    assert receipt["id_map"] == str(ids)
    assert ids.exists()


@pytest.mark.parametrize("order", [1, -1], ids=["stays first", "stays last"])
def test_ids_come_back_where_one_stayed_and_another_became_it(
    store: str, tmp_path: Path, order: int
) -> None:
    stays = str(folded_entity_id("Ann Lee", "Person"))
    people = [entity(one, name="Ann Lee", entity_type="Person") for one in (stays, "2")]
    records = [*people[::order], entity("3"), fact("f", stays, "3"), fact("g", "2", "3")]
    source, ids, out = (
        put(tmp_path / "in", archive(*records)),
        str(tmp_path / "ids"),
        tmp_path / "out",
    )
    cogx.import_archive(source, store, identity="folded", id_map=ids)
    cogx.export_graph(store, str(out), restore_ids=ids)
    with cogx.open_archive(str(out)) as back:
        assert {one.external_id for one in back.records("entity")} == {stays, "3"}
        assert {one.subject_ref for one in back.records("fact")} == {stays}


def test_hybrid(imported: Imported, source: str, store: str) -> None:
    receipt = imported(source, store, mode="hybrid")
    nodes, edges = rows(store)
    assert {"1", "2", "3", "d"} <= set(nodes)
    assert {"f", "g"} < set(edges)
    assert receipt["derived"]


def test_re_derive(imported: Imported, source: str, store: str) -> None:
    receipt = imported(source, store, mode="re-derive")
    nodes, edges = rows(store)
    assert "d" in nodes and "f" not in edges
    assert receipt["mode"] == "re-derive"


def test_several_at_once(imported: Imported, source: str, store: str) -> None:
    imported(source, store, only=["kind=fact"], as_of=EARLY, map_predicate=["lives_in=in"])
    nodes, (edge,) = rows(store)[0], rows(store)[1].values()
    assert (edge.id, edge.predicate) == ("f", "in")
    assert list(nodes) == ["1", "3"]


def test_a_selection_again_changes_nothing(imported: Imported, source: str, store: str) -> None:
    imported(source, store, only=["type=Town"])
    before = state(store)
    receipt = imported(source, store, only=["type=Town"])
    assert "created" not in str(receipt["actions"])
    assert state(store) == before


def test_a_selection_s_stubs_give_way_to_the_whole(
    imported: Imported, source: str, store: str
) -> None:
    imported(source, store, only=["kind=fact"])
    imported(source, store)
    assert cogx.verify(source, store).equal


@pytest.mark.parametrize(
    ("policy", "name"), [("merge", "New"), ("skip", "Ann Lee"), ("replace", "New")]
)
def test_on_conflict(imported: Imported, source: str, store: str, policy: str, name: str) -> None:
    imported(source, store)
    newer = put(Path(source).with_name("newer"), archive(entity("1", name="New")))
    imported(newer, store, on_conflict=policy)
    node = rows(store)[0]["1"]
    assert node.properties["name"] == name
    assert node.type == ("Entity" if policy == "replace" else "Person")


def test_into(imported: Imported, source: str, store: str, tmp_path: Path) -> None:
    imported(put(tmp_path / "first", archive(entity("x"), cogx=EXTENSION)), store)
    receipt = imported(source, store, into="people")
    assert receipt["dataset"] == "people"
    assert cogx.verify(source, store, dataset="people").equal


def test_a_dataset_comes_out_by_its_name(
    source: str, store: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = put(tmp_path / "first", archive(entity("x"), cogx=EXTENSION | {"dataset": "first"}))
    assert main(["import", first, store]) == 0
    assert main(["import", source, store, "--into", "people"]) == 0
    out = str(tmp_path / "out.tar")
    assert main(["export", store, out, "--dataset", "people"]) == 0
    assert main(["verify", out, store, "--dataset", "people"]) == 0
    assert main(["verify", out, store]) == 1
    capsys.readouterr()
    assert main(["verify", out, store, "--dataset", "poeple"]) == 6
    assert "Known: first, people." in capsys.readouterr().err


@pytest.mark.parametrize("kind", KINDS)
def test_a_refused_conflict_ends_with_the_store_s_number(
    tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    source, newer = put(tmp_path / "a", PEOPLE), put(tmp_path / "b", archive(entity("1", name="N")))
    (tmp_path / "stores").mkdir()
    store = f"{kind}:{tmp_path / 'stores' / 'store'}"
    assert main(["import", source, store]) == 0
    before = state(store)
    assert main(["import", newer, store, "--on-conflict", "fail"]) == 6
    assert "Nothing was written" in capsys.readouterr().err
    assert state(store) == before
