from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import networkx as nx
import pytest

from cogx.archive.validate import validate
from cogx.engine.export import export_graph
from cogx.engine.import_ import import_archive
from cogx.engine.verify import verify
from cogx.errors import StoreRefused
from cogx.ports import Node
from cogx.stores.networkx_graph import NetworkxReader
from cogx.testing.memory_graph import MemoryGraph
from tests.unit.archive.made import EXTENSION, Members, archive, entity, fact

from .file_stores import rows, state


def named(*records: dict[str, Any], dataset: str, **manifest: Any) -> Members:
    return archive(*records, cogx=EXTENSION | {"dataset": dataset}, **manifest)


ALPHA = named(entity("a"), entity("b"), fact("f", "a", "b"), dataset="alpha", notes=["one"])
BETA = named(
    entity("a", name="other", external_system="two"),
    {"id": "b", "type": "T"},
    fact("f", "a", "gone", external_system="two"),
    dataset="beta",
    source_system="two",
)
GAMMA = archive(entity("a", name="third"))


@pytest.fixture(params=["sqlite", "json"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"{request.param}:{tmp_path / 'store'}"


@pytest.fixture
def both(store: str) -> str:
    import_archive(ALPHA, store)
    import_archive(BETA, store, into="beta")
    return store


def exported(store: Any, dataset: str | None = None) -> Members:
    members: Members = {}
    export_graph(store, members, dataset=dataset)
    return members


def test_a_dataset_s_rows_bear_its_name(both: str) -> None:
    nodes, edges = rows(both)
    assert list(nodes) == ["a", "b", "beta::a", "beta::b", "beta::gone"]
    assert [(edge.id, edge.source, edge.target) for edge in edges.values()] == [
        ("beta::f", "beta::a", "beta::gone"),
        ("f", "a", "b"),
    ]
    assert [(node.rest or {}).get("dataset") for node in nodes.values()] == [
        None, None, "beta", "beta", "beta",
    ]  # fmt: skip


def test_each_dataset_is_what_its_archive_was(both: str) -> None:
    assert verify(ALPHA, both).equal
    assert verify(ALPHA, both, dataset="alpha").equal
    assert verify(BETA, both, dataset="beta").equal
    assert not verify(BETA, both).equal


def test_each_dataset_is_exported_by_its_name(both: str) -> None:
    for dataset, members in ((None, ALPHA), ("alpha", ALPHA), ("beta", BETA)):
        back = validate(exported(both, dataset))
        assert back.fingerprint == validate(members).fingerprint
        assert back.manifest is not None and back.manifest.cogx is not None
        assert back.manifest.cogx.dataset == (dataset or "alpha")


def test_each_dataset_has_a_header_of_its_own(both: str) -> None:
    alpha, beta = (validate(exported(both, one)).manifest for one in ("alpha", "beta"))
    assert alpha is not None and beta is not None
    assert (alpha.source_system, beta.source_system) == ("s", "two")
    assert (alpha.notes, beta.notes) == (["one"], [])


def test_the_receipt_speaks_of_the_dataset(both: str) -> None:
    receipt = import_archive(GAMMA, both, into="gamma")
    assert (receipt.dataset, receipt.counts, receipt.verified) == ("gamma", {"entity": 1}, True)
    assert receipt.fingerprint == validate(GAMMA).fingerprint.hex()
    assert receipt.fingerprint_before is None


@pytest.mark.parametrize(("into", "other", "kept"), [("beta", None, ALPHA), (None, "beta", BETA)])
def test_a_change_in_one_is_none_in_the_other(
    both: str, into: str | None, other: str | None, kept: Members
) -> None:
    receipt = import_archive(GAMMA, both, into=into, on_conflict="replace")
    assert receipt.actions["entity"] == {"accepted": 1, "updated": 1}
    assert receipt.verified
    assert verify(kept, both, dataset=other).equal


@pytest.mark.parametrize(("into", "members"), [(None, ALPHA), ("alpha", ALPHA), ("beta", BETA)])
def test_the_same_archive_again_changes_nothing(
    both: str, into: str | None, members: Members
) -> None:
    before = state(both)
    receipt = import_archive(members, both, into=into)
    assert receipt.changed_nothing
    assert state(both) == before


def test_the_first_import_names_the_store_s_own(store: str) -> None:
    import_archive(ALPHA, store, into="mine")
    assert verify(ALPHA, store, dataset="mine").equal
    assert list(rows(store)[0]) == ["a", "b"]
    import_archive(ALPHA, store, into="mine")
    assert list(rows(store)[0]) == ["a", "b"]


def test_a_place_held_in_one_is_not_held_in_another(both: str) -> None:
    import_archive(archive(entity("gone")), both)
    assert (rows(both)[0]["beta::gone"].rest or {})["stub"] is True
    assert verify(BETA, both, dataset="beta").equal


def test_an_id_that_looks_like_another_dataset_s_is_refused(both: str) -> None:
    before = state(both)
    with pytest.raises(StoreRefused, match="'beta::a' belongs to another dataset"):
        import_archive(archive(entity("beta::a")), both)
    with pytest.raises(StoreRefused, match="'beta::f' belongs to another dataset"):
        import_archive(archive(entity("x"), fact("beta::f", "x", "x")), both)
    assert state(both) == before


def test_a_dataset_whose_ids_are_the_store_s_own_is_refused(store: str) -> None:
    import_archive(archive(entity("beta::a")), store)
    before = state(store)
    with pytest.raises(StoreRefused, match="the dataset 'beta' cannot hold it"):
        import_archive(archive(entity("a")), store, into="beta")
    assert state(store) == before


def test_datasets_whose_names_run_into_each_other_are_refused(both: str) -> None:
    import_archive(archive(entity("y::x")), both, into="x")
    with pytest.raises(StoreRefused, match="belongs to another dataset"):
        import_archive(archive(entity("x")), both, into="x::y")
    import_archive(archive(entity("z")), both, into="x::y")
    assert verify(archive(entity("z")), both, dataset="x::y").equal


@pytest.mark.parametrize("name", ["", "with space", "é\u2028", "::"])
def test_any_name_names_a_dataset(both: str, name: str) -> None:
    import_archive(GAMMA, both, into=name)
    assert verify(GAMMA, both, dataset=name).equal
    assert verify(ALPHA, both).equal


def test_an_unknown_name_is_answered_with_the_known_ones(both: str) -> None:
    with pytest.raises(StoreRefused, match=r"no dataset 'bta'\. Known: alpha, beta\."):
        exported(both, "bta")
    with pytest.raises(StoreRefused, match=r"Known: alpha, beta\."):
        verify(ALPHA, both, dataset="bta")


def test_a_store_with_one_dataset_without_a_name_says_so(store: str) -> None:
    import_archive(GAMMA, store)
    with pytest.raises(StoreRefused, match="Known: one without a name"):
        verify(GAMMA, store, dataset="x")


def test_a_store_with_one_dataset_is_exported_under_any_name(store: str) -> None:
    import_archive(GAMMA, store)
    manifest = validate(exported(store, "mine")).manifest
    assert manifest is not None and manifest.cogx is not None
    assert manifest.cogx.dataset == "mine"


def test_a_graph_of_networkx_may_hold_several() -> None:
    graph = nx.MultiDiGraph()
    import_archive(ALPHA, graph)
    assert import_archive(BETA, graph, into="beta").verified
    assert verify(ALPHA, NetworkxReader(graph)).equal
    assert verify(BETA, NetworkxReader(graph), dataset="beta").equal
    assert "beta::a" in graph


class Lossy(MemoryGraph):
    """A store that holds something COGX cannot say."""

    losses: ClassVar = {"value.zone": 1}


def test_what_a_store_cannot_give_out_is_counted_for_a_dataset_too() -> None:
    node = Node("beta::a", "T", {}, {"dataset": "beta"})
    graph = Lossy.of([node], datasets={"beta": {}})
    assert export_graph(graph, {}, dataset="beta").losses == {"value.zone": 1}
