"""The same push is one import, however often it comes."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import func, select, update

from cogx.format.records import Entity
from cogx.server.datasets import dataset_made
from cogx.server.identity import rights
from cogx.server.identity.users import User
from cogx.server.jobs.queue import add_job, end_job
from cogx.server.state.database import now
from cogx.server.state.tables import idempotency_keys, jobs

from .routes.test_receiving import SMALL, archive, ended
from .running import Running

OTHER = archive(Entity(external_id="o", name="Other"))

Make = Callable[..., httpx.Client]


@pytest.fixture
def user(server: Running) -> User:
    return server.user()


@pytest.fixture
def one(client: Make, user: User) -> httpx.Client:
    return client(user)


def imports(server: Running, user: User) -> int:
    """Return how many imports of a user there were."""
    mine = (jobs.c.owner_id == user.id) & (jobs.c.kind == "import")
    with server.context.database.read() as state:
        return state.scalar(select(func.count()).where(mine)) or 0


def push(
    client: httpx.Client, key: str | None = None, content: bytes = SMALL, **more: Any
) -> httpx.Response:
    """Push an archive with a key."""
    headers = {"Idempotency-Key": key} if key is not None else {}
    headers |= more.pop("headers", {})
    form = {"datasetName": "kb", "content_type": "cogx-archive"} | more
    files = {"data": ("kb.tar.gz", content)}
    return client.post("/api/v1/remember", data=form, files=files, headers=headers)


def test_a_key_that_comes_again_is_answered_as_before(
    server: Running, user: User, one: httpx.Client
) -> None:
    answers = [push(one, "k").json() for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    assert imports(server, user) == 1


def test_a_failure_is_answered_as_before(one: httpx.Client) -> None:
    broken = archive(Entity(external_id="x", name="X"))[:-40]
    first, second = (push(one, "k", broken) for _ in range(2))
    assert (first.status_code, first.text) == (second.status_code, second.text)


def test_a_hundred_pushes_with_one_key_are_one_import(
    server: Running, user: User, one: httpx.Client
) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: push(one, "k", run_in_background="true"), range(100)))
    runs = {answer.json()["pipeline_run_id"] for answer in found if answer.status_code == 200}
    assert {answer.status_code for answer in found} <= {200, 409, 429}
    assert (len(runs), imports(server, user)) == (1, 1)


def test_the_same_at_once_without_a_key_is_one_import(
    server: Running, user: User, one: httpx.Client
) -> None:
    with busy(server, user), ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: push(one, run_in_background="true").json(), range(4)))
    assert len({answer["pipeline_run_id"] for answer in found}) == 1
    assert imports(server, user) == 1
    assert ended(one, found[0]["pipeline_run_id"])["outcome"] == "succeeded"


@pytest.mark.parametrize(
    "other", [{"import_mode": "hybrid"}, {"datasetName": "other"}, {"content": OTHER}], ids=str
)
def test_another_archive_dataset_or_mode_is_another_import(
    server: Running, user: User, one: httpx.Client, other: dict[str, Any]
) -> None:
    with busy(server, user):
        for more in ({}, other):
            push(one, run_in_background="true", **more)
    assert imports(server, user) == 2


def test_those_of_others_are_not_joined(server: Running, client: Make) -> None:
    owner, guest = server.user(), server.user()
    with busy(server, owner):
        with server.context.database.write() as state:
            dataset = dataset_made(state, owner, "kb").id
            rights.grant(state, guest.id, "write", [dataset])
        fields: dict[str, Any] = {"datasetId": dataset, "run_in_background": "true"}
        answers = [push(client(user), datasetName="", **fields).json() for user in (owner, guest)]
    assert answers[0]["pipeline_run_id"] != answers[1]["pipeline_run_id"]


@contextmanager
def busy(server: Running, user: User) -> Iterator[None]:
    """Let no job of the user's dataset begin meanwhile."""
    database = server.context.database
    with database.write() as state:
        dataset = dataset_made(state, user, "kb")
        job = add_job(
            state, "export", "p", owner_id=str(uuid4()), dataset_id=dataset.id, payload={}
        )
        state.execute(update(jobs).where(jobs.c.id == job).values(status="running"))
    yield
    with database.write() as state:
        end_job(state, job)
    server.context.dispatcher.wake()


def test_while_the_first_is_under_way_it_is_409(
    server: Running, user: User, one: httpx.Client
) -> None:
    with ThreadPoolExecutor(1) as pool, busy(server, user):
        first = pool.submit(push, one, "k")
        while not imports(server, user):
            time.sleep(0.01)
        second = push(one, "k")
    assert (second.status_code, second.json()["code"]) == (409, "in_progress")
    assert first.result().status_code == 200


@pytest.mark.parametrize(
    "other", [{"import_mode": "hybrid"}, {"datasetName": "other"}, {"content": OTHER}], ids=str
)
def test_a_key_with_another_request_is_422(one: httpx.Client, other: dict[str, Any]) -> None:
    push(one, "k", run_in_background="true")
    answer = push(one, "k", run_in_background="true", **other)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_mismatch")


def test_another_users_key_is_another(client: Make) -> None:
    answers = [push(client(), "k").json() for _ in range(2)]
    assert answers[0]["pipeline_run_id"] != answers[1]["pipeline_run_id"]


@pytest.mark.parametrize("key", ["", "k" * 256, "a\tb"], ids=["empty", "long", "control"])
def test_what_cannot_be_a_key_is_400(one: httpx.Client, key: str) -> None:
    assert push(one, key).status_code == 400


def test_a_key_is_forgotten_after_days(server: Running, user: User, one: httpx.Client) -> None:
    push(one, "k")
    mine = idempotency_keys.c.user_id == user.id
    with server.context.database.write() as state:
        old = now() - timedelta(days=3)
        state.execute(update(idempotency_keys).where(mine).values(created_at=old))
    push(one, "another")
    with server.context.database.read() as state:
        kept = state.scalars(select(idempotency_keys.c.key).where(mine)).all()
    assert kept == ["another"]


def test_an_upload_that_was_used_up_is_known_by_its_key(one: httpx.Client) -> None:
    told = {"size": len(SMALL), "sha256": hashlib.sha256(SMALL).hexdigest()}
    place = one.post("/api/v1/cogx/uploads", json=told).headers["Location"]
    headers = {"Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
    one.patch(place, content=SMALL, headers=headers)
    form = {"datasetName": "kb", "content_type": "cogx-archive",
            "upload_id": place.rpartition("/")[2]}  # fmt: skip
    files = [(name, (None, value)) for name, value in form.items()]
    answers = [
        one.post("/api/v1/remember", files=files, headers={"Idempotency-Key": "k"}).json()
        for _ in range(2)
    ]
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    ("sha256", "status"),
    [(hashlib.sha256(SMALL).hexdigest().upper(), 200), ("0" * 64, 422), ("abc", 400)],
    ids=["right", "wrong", "none"],
)
def test_the_checksum_of_an_upload_is_checked(one: httpx.Client, sha256: str, status: int) -> None:
    assert push(one, headers={"X-Cogx-Sha256": sha256}).status_code == status


def test_nothing_is_kept_of_wrong_bytes(one: httpx.Client) -> None:
    answer = push(one, headers={"X-Cogx-Sha256": "0" * 64})
    assert answer.json()["code"] == "checksum_mismatch"
    assert one.get("/api/v1/datasets").json() == []


def test_one_checksum_is_not_that_of_two_archives(one: httpx.Client) -> None:
    headers = {"X-Cogx-Sha256": hashlib.sha256(SMALL).hexdigest()}
    files = [("data", ("a.tar.gz", SMALL)), ("data", ("b.tar.gz", OTHER))]
    form = {"datasetName": "kb", "content_type": "cogx-archive"}
    answer = one.post("/api/v1/remember", data=form, files=files, headers=headers)
    assert answer.status_code == 422
