"""An archive is made once for each state of a graph, whoever asks for it and how often."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from cogx.format.records import Entity

from .pushing import archive as packed
from .pushing import files_of, push, pushed
from .running import Running

ADA = Entity(external_id="a", name="Ada")


@pytest.fixture
def one(server: Running) -> httpx.Client:
    """Return a client of somebody fresh."""
    return server.client()


def archive(client: httpx.Client, dataset: str) -> httpx.Response:
    """Ask for a dataset as an archive."""
    return client.get(f"/api/v1/activity/export/{dataset}", params={"format": "cogx"})


def exports(server: Running, dataset: str) -> list[str]:
    """Return the archives that are kept of a dataset."""
    return [name for name in files_of(server, dataset) if name.startswith("exports/")]


def test_all_who_ask_at_once_are_given_the_same(server: Running, one: httpx.Client) -> None:
    with one:
        dataset = pushed(one, ADA)
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _: archive(one, dataset), range(4)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1


def test_only_the_newest_is_kept(server: Running, one: httpx.Client) -> None:
    with one:
        dataset = pushed(one, ADA)
        archive(one, dataset)
        pushed(one, Entity(external_id="b", name="Babbage"))
        archive(one, dataset)
    assert len(exports(server, dataset)) == 1


def test_it_is_given_out_while_more_comes_in(server: Running, one: httpx.Client) -> None:
    with one:
        dataset = pushed(one, ADA)
        more = packed(*(Entity(external_id=f"e{n}", name=f"E{n}") for n in range(500)))
        push(one, more, run_in_background="true")
        assert archive(one, dataset).status_code == 200


def test_it_goes_with_the_graph(server: Running, one: httpx.Client) -> None:
    with one:
        dataset = pushed(one, ADA)
        archive(one, dataset)
        one.post("/api/v1/forget", json={"datasetId": dataset, "memoryOnly": True})
    assert exports(server, dataset) == []
