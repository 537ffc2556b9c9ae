"""A push in parts towards a real cognee 1.6.5 server leaves there what a push of the whole does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

import cogx
from cogx.remote.probe import Abilities, probe
from cogx.remote.server import Server

from .conftest import REAL_SMALL
from .server_process import CogneeServer

MOST_BYTES = 120_000
"""Of a part, unpacked: the archive then takes several."""


@pytest.fixture(scope="module")
def pushed(server: CogneeServer) -> Iterator[dict[str, cogx.PushResult]]:
    def small(asked: Server) -> Abilities:
        return replace(probe(asked), max_total_bytes=MOST_BYTES)

    how: dict[str, Any] = {"url": server.url, "api_key": server.key}
    whole = cogx.push_sync(REAL_SMALL, target_dataset="unsplit", **how)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cogx.engine.push_delivery.probe", small)
        parts = cogx.push_sync(REAL_SMALL, target_dataset="in_parts", split=True, **how)
    yield {"unsplit": whole, "in_parts": parts}


def test_the_parts_are_taken_and_counted_as_the_whole(
    pushed: dict[str, cogx.PushResult],
) -> None:
    whole, parts = pushed["unsplit"], pushed["in_parts"]
    assert whole.parts == 1
    assert parts.parts > 1
    assert (parts.status, parts.losses, parts.skipped_facts) == ("completed", {}, 0)
    assert (parts.num_nodes, parts.num_edges) == (whole.num_nodes, whole.num_edges)


def test_the_server_has_the_same_nodes_and_edges(
    pushed: dict[str, cogx.PushResult], server: CogneeServer
) -> None:
    whole, parts = (shown(server.graph(name)) for name in ("unsplit", "in_parts"))
    assert parts == whole


def test_the_server_has_every_text_once(
    pushed: dict[str, cogx.PushResult], server: CogneeServer
) -> None:
    names = [
        sorted(row["name"] for row in server.get(f"/api/v1/datasets/{server.dataset(one)}/data"))
        for one in ("unsplit", "in_parts")
    ]
    assert names[0] == names[1]


def shown(graph: dict[str, Any]) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    """Return the nodes and edges that a server shows, with what it says of each."""
    nodes = sorted(
        (node["id"], node["label"], node["type"], str(node["properties"].get("description")))
        for node in graph["nodes"]
    )
    edges = sorted((edge["source"], edge["label"], edge["target"]) for edge in graph["edges"])
    return nodes, edges
