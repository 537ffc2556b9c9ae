from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import networkx as nx
import pytest

from cogx.engine import targets
from cogx.engine.import_ import import_archive
from cogx.engine.receipt import Receipt
from cogx.engine.targets import ObjectTarget, Rehearsal, UriTarget, target_of
from cogx.engine.uris import StoreAt
from cogx.errors import IdentityConflict, StoreRefused, UsageError
from cogx.ports import Edge, GraphUpdater, Node
from cogx.progress import SILENT
from cogx.stores.networkx_graph import NetworkxReader, NetworkxUpdater
from cogx.testing.memory_graph import MemoryGraph
from tests.unit.archive.made import archive, document, entity, fact

from .file_stores import KINDS, fingerprint, path_of, state

FIRST = archive(
    entity("a", aliases=["A"]), entity("b"), {"id": "n", "type": "T", "p": 1},
    fact("f", "a", "b"), fact("g", "a", "x"),
)  # fmt: skip
SECOND = archive(
    entity("a", aliases=["B"], description="new"), entity("c"), entity("x"), document("n"),
    {"id": "n", "type": "T", "p": 2}, fact("f", "a", "b"), fact("h", "c", "y"),
)  # fmt: skip


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"{request.param}:{tmp_path / 'store'}"


def plain(receipt: Receipt) -> dict[str, Any]:
    """Return what a rehearsal and the import must both say."""
    said = receipt.to_json()
    for name in ("dry_run", "usage", "verified", "counts"):
        del said[name]
    return said


def test_a_rehearsal_of_a_new_store_makes_none(store: str) -> None:
    rehearsed = import_archive(FIRST, store, dry_run=True)
    assert state(store) == (None, [])
    assert rehearsed.dry_run and rehearsed.verified is None
    assert plain(rehearsed) == plain(import_archive(FIRST, store))
    assert rehearsed.fingerprint == fingerprint(store)


@pytest.mark.parametrize("policy", ["merge", "skip", "replace"])
def test_a_rehearsal_says_what_the_import_then_does(store: str, policy: str) -> None:
    import_archive(FIRST, store)
    before = state(store)
    rehearsed = import_archive(SECOND, store, on_conflict=policy, dry_run=True)
    assert state(store) == before
    done = import_archive(SECOND, store, on_conflict=policy)
    assert plain(rehearsed) == plain(done)
    assert rehearsed.fingerprint == fingerprint(store)
    assert rehearsed.actions["entity"]["created"] == 2


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_conflict_that_fails_leaves_the_store_as_it_was(store: str, dry_run: bool) -> None:
    import_archive(FIRST, store)
    before = state(store)
    with pytest.raises(IdentityConflict, match="'n' is in the store"):
        import_archive(SECOND, store, on_conflict="fail", dry_run=dry_run)
    assert state(store) == before


def test_a_rehearsal_of_what_is_there_says_so(store: str) -> None:
    import_archive(FIRST, store)
    before = state(store)
    rehearsed = import_archive(FIRST, store, dry_run=True)
    assert rehearsed.changed_nothing and rehearsed.dry_run
    assert state(store) == before


def test_a_rehearsal_for_another_dataset_says_what_is_done(store: str) -> None:
    import_archive(FIRST, store)
    before = state(store)
    rehearsed = import_archive(SECOND, store, into="other", dry_run=True)
    assert state(store) == before
    assert plain(rehearsed) == plain(import_archive(SECOND, store, into="other"))


def test_a_rehearsal_leaves_objects_alone() -> None:
    graph, writer = nx.MultiDiGraph(), MemoryGraph()
    import_archive(FIRST, graph)
    before = nx.node_link_data(graph, edges="edges")
    rehearsed = import_archive(SECOND, graph, dry_run=True)
    assert nx.node_link_data(graph, edges="edges") == before
    assert plain(rehearsed) == plain(import_archive(SECOND, graph))
    assert import_archive(FIRST, writer, dry_run=True).actions["entity"]["created"] == 2
    assert not writer.nodes and not writer.finished


def test_a_rehearsal_can_be_written_to_and_passes_nothing_on() -> None:
    graph = nx.MultiDiGraph()
    import_archive(FIRST, graph)
    rehearsal = Rehearsal(NetworkxUpdater(graph))
    assert isinstance(rehearsal, GraphUpdater)
    rehearsal.begin("key")
    assert list(rehearsal.nodes_at(["a", "?"])) == ["a"]
    assert list(rehearsal.edges_at(["f", "?"])) == ["f"]
    rehearsal.write_nodes([Node("new", "T")])
    rehearsal.write_edges([Edge("new", "new", "a", "p")])
    rehearsal.finish({}, SILENT)
    assert "new" not in graph
    assert rehearsal.header()["source_system"] == "s"


def test_what_a_target_is_tells_itself(tmp_path: Path) -> None:
    assert isinstance(target_of(f"sqlite:{tmp_path / 's'}"), UriTarget)
    assert target_of(nx.MultiDiGraph()).name == "NetworkxUpdater"
    assert isinstance(target_of(MemoryGraph()), ObjectTarget)


def test_a_graph_file_of_somebody_else_is_not_written_into(tmp_path: Path) -> None:
    store = f"json:{tmp_path / 'g.json'}"
    path_of(store).write_text(json.dumps(nx.node_link_data(nx.path_graph(3), edges="edges")))
    before = state(store)
    for dry_run in (True, False):
        with pytest.raises(StoreRefused, match="that cogx did not make"):
            import_archive(FIRST, store, dry_run=dry_run)
    assert state(store) == before


def test_a_graph_of_somebody_else_in_memory_keeps_what_it_has() -> None:
    graph = nx.MultiDiGraph(title="theirs")
    graph.add_node(1, name="One")
    graph.add_node("a", name="Ann", since=2020)
    graph.add_edge(1, "a", predicate="knows")
    receipt = import_archive(FIRST, graph)
    assert receipt.verified and receipt.losses == {}
    assert receipt.actions["entity"] == {"accepted": 2, "created": 1, "merged": 1}
    assert graph.nodes["a"]["since"] == 2020
    assert import_archive(FIRST, graph, check=False).changed_nothing
    assert len(NetworkxReader(graph).header()["notes"]) == 2


def test_a_store_that_only_takes_new_graphs_as_an_updater_is_looked_at_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    graph = nx.MultiDiGraph()
    module = SimpleNamespace(
        is_vacant=lambda _: not graph,
        open_reader=lambda _: NetworkxReader(graph),
        open_updater=lambda _: NetworkxUpdater(graph),
    )
    at = StoreAt("there://", module, "there", {}, is_file=False)
    monkeypatch.setattr(targets, "store_at", lambda _: at)
    receipt = import_archive(FIRST, "there://")
    assert (receipt.verified, receipt.counts) == (True, {"entity": 2, "raw_node": 1, "fact": 2})
    assert import_archive(SECOND, "there://").verified


def test_a_store_that_can_only_be_read_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    at = StoreAt("there://", SimpleNamespace(), "there", {}, is_file=False)
    monkeypatch.setattr(targets, "store_at", lambda _: at)
    with pytest.raises(UsageError, match="can only be read"):
        import_archive(FIRST, "there://")


class Failing(NetworkxUpdater):
    """An updater that fails at its first edge."""

    aborted = 0

    def write_edges(self, edges: Iterable[Edge]) -> None:
        raise OSError(28, "No space left on device")

    def abort(self) -> None:
        self.aborted += 1
        super().abort()


def test_an_updater_that_fails_is_told_to_drop_everything() -> None:
    graph = nx.MultiDiGraph()
    updater = Failing(graph)
    with pytest.raises(OSError, match="No space"):
        import_archive(FIRST, updater)
    assert updater.aborted == 1
    assert not graph
