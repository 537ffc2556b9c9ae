"""Agents are users of their own: made by a user, known by a key, gone when they are removed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from ..running import Running

Client = Callable[..., httpx.Client]
BASE = "/api/v1/agents"


def _make(client: httpx.Client, name: str = "My Bot") -> httpx.Response:
    return client.post(f"{BASE}/create", params={"name": name})


@pytest.fixture
def parent(client: Client) -> httpx.Client:
    return client()


@pytest.fixture
def made(parent: httpx.Client) -> dict[str, Any]:
    told: dict[str, Any] = _make(parent).json()
    return told


def _as(client: httpx.Client, made: dict[str, Any]) -> dict[str, str]:
    return {"X-Api-Key": made["agentApiKey"]}


def test_a_new_agent_is_shown_with_its_key(made: dict[str, Any]) -> None:
    shown = (made["agentEmail"], len(made["agentApiKey"]), set(made))
    assert shown == ("my-bot@cognee.agent", 64, {"agentId", "agentEmail", "agentApiKey"})


def test_an_agent_is_listed_by_the_label_of_its_key(
    parent: httpx.Client, made: dict[str, Any]
) -> None:
    assert parent.get(f"{BASE}/list").json() == [
        {
            "agentId": made["agentId"],
            "agentEmail": "my-bot@cognee.agent",
            "apiKeyLabel": f"{made['agentApiKey'][:8]}****",
        }
    ]


def test_an_agent_is_shown_as_in_the_list(parent: httpx.Client, made: dict[str, Any]) -> None:
    shown = parent.get(f"{BASE}/{made['agentId']}").json()
    assert [shown] == parent.get(f"{BASE}/list").json()


def test_an_agent_calls_with_its_key(anonymous: httpx.Client, made: dict[str, Any]) -> None:
    answer = anonymous.get("/api/v1/users/me", headers=_as(anonymous, made))
    assert answer.json()["id"] == made["agentId"]


@pytest.mark.parametrize("name", ["My Bot", "my-bot", " MY BOT "])
def test_a_user_has_one_agent_of_a_name(
    parent: httpx.Client, made: dict[str, Any], name: str
) -> None:
    assert _make(parent, name).status_code == 409


def test_another_user_may_have_an_agent_of_that_name(client: Client, made: dict[str, Any]) -> None:
    assert _make(client()).status_code == 200


@pytest.mark.parametrize("name", ["", "  ", "a@b", "a+b", "a\nb", "x" * 201])
def test_a_name_that_cannot_stand_in_an_address_is_refused(parent: httpx.Client, name: str) -> None:
    assert _make(parent, name).status_code == 400


def test_an_agent_makes_no_agents(anonymous: httpx.Client, made: dict[str, Any]) -> None:
    headers = _as(anonymous, made)
    answer = anonymous.post(f"{BASE}/create", params={"name": "x"}, headers=headers)
    assert answer.status_code == 403


def test_an_agent_gets_no_password(anonymous: httpx.Client, made: dict[str, Any]) -> None:
    headers = _as(anonymous, made)
    body = {"password": "correct horse"}
    assert anonymous.patch("/api/v1/users/me", json=body, headers=headers).status_code == 400


def test_an_agent_works_where_its_parent_does(server: Running, client: Client) -> None:
    parent = client()
    tenant = parent.post("/api/v1/permissions/tenants", params={"tenant_name": "house"}).json()
    key = {"X-Api-Key": _make(parent).json()["agentApiKey"]}
    told = parent.get("/api/v1/users/me", headers=key).json()
    assert told["tenant_id"] == tenant["tenant_id"]


def test_an_agent_that_was_removed_is_gone(parent: httpx.Client, made: dict[str, Any]) -> None:
    removed = parent.delete(f"{BASE}/{made['agentId']}")
    shown = parent.get(f"{BASE}/{made['agentId']}")
    assert (removed.status_code, removed.json(), shown.status_code) == (200, None, 404)


def test_an_agent_that_was_removed_may_not_call(
    parent: httpx.Client, anonymous: httpx.Client, made: dict[str, Any]
) -> None:
    parent.delete(f"{BASE}/{made['agentId']}")
    assert anonymous.get("/api/v1/users/me", headers=_as(anonymous, made)).status_code == 401


def test_the_sessions_of_an_agent_that_was_removed_are_gone(
    parent: httpx.Client, anonymous: httpx.Client, made: dict[str, Any]
) -> None:
    body = {"agent_session_name": "one"}
    anonymous.post(f"{BASE}/register", json=body, headers=_as(anonymous, made))
    before = parent.get(f"{BASE}/connections").json()["total"]
    parent.delete(f"{BASE}/{made['agentId']}")
    assert (before, parent.get(f"{BASE}/connections").json()["total"]) == (1, 0)


def test_the_datasets_of_an_agent_that_was_removed_stay(
    parent: httpx.Client, anonymous: httpx.Client, made: dict[str, Any]
) -> None:
    body = {"name": "notes"}
    anonymous.post("/api/v1/datasets", json=body, headers=_as(anonymous, made))
    parent.delete(f"{BASE}/{made['agentId']}")
    assert [one["name"] for one in parent.get("/api/v1/datasets").json()] == ["notes"]


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_an_agent_of_another_is_403(client: Client, made: dict[str, Any], method: str) -> None:
    assert client().request(method, f"{BASE}/{made['agentId']}").status_code == 403


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_an_agent_that_is_not_there_is_404(client: Client, method: str) -> None:
    assert client().request(method, f"{BASE}/{uuid4()}").status_code == 404


def test_a_person_is_no_agent(server: Running, client: Client) -> None:
    assert client().get(f"{BASE}/{server.user().id}").status_code == 404
