"""Nobody reaches, changes or learns of what is another's, whatever the route.

The routes are those of the API's own description: a new one is covered when it is there. Whoever
adds one that answers otherwise than 403 (datasets) or 404 (all else) says so here, with why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final
from uuid import uuid4

import httpx
import pytest

from cogx.server.app import create_app
from cogx.server.settings import Settings

from .operations import Operation, Place, iter_operations
from .running import Running
from .worlds import World, make_world, snapshot

OPERATIONS: Final = list(iter_operations(create_app(Settings(_env_file=None)).openapi()))
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
LETS_IN: Final = {
    (f"POST {_P}/users/{{user_id}}/tenants", "user_id"),
    (f"POST {_P}/datasets/{{principal_id}}", "principal_id"),
}
"""Whoever is to be let in need not be asked; users are found by their addresses."""
TOLD_APART: Final = LETS_IN | {
    (f"GET {_P}/principals/{{principal_id}}/datasets", "principal_id"),
    # As the seed says.
    ("GET /api/v1/agents/{agent_id}", "agent_id"),
    ("DELETE /api/v1/agents/{agent_id}", "agent_id"),
    # Answers with a new id each time.
    ("POST /api/v1/remember/entry", "datasetId"),
}
"""Where something of another's and something that is not there may be answered differently."""
OTHERWISE: Final = {
    **dict.fromkeys(LETS_IN, 200),
    (f"GET {_P}/principals/{{principal_id}}/datasets", "principal_id"): 200,
    # Taking back or removing what is not there is fine, and does nothing.
    (f"DELETE {_P}/datasets/{{principal_id}}", "principal_id"): 200,
    ("DELETE /api/v1/datasets/{dataset_id}/data/{data_id}", "data_id"): 200,
    # What the file is called where it comes from.
    ("PUT /api/sync/{dataset_id}/data/{data_id}", "data_id"): 200,
    # A filter leaves nothing.
    ("GET /api/v1/agents/connections", "agent_id"): 200,
    # An agent that is another's is told apart from one that is not there.
    ("GET /api/v1/agents/{agent_id}", "agent_id"): 403,
    ("DELETE /api/v1/agents/{agent_id}", "agent_id"): 403,
    # For operators only, whoever is asked for.
    ("GET /api/v1/users/{user_id}", "user_id"): 403,
    ("PATCH /api/v1/users/{user_id}", "user_id"): 403,
    # Names, of which everybody has one's own.
    ("POST /api/v1/cognify", "datasets"): 404,
    ("POST /api/cognify", "datasets"): 404,
    ("POST /api/v1/recall", "datasets"): 404,
    ("POST /api/v1/search", "datasets"): 404,
    ("POST /api/v1/forget", "dataset"): 404,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of calling an operation with an id of another's, and with one of nothing."""

    status: int
    text: str
    same_as_nowhere: bool
    changed: bool


@pytest.fixture(scope="module")
def victim(server: Running) -> World:
    return make_world(server)


@pytest.fixture(scope="module")
def stranger(server: Running) -> World:
    return make_world(server)


@pytest.fixture(scope="module")
def caller(server: Running, stranger: World) -> Iterator[httpx.Client]:
    with server.client_of(stranger.key) as one:
        yield one


@pytest.fixture(scope="module")
def outcome_of(server: Running, victim: World) -> Callable[[Operation, Place], Outcome]:
    """Return what calls once for all tests of one place, as somebody fresh."""

    @cache
    def called(operation: Operation, place: Place) -> Outcome:
        own = make_world(server)
        nowhere, foreign = str(uuid4()), victim.ids[place.kind]
        before = snapshot(server, victim)
        with server.client_of(own.key) as client:
            one, other = (operation.call(client, own.ids, place, id_) for id_ in (foreign, nowhere))
        return Outcome(
            one.status_code,
            one.text,
            (one.status_code, one.text.replace(foreign, nowhere))
            == (other.status_code, other.text),
            snapshot(server, victim) != before,
        )

    return called


Called = Callable[[Operation, Place], Outcome]


def _places(*without: set[tuple[str, str]]) -> Any:
    return pytest.mark.parametrize(
        ("operation", "place"),
        [
            pytest.param(operation, place, id=f"{operation} {place.where}:{place.name}")
            for operation in OPERATIONS
            for place in operation.places
            if not any((str(operation), place.name) in one for one in without)
        ],
    )


@_places()
def test_what_is_anothers_is_refused(
    operation: Operation, place: Place, outcome_of: Called
) -> None:
    usual = 403 if place.kind == "dataset" else 404
    found = outcome_of(operation, place)
    assert found.status == OTHERWISE.get((str(operation), place.name), usual), found.text


@_places()
def test_no_answer_tells_of_what_is_anothers(
    operation: Operation, place: Place, outcome_of: Called, victim: World
) -> None:
    text = outcome_of(operation, place).text
    assert victim.word not in text and victim.user.email not in text


@_places(TOLD_APART)
def test_what_is_anothers_is_answered_as_what_is_not_there(
    operation: Operation, place: Place, outcome_of: Called
) -> None:
    assert outcome_of(operation, place).same_as_nowhere


@_places(LETS_IN)
def test_what_is_anothers_stays_as_it_is(
    operation: Operation, place: Place, outcome_of: Called
) -> None:
    assert not outcome_of(operation, place).changed


@pytest.mark.parametrize("kind", ["role", "tenant"])
@pytest.mark.parametrize(
    "operation", [one for one in OPERATIONS if "{principal_id}" in one.path], ids=str
)
def test_roles_and_tenants_of_others_are_out_of_reach(
    operation: Operation, kind: str, outcome_of: Called
) -> None:
    place = next(one for one in operation.places if one.name == "principal_id")
    found = outcome_of(operation, replace(place, kind=kind))
    assert (found.same_as_nowhere, found.changed) == (True, False)


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
    known = {(str(one), place.name) for one in OPERATIONS for place in one.places}
    assert set(OTHERWISE) <= known
