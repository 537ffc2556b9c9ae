"""Whoever waits for work at datasets is told how it goes, and never of what is another's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import insert

from cogx.format.records import Document, Entity
from cogx.server.identity.users import User
from cogx.server.state.database import now
from cogx.server.state.tables import jobs

from ..pushing import pushed
from ..running import Running

Make = Callable[..., httpx.Client]
IMPORT = "migration_import_pipeline"
TOLD = {"completed_items": 3, "total_items": 10, "current_stage": "load nodes"}


@pytest.fixture
def user(server: Running) -> User:
    """Return somebody fresh."""
    return server.user()


@pytest.fixture
def one(client: Make, user: User) -> httpx.Client:
    """Return a client of the user."""
    return client(user)


@pytest.fixture
def dataset(one: httpx.Client) -> str:
    """Return the user's dataset, at which nothing was done yet."""
    return str(one.post("/api/v1/datasets", json={"name": "kb"}).json()["id"])


@pytest.fixture
def job(server: Running, user: User, dataset: str) -> Iterator[Callable[..., str]]:
    """Return ``job(status, **columns)``, which adds a job that no worker takes."""
    age = iter(range(100, 0, -1))

    def add(status: str, pipeline: str = IMPORT, **more: Any) -> str:
        row = {
            "id": str(uuid4()), "kind": "import", "pipeline_name": pipeline, "status": status,
            "dataset_id": dataset, "owner_id": user.id, "background": True, "payload": {},
            "attempts": 1, "created_at": now() - timedelta(seconds=next(age)),
        }  # fmt: skip
        with server.context.database.write() as state:
            state.execute(insert(jobs).values(row | more))
        return str(row["id"])

    yield add


def status(client: httpx.Client, path: str = "status", **query: Any) -> Any:
    """Ask how far work is."""
    answer = client.get(f"/api/v1/datasets/{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize(
    ("kept", "told"),
    [
        ("running", "DATASET_PROCESSING_STARTED"),
        ("completed", "DATASET_PROCESSING_COMPLETED"),
        ("failed", "DATASET_PROCESSING_ERRORED"),
    ],
)
def test_the_words_are_those_of_cognee(
    one: httpx.Client, job: Callable[..., str], dataset: str, kept: str, told: str
) -> None:
    job(kept)
    assert status(one, pipeline=IMPORT) == {dataset: told}


def test_the_newest_run_counts(one: httpx.Client, job: Callable[..., str], dataset: str) -> None:
    for kept in ("failed", "failed", "completed"):
        job(kept)
    assert status(one, pipeline=IMPORT) == {dataset: "DATASET_PROCESSING_COMPLETED"}


def test_without_a_pipeline_it_is_about_cognify(one: httpx.Client, job: Callable[..., str]) -> None:
    job("completed")
    assert status(one) == {}


def test_the_same_pipeline_twice_is_one(
    one: httpx.Client, job: Callable[..., str], dataset: str
) -> None:
    job("completed")
    told = status(one, pipeline=[IMPORT, IMPORT])
    assert told == {dataset: "DATASET_PROCESSING_COMPLETED"}


def test_of_several_pipelines_each_is_told(
    one: httpx.Client, job: Callable[..., str], dataset: str
) -> None:
    job("completed")
    job("failed", "cognify_pipeline")
    assert status(one, pipeline=[IMPORT, "cognify_pipeline", "add_pipeline"]) == {
        dataset: {
            IMPORT: "DATASET_PROCESSING_COMPLETED",
            "cognify_pipeline": "DATASET_PROCESSING_ERRORED",
        }
    }


def test_of_several_pipelines_a_dataset_without_runs_is_there(
    one: httpx.Client, dataset: str
) -> None:
    assert status(one, pipeline=[IMPORT, "add_pipeline"]) == {dataset: {}}


def test_only_datasets_that_are_asked_for_are_told(
    one: httpx.Client, job: Callable[..., str], dataset: str
) -> None:
    job("completed")
    other = one.post("/api/v1/datasets", json={"name": "other"}).json()["id"]
    job("completed", dataset_id=other)
    assert set(status(one, pipeline=IMPORT, dataset=other)) == {other}


@pytest.mark.parametrize("path", ["status", "status/progress"])
@pytest.mark.parametrize(("asked", "code"), [("nobody", 403), ("no-uuid", 400)])
def test_others_are_refused(one: httpx.Client, path: str, asked: str, code: int) -> None:
    found = str(uuid4()) if asked == "nobody" else asked
    answer = one.get(f"/api/v1/datasets/{path}", params={"dataset": found})
    assert answer.status_code == code


def test_one_that_runs_tells_how_far_it_is(
    one: httpx.Client, job: Callable[..., str], dataset: str
) -> None:
    job("running", progress=TOLD)
    told = status(one, "status/progress", pipeline=IMPORT)
    assert told == {dataset: {"status": "DATASET_PROCESSING_STARTED", "progress": TOLD}}


def test_one_that_has_ended_tells_no_old_number(
    one: httpx.Client, job: Callable[..., str], dataset: str
) -> None:
    job("completed", progress=TOLD)
    told = status(one, "status/progress", pipeline=IMPORT)
    assert told == {dataset: {"status": "DATASET_PROCESSING_COMPLETED", "progress": None}}


def test_items_that_are_in_the_graph_are_told(one: httpx.Client) -> None:
    dataset = pushed(one, Document(external_id="d", content="x", title="In"))
    one.post("/api/v1/add", data={"datasetName": "kb"}, files={"data": ("Out.txt", b"y")})
    told = status(one, f"{dataset}/processing-status")
    assert (told["total"], told["completed"], told["pending"]) == (2, 1, 1)
    assert [(item["name"], item["completed"]) for item in told["items"]] == [
        ("In", True),
        ("Out", False),
    ]


def test_items_are_told_page_by_page(one: httpx.Client) -> None:
    records = [Document(external_id=f"d{n}", content=f"{n}") for n in range(3)]
    dataset = pushed(one, *records, Entity(external_id="a", name="A"))
    told = status(one, f"{dataset}/processing-status", limit=2, offset=2)
    assert (told["total"], len(told["items"])) == (3, 1)


def test_items_of_others_are_not_told(one: httpx.Client) -> None:
    answer = one.get(f"/api/v1/datasets/{uuid4()}/processing-status")
    assert answer.status_code == 403
