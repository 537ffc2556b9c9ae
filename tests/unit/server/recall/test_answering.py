"""Answers come from all datasets that have a graph, the best first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import httpx

from cogx.server.datasets import Dataset
from cogx.server.places import Places
from cogx.server.recall.answering import Question, answers
from cogx.server.settings import Settings

Make = Callable[..., httpx.Client]


def dataset() -> Dataset:
    """Return a dataset in which nothing is."""
    return Dataset(str(uuid4()), "empty", "owner", None, datetime.now(UTC), None, None, None,
                   0, 0, None)  # fmt: skip


def test_datasets_without_a_graph_cost_nothing(tmp_path: Path) -> None:
    places = Places(tmp_path, "sqlite")
    places.make()
    settings = Settings(_env_file=None, data_directory=tmp_path)
    empty = [dataset() for _ in range(50)]
    assert answers(settings, places, empty, Question("anything", "CHUNKS")) == []
    assert [*tmp_path.glob("datasets/*")] == []


def test_the_best_of_all_datasets_is_told(client: Make) -> None:
    one = client()
    for name, text in (("a", "Ada wrote to many people."), ("b", "Ada, Ada!")):
        fields = {"datasetName": (None, name), "raw_data": (None, text)}
        assert one.post("/api/v1/remember", files=fields).status_code == 200
    question = {"query": "Ada", "searchType": "CHUNKS", "topK": 1}
    found = one.post("/api/v1/recall", json=question).json()
    assert [hit["dataset_name"] for hit in found] == ["b"]
