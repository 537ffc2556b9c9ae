"""One local cognee, pushed to a real server by cognee's own push and by ours, side by side."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from . import fidelity
from .comparison import Record, graph_keys
from .conftest import Cogx, Home
from .server_process import CogneeServer
from .session import PeerSession
from .survival import Survival

WAYS = {"theirs": "`cognee.push()`", "ours": "`cogx push`"}

Show = Callable[[PeerSession, str], list[Record]]


@dataclass(frozen=True)
class Pushed:
    """What was said of either push, and the graphs that the server has of them afterwards."""

    answers: dict[str, dict[str, Any]]
    graphs: dict[str, list[Record]]


@pytest.fixture(scope="session")
def pushed(
    cognee_python: Path,
    cogx: Cogx,
    home: Home,
    graph_of: Show,
    tmp_path_factory: pytest.TempPathFactory,
) -> Pushed:
    """Push to a server of its own, for a second process reads its stores when it has ended."""
    there = tmp_path_factory.mktemp("beside")
    answers = {}
    with CogneeServer(cognee_python, there) as server, pytest.MonkeyPatch.context() as patch:
        with PeerSession(cognee_python, home.place) as local:
            answers["theirs"] = local.call(
                "push", dataset="sample", target_dataset="theirs", url=server.url,
                api_key=server.key,
            )  # fmt: skip
        patch.setenv("COGNEE_API_KEY", server.key)
        answers["ours"] = json.loads(
            cogx("push", home.uri("sample"), "--url", server.url, "--target-dataset", "ours",
                 "--json")
        )  # fmt: skip
    with PeerSession(cognee_python, there) as beneath:
        graphs = {way: graph_of(beneath, way) for way in WAYS}
    return Pushed(answers, graphs)


def test_both_say_that_they_are_done(pushed: Pushed) -> None:
    assert {way: answer["status"] for way, answer in pushed.answers.items()} == {
        "theirs": "completed",
        "ours": "completed",
    }


@pytest.mark.parametrize("way", WAYS)
def test_every_node_and_edge_arrives_either_way(way: str, pushed: Pushed, home: Home) -> None:
    nodes, edges = graph_keys(home.graph)
    there_nodes, there_edges = graph_keys(pushed.graphs[way])
    assert (nodes - there_nodes, edges - there_edges) == (set(), set())


def test_ours_keeps_every_property_of_entities_and_no_less_of_the_rest(
    pushed: Pushed, home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    """Counts what the server holds of the values that were in the local store."""
    survival = Survival()
    _count_keys(survival, home.graph, pushed.graphs)
    survival.add_graph(home.graph, pushed.graphs)
    fidelity.tell("pushed", survival.table(WAYS), capsys)
    for sort in survival.sorts():
        assert survival.totals(sort, "ours")[1] >= survival.totals(sort, "theirs")[1], sort
    assert survival.lost("entities", "ours") == []


def _count_keys(survival: Survival, graph: list[Record], by_way: dict[str, list[Record]]) -> None:
    """Count nodes and edges themselves, apart from what they say."""
    there = {way: graph_keys(lines) for way, lines in by_way.items()}
    nodes, edges = graph_keys(graph)
    for node in nodes:
        survival.add("nodes themselves", "id", {way: node in there[way][0] for way in there})
    for edge in edges:
        survival.add("edges themselves", "ends", {way: edge in there[way][1] for way in there})
