"""Datasets are made, listed and removed, with all that is theirs, whatever goes on at them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
import pytest

from cogx.format.records import Document, Entity
from cogx.server.identity.rights import grant

from ..pushing import archive, broken, ended, files_of, push, pushed
from ..running import Running

Make = Callable[..., httpx.Client]
ADA = Entity(external_id="a", name="Ada")


@pytest.fixture
def one(client: Make) -> httpx.Client:
    """Return a client of somebody fresh."""
    return client()


def make(client: httpx.Client, name: str = "kb") -> httpx.Response:
    """Make a dataset."""
    return client.post("/api/v1/datasets", json={"name": name})


def names(client: httpx.Client) -> list[str]:
    """Return what the caller's datasets are called."""
    return [found["name"] for found in client.get("/api/v1/datasets").json()]


def test_a_dataset_is_shown_in_camel_case_with_instants_that_say_their_offset(
    server: Running, client: Make
) -> None:
    user = server.user()
    made = make(client(user)).json()
    assert set(made) == {"id", "name", "createdAt", "updatedAt", "ownerId"}
    assert (made["name"], made["ownerId"], made["updatedAt"]) == ("kb", user.id, None)
    assert made["createdAt"].endswith("Z")


def test_one_that_is_there_is_given_back(one: httpx.Client) -> None:
    assert make(one).json() == make(one).json()
    assert names(one) == ["kb"]


def test_the_same_name_is_another_dataset_for_somebody_else(client: Make) -> None:
    assert make(client()).json()["id"] != make(client()).json()["id"]


@pytest.mark.parametrize(
    ("name", "status"),
    [("a b", 422), ("a.b", 422), ("", 422), ("a\n", 422), ("x" * 501, 400), (None, 400)],
    ids=["space", "dot", "empty", "control", "long", "null"],
)
def test_a_name_that_cannot_be_used_is_refused(one: httpx.Client, name: Any, status: int) -> None:
    assert make(one, name).status_code == status
    assert names(one) == []


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_slash_at_the_end_leads_to_the_route(one: httpx.Client, method: str) -> None:
    answer = one.request(method, "/api/v1/datasets/")
    assert (answer.status_code, answer.headers["location"].endswith("/datasets")) == (307, True)


def test_a_dataset_is_removed_with_its_files(server: Running, one: httpx.Client) -> None:
    dataset = pushed(one, ADA, Document(external_id="d", content="x"))
    answer = one.delete(f"/api/v1/datasets/{dataset}")
    assert (answer.status_code, answer.json(), names(one)) == (200, None, [])
    assert files_of(server, dataset) == []


def test_nothing_is_left_elsewhere_of_one_that_is_removed(
    server: Running, one: httpx.Client
) -> None:
    dataset = pushed(one, ADA)
    one.delete(f"/api/v1/datasets/{dataset}")
    assert list((server.context.places.root / "jobs").iterdir()) == []


def test_one_that_is_made_again_is_empty(one: httpx.Client) -> None:
    dataset = pushed(one, ADA, Document(external_id="d", content="x"))
    one.delete(f"/api/v1/datasets/{dataset}")
    assert make(one).json()["id"] == dataset
    assert one.get(f"/api/v1/datasets/{dataset}/graph").json()["nodes"] == []
    assert one.get(f"/api/v1/datasets/{dataset}/data").json() == []


def test_removing_needs_the_right_to(server: Running, client: Make) -> None:
    owner, reader = client(), server.user()
    dataset = pushed(owner, ADA)
    with server.context.database.write() as state:
        grant(state, reader.id, "read", [dataset])
    assert client(reader).delete(f"/api/v1/datasets/{dataset}").status_code == 403


def test_removing_all_leaves_those_of_others(server: Running, client: Make) -> None:
    owner, other = client(), server.user()
    theirs = client(other)
    shared = pushed(owner, ADA, name="shared")
    with server.context.database.write() as state:
        grant(state, other.id, "delete", [shared])
    pushed(theirs, ADA, name="own")
    assert theirs.delete("/api/v1/datasets").json() is None
    assert (names(owner), names(theirs)) == (["shared"], [])


@pytest.fixture
def waiting(server: Running, one: httpx.Client) -> tuple[str, str]:
    """Return (dataset, run) of an archive whose dataset is removed before its turn comes."""
    with patch.object(server.context.dispatcher, "wake"):
        answer = push(one, archive(ADA), run_in_background="true").json()
        one.delete(f"/api/v1/datasets/{answer['dataset_id']}")
    return answer["dataset_id"], answer["pipeline_run_id"]


def test_what_waits_for_a_dataset_that_is_removed_fails_and_leaves_nothing(
    server: Running, one: httpx.Client, waiting: tuple[str, str]
) -> None:
    dataset, run = waiting
    pushed(one, ADA, name="other")
    assert ended(one, run)["error"] == "The dataset was removed before this was done."
    assert files_of(server, dataset) == []


def test_what_waits_is_not_done_at_one_of_the_same_name_that_was_made_since(
    one: httpx.Client, waiting: tuple[str, str]
) -> None:
    dataset, run = waiting
    assert make(one).json()["id"] == dataset
    pushed(one, ADA, name="other")
    assert ended(one, run)["outcome"] == "failed"
    assert one.get(f"/api/v1/datasets/{dataset}/graph").json()["nodes"] == []


def test_of_two_archives_the_good_one_is_imported(server: Running, one: httpx.Client) -> None:
    form = {"datasetName": "kb", "content_type": "cogx-archive", "run_in_background": "true"}
    good = archive(ADA)
    bad = broken(archive(Entity(external_id="b", name="Babbage")), b"Babbage", b"Cabbage")
    files = [("data", ("bad.tar", bad)), ("data", ("good.tar.gz", good))]
    answer = one.post("/api/v1/remember", data=form, files=files).json()
    outcomes = [ended(one, item["pipeline_run_id"])["outcome"] for item in answer["items"]]
    assert outcomes == ["failed", "succeeded"]


def test_the_directory_of_a_dataset_is_its_users_alone(server: Running, one: httpx.Client) -> None:
    place: Path = server.context.places.root / "datasets" / pushed(one, ADA)
    assert place.stat().st_mode & 0o077 == 0
