from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import networkx as nx
import pytest

from cogx.archive.validate import validate
from cogx.cli.main import main
from cogx.engine.import_ import import_archive
from cogx.ports import Edge, Node
from cogx.stores.json_graph.writer import JsonGraphWriter
from cogx.stores.networkx_graph import NetworkxUpdater
from cogx.testing.memory_graph import MemoryGraph
from tests.unit.archive.made import Members, archive, document, entity, fact

from .file_stores import fingerprint

ALL = archive(entity("a"), entity("b"), document("d"), fact("f", "a", "b"))


def kept(nodes: Iterable[Node]) -> list[Node]:
    """Lose the node ``b``, as a store does that has a fault."""
    return [node for node in nodes if node.id != "b"]


class Losing(MemoryGraph):
    """A store that silently drops a node, and the edges there."""

    def write_nodes(self, nodes: Iterable[Node]) -> None:
        super().write_nodes(kept(nodes))

    def write_edges(self, edges: Iterable[Edge]) -> None:
        super().write_edges(edge for edge in edges if edge.target != "b")


class LosingUpdater(NetworkxUpdater):
    """The same for a store that holds a graph."""

    def write_nodes(self, nodes: Iterable[Node]) -> None:
        super().write_nodes(kept(nodes))

    def write_edges(self, edges: Iterable[Edge]) -> None:
        super().write_edges(edge for edge in edges if edge.target != "b")


class Bending(MemoryGraph):
    """A store that turns numbers into texts."""

    def write_nodes(self, nodes: Iterable[Node]) -> None:
        for node in nodes:
            node.properties = {name: str(value) for name, value in node.properties.items()}
            super().write_nodes([node])


@pytest.mark.parametrize(
    "target", [Losing(), LosingUpdater(nx.MultiDiGraph())], ids=["new", "changed in place"]
)
def test_a_store_that_drops_a_record_is_caught(target: Any) -> None:
    receipt = import_archive(ALL, target)
    assert receipt.counts == {"entity": 1, "document": 1}
    assert receipt.actions["entity"] == {"accepted": 2, "created": 2}
    assert (receipt.verified, receipt.losses) == (False, {"store.differs": 1})
    assert not receipt.lossless


def test_a_store_that_changes_a_value_is_caught() -> None:
    receipt = import_archive(archive({"id": "n", "p": 1}), Bending())
    assert (receipt.counts, receipt.losses) == ({"raw_node": 1}, {"store.differs": 1})


def test_an_update_that_is_not_kept_is_caught() -> None:
    graph = nx.MultiDiGraph()
    import_archive(ALL, graph)
    receipt = import_archive(archive(entity("b", description="new")), LosingUpdater(graph))
    assert receipt.actions["entity"] == {"accepted": 1, "merged": 1}
    assert receipt.losses == {"store.differs": 1}


def test_who_does_not_look_does_not_know() -> None:
    receipt = import_archive(ALL, Losing(), check=False)
    assert (receipt.verified, receipt.losses) == (None, {})
    assert receipt.counts["entity"] == 2


@pytest.fixture
def losing_files(monkeypatch: pytest.MonkeyPatch) -> None:
    write = JsonGraphWriter.write_nodes
    monkeypatch.setattr(JsonGraphWriter, "write_nodes", lambda self, some: write(self, kept(some)))
    edges = JsonGraphWriter.write_edges
    monkeypatch.setattr(
        JsonGraphWriter,
        "write_edges",
        lambda self, some: edges(self, [edge for edge in some if edge.target != "b"]),
    )


def put(path: Path, members: Members) -> str:
    path.mkdir()
    for name, data in members.items():
        (path / name).write_bytes(data)
    return str(path)


@pytest.mark.usefixtures("losing_files")
def test_a_loss_is_the_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = put(tmp_path / "archive", ALL)
    assert main(["import", source, f"json:{tmp_path / 'one'}"]) == 1
    assert "store.differs" in capsys.readouterr().out
    allowed = ["--allow-loss", "store.differs"]
    assert main(["import", source, f"json:{tmp_path / 'two'}", *allowed]) == 0
    assert main(["import", source, f"json:{tmp_path / 'three'}", "--no-check"]) == 0
    assert main(["verify", source, f"json:{tmp_path / 'three'}"]) == 1


def test_counts_are_those_of_the_store_afterwards(tmp_path: Path) -> None:
    store = f"sqlite:{tmp_path / 'store'}"
    import_archive(ALL, store)
    receipt = import_archive(archive(entity("a", name="A"), entity("c")), store)
    assert receipt.counts == {"entity": 3, "document": 1, "fact": 1}
    assert receipt.actions == {"entity": {"accepted": 2, "created": 1, "merged": 1}}
    assert receipt.overwritten == {"name": 1}
    assert receipt.examples == {"merged": ["entity a"]}
    assert receipt.fingerprint_before == validate(ALL).fingerprint.hex()
    assert receipt.fingerprint == fingerprint(store)
    assert (receipt.verified, receipt.lossless, receipt.changed_nothing) == (True, True, False)


def test_what_came_is_counted_whatever_stands_there(tmp_path: Path) -> None:
    store = f"sqlite:{tmp_path / 'store'}"
    import_archive(archive(entity("a"), entity("a"), entity("a")), store)
    receipt = import_archive(archive(entity("a", description="new")), store)
    assert receipt.counts == {"entity": 3}
    assert receipt.actions == {"entity": {"accepted": 1, "merged": 1}}


def test_only_some_are_named(tmp_path: Path) -> None:
    store = f"sqlite:{tmp_path / 'store'}"
    many = [entity(f"e{number}") for number in range(20)]
    import_archive(archive(*many), store)
    changed = [one | {"description": "x"} for one in many]
    receipt = import_archive(archive(*changed), store, on_conflict="skip")
    assert receipt.examples == {"skipped": [f"entity e{number}" for number in range(5)]}
    assert receipt.changed_nothing


def test_stubs_are_counted_once(tmp_path: Path) -> None:
    store = f"sqlite:{tmp_path / 'store'}"
    dangling = archive(entity("a"), fact("f", "a", "x"))
    assert import_archive(dangling, store).stubs == 1
    again = archive(entity("b"), fact("g", "b", "x"), fact("h", "b", "y"))
    assert import_archive(again, store).stubs == 1


def test_a_source_without_a_name_is_no_source_of_somebody_else(tmp_path: Path) -> None:
    store = f"sqlite:{tmp_path / 'store'}"
    import_archive(archive(entity("a", external_system=""), source_system=""), store)
    receipt = import_archive(archive(entity("b")), store)
    assert receipt.verified
    assert receipt.losses == {}


def test_a_receipt_is_plain_json() -> None:
    receipt = import_archive(ALL, MemoryGraph())
    said = receipt.to_json()
    assert json.loads(json.dumps(said)) == said
    assert said["usage"].keys() == {"wall_s", "cpu_s", "peak_mib"}
    assert "Ann" not in json.dumps(said)


@pytest.mark.skipif(sys.platform != "linux", reason="told by Linux alone")
def test_the_peak_is_not_that_of_whoever_started_the_process() -> None:
    ask = "from cogx.engine.receipt import Meter; print(Meter().usage()['peak_mib'])"
    large = (
        "import subprocess, sys; held = b'x' * (400 << 20); "
        f"subprocess.run([sys.executable, '-c', {ask!r}], check=True)"
    )
    told = subprocess.run([sys.executable, "-c", large], capture_output=True, check=True)
    assert 1 < float(told.stdout) < 300
