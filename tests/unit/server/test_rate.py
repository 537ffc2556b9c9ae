"""Nobody calls more often than is allowed; others are not slowed down by that."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest

from cogx.server.identity.agents import make_agent

from .running import Running, running

MOST = 5
ROUTE = "/api/v1/datasets"

Make = Callable[..., httpx.Client]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Run a server that takes few requests."""
    with running(tmp_path_factory.mktemp("rate"), requests_per_minute=MOST) as one:
        yield one


def test_one_more_than_may_be_is_429(client: Make) -> None:
    one = client()
    assert [one.get(ROUTE).status_code for _ in range(MOST + 1)] == [200] * MOST + [429]


def test_the_answer_says_when_to_come_again(client: Make) -> None:
    one = client()
    answer = [one.get(ROUTE) for _ in range(MOST + 1)][-1]
    assert answer.json()["code"] == "rate.exceeded"
    assert 0 < int(answer.headers["Retry-After"]) <= 60


def test_each_user_has_as_many(client: Make) -> None:
    first, second = client(), client()
    for _ in range(MOST + 1):
        first.get(ROUTE)
    assert second.get(ROUTE).status_code == 200


def test_agents_call_in_the_name_of_their_user(server: Running, client: Make) -> None:
    user = server.user()
    with server.context.database.write() as state:
        agent, _ = make_agent(state, user, "helper")
    one = client(user)
    for _ in range(MOST):
        one.get(ROUTE)
    assert client(agent).get(ROUTE).status_code == 429


def test_who_is_nobody_is_not_counted(anonymous: httpx.Client) -> None:
    assert {anonymous.get(ROUTE).status_code for _ in range(MOST + 2)} == {401}


def test_the_limit_can_be_seen(client: Make) -> None:
    assert client().get("/api/v1/cogx/usage").json()["requests_per_minute"] == MOST
