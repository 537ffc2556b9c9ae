"""Nobody reaches, changes or learns of what is another's, whatever the route.

The routes are those of the API's own description: a new one is covered when it is there. Whoever
adds one that answers otherwise than 403 (datasets) or 404 (all else) says so here, with why.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from uuid import uuid4

import httpx
import pytest

from cogx.server.app import create_app
from cogx.server.settings import Settings

from .operations import Operation, Place, iter_operations
from .running import Running
from .worlds import World, make_world, snapshot

OPERATIONS: Final = list(iter_operations(create_app(Settings(_env_file=None)).openapi()))
PLACES: Final = [
    pytest.param(operation, place, id=f"{operation} {place.where}:{place.name}")
    for operation in OPERATIONS
    for place in operation.places
]

PUBLIC: Final = {
    "GET /",
    "GET /health",
    "GET /health/detailed",
    "GET /metrics",
    "GET /api/v1/cogx/capabilities",
    "POST /api/v1/auth/register",
    "POST /api/v1/auth/login",
}
_P: Final = "/api/v1/permissions"
OTHERWISE: Final = {
    # Who one is in a tenant or for a dataset is found by address, so that one can be let in.
    (f"POST {_P}/users/{{user_id}}/tenants", "user_id"): 200,
    (f"POST {_P}/datasets/{{principal_id}}", "principal_id"): 200,
    (f"GET {_P}/principals/{{principal_id}}/datasets", "principal_id"): 200,
    # Taking back or removing what is not there is fine, and does nothing.
    (f"DELETE {_P}/datasets/{{principal_id}}", "principal_id"): 200,
    ("DELETE /api/v1/datasets/{dataset_id}/data/{data_id}", "data_id"): 200,
    # A filter leaves nothing.
    ("GET /api/v1/agents/connections", "agent_id"): 200,
    # As the seed says: an agent that is another's is told apart from one that is not there.
    ("GET /api/v1/agents/{agent_id}", "agent_id"): 403,
    ("DELETE /api/v1/agents/{agent_id}", "agent_id"): 403,
    # For operators only, whoever is asked for.
    ("GET /api/v1/users/{user_id}", "user_id"): 403,
    ("PATCH /api/v1/users/{user_id}", "user_id"): 403,
}
TOLD_APART: Final = {
    *(one for one in list(OTHERWISE)[:3]),
    *(one for one in OTHERWISE if "/agents/{agent_id}" in one[0]),
}
"""Where something of another's and something that is not there may be answered differently."""
CHANGES: Final = set(list(OTHERWISE)[:2])
"""What may be done to others: they are let in."""


@pytest.fixture(scope="module")
def victim(server: Running) -> World:
    return make_world(server)


@pytest.fixture
def stranger(server: Running) -> World:
    return make_world(server)


@pytest.fixture
def caller(server: Running, stranger: World) -> Iterator[httpx.Client]:
    headers = {"X-Api-Key": stranger.key}
    with httpx.Client(base_url=server.url, headers=headers, timeout=60, trust_env=False) as one:
        yield one


@pytest.mark.parametrize(("operation", "place"), PLACES)
def test_what_is_anothers_is_refused(
    operation: Operation, place: Place, victim: World, stranger: World, caller: httpx.Client
) -> None:
    answer = operation.call(caller, stranger.ids, place, victim.ids[place.kind])
    usual = 403 if place.kind == "dataset" else 404
    expected = OTHERWISE.get((str(operation), place.name), usual)
    assert answer.status_code == expected, answer.text


@pytest.mark.parametrize(("operation", "place"), PLACES)
def test_no_answer_tells_of_what_is_anothers(
    operation: Operation, place: Place, victim: World, stranger: World, caller: httpx.Client
) -> None:
    answer = operation.call(caller, stranger.ids, place, victim.ids[place.kind])
    assert victim.word not in answer.text and victim.user.email not in answer.text


@pytest.mark.parametrize(
    ("operation", "place"),
    [one for one in PLACES if (str(one.values[0]), one.values[1].name) not in TOLD_APART],
)
def test_what_is_anothers_is_answered_as_what_is_not_there(
    operation: Operation, place: Place, victim: World, stranger: World, caller: httpx.Client
) -> None:
    nowhere, foreign = str(uuid4()), victim.ids[place.kind]
    answers = [operation.call(caller, stranger.ids, place, one) for one in (foreign, nowhere)]
    told = [(one.status_code, one.text.replace(foreign, nowhere)) for one in answers]
    assert told[0] == told[1]


@pytest.mark.parametrize(
    ("operation", "place"),
    [one for one in PLACES if (str(one.values[0]), one.values[1].name) not in CHANGES],
)
def test_what_is_anothers_stays_as_it_is(
    operation: Operation,
    place: Place,
    server: Running,
    victim: World,
    stranger: World,
    caller: httpx.Client,
) -> None:
    before = snapshot(server, victim)
    operation.call(caller, stranger.ids, place, victim.ids[place.kind])
    assert snapshot(server, victim) == before


@pytest.mark.parametrize("kind", ["role", "tenant", "agent"])
@pytest.mark.parametrize(
    "operation", [one for one in OPERATIONS if "{principal_id}" in one.path], ids=str
)
def test_principals_of_other_tenants_are_out_of_reach(
    operation: Operation,
    kind: str,
    server: Running,
    victim: World,
    stranger: World,
    caller: httpx.Client,
) -> None:
    before = snapshot(server, victim)
    place = next(one for one in operation.places if one.name == "principal_id")
    answer = operation.call(caller, stranger.ids, place, victim.ids[kind])
    assert victim.word not in answer.text and (
        kind == "agent" or snapshot(server, victim) == before
    )


@pytest.mark.parametrize(
    "operation", [one for one in OPERATIONS if str(one) not in PUBLIC], ids=str
)
def test_nobody_calls_without_logging_in(
    operation: Operation, stranger: World, anonymous: httpx.Client
) -> None:
    assert operation.call(anonymous, stranger.ids, None).status_code == 401


def test_what_everybody_may_call_is_known() -> None:
    assert {str(one) for one in OPERATIONS if one.is_public} <= PUBLIC


def test_every_exception_is_of_a_route_that_is_there() -> None:
    known = {(str(one.values[0]), one.values[1].name) for one in PLACES}
    assert set(OTHERWISE) <= known
