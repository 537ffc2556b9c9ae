"""Sessions of agents announce themselves, are seen by whom they belong to, and end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import update

from cogx.server.connections import connection_id, count_active, forget_active
from cogx.server.sessions import keep
from cogx.server.state.database import now
from cogx.server.state.tables import connections

from ..running import Running, running

Client = Callable[..., httpx.Client]
BASE = "/api/v1/agents"


def _register(client: httpx.Client, name: str = "one", **body: Any) -> httpx.Response:
    return client.post(f"{BASE}/register", json={"agent_session_name": name} | body)


def _unregister(client: httpx.Client, name: str = "one") -> httpx.Response:
    return client.post(f"{BASE}/unregister", json={"agent_session_name": name})


def _listed(client: httpx.Client, **query: Any) -> list[str]:
    found = client.get(f"{BASE}/connections", params=query).json()["agents"]
    return sorted(one["agent_session_name"] for one in found)


def _dataset(client: httpx.Client, name: str = "notes") -> str:
    return str(client.post("/api/v1/datasets", json={"name": name}).json()["id"])


@pytest.fixture
def me(client: Client) -> httpx.Client:
    return client()


def _age(server: Running, name: str, **age: float) -> None:
    """Let a session have been active last some time ago."""
    with server.context.database.write() as state:
        state.execute(
            update(connections)
            .where(connections.c.agent_session_name == name)
            .values(last_active_at=now() - timedelta(**age))
        )


@pytest.mark.parametrize(
    ("name", "base"),
    [
        ("claude code #1", "claude-code-1"),
        ("--x--", "x"),
        ("äöü", "agent"),
        ("a" * 60, "a" * 48),
        ("start" + "z" * 48, "z" * 48),
    ],
)
def test_the_id_of_a_session_begins_with_what_is_usual_in_its_name(name: str, base: str) -> None:
    assert connection_id(name, "user").rpartition("-")[0] == base


def test_a_session_of_another_user_has_another_id() -> None:
    assert connection_id("one", "user") != connection_id("one", "other")


def test_a_session_is_answered_as_it_announced_itself(server: Running, client: Client) -> None:
    user = server.user()
    told = _register(client(user), session_id="s", origin_function="f").json()
    last = told.pop("last_active_at")
    assert (last[-1], told) == (
        "Z",
        {
            "id": connection_id("one", user.id),
            "agent_session_name": "one",
            "type": "api",
            "memory_mode": "unknown",
            "session_id": "s",
            "user_id": user.id,
            "tenant_id": None,
            "datasets": [],
            "status": "active",
            "source": "api",
            "origin_function": "f",
            "metadata": {},
        },
    )


@pytest.mark.parametrize("word", ["claude_code", "unknown", "something of its own"])
@pytest.mark.parametrize("field", ["type", "memory_mode", "source"])
def test_words_are_kept_as_they_are_told(me: httpx.Client, field: str, word: str) -> None:
    assert _register(me, **{field: word}).json()[field] == word


def test_announcing_again_is_the_same_session(me: httpx.Client) -> None:
    answers = [_register(me) for _ in range(2)]
    told = ([one.status_code for one in answers], len({one.json()["id"] for one in answers}))
    assert (*told, _listed(me)) == ([201, 201], 1, ["one"])


def test_announcing_again_adds_to_the_metadata(me: httpx.Client) -> None:
    _register(me, metadata={"a": 1, "b": 1})
    assert _register(me, metadata={"b": 2}).json()["metadata"] == {"a": 1, "b": 2}


def test_a_session_that_comes_back_is_active(me: httpx.Client) -> None:
    _register(me)
    _unregister(me)
    assert _register(me).json()["status"] == "active"


def test_a_session_names_datasets_by_id_and_by_name(me: httpx.Client) -> None:
    first, second = _dataset(me, "first"), _dataset(me, "second")
    told = _register(me, dataset_ids=[first.upper()], dataset_names=["second", "first"]).json()
    assert [one["id"] for one in told["datasets"]] == [first, second]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("our_Brain", "company_brain"),
        ("wiki", "knowledge_wiki"),
        ("project_x", "project_dataset"),
        ("notes", "dataset"),
    ],
)
def test_a_dataset_is_taken_for_what_its_name_says(me: httpx.Client, name: str, kind: str) -> None:
    _dataset(me, name)
    told = _register(me, dataset_names=[name]).json()["datasets"]
    assert [(one["type"], one["role"]) for one in told] == [(kind, "read_write")]


@pytest.mark.parametrize(
    "body",
    [
        {"dataset_ids": [str(uuid4())]},
        {"dataset_ids": ["no uuid"]},
        {"dataset_names": ["nothing"]},
    ],
)
def test_a_dataset_that_may_not_be_read_is_403(me: httpx.Client, body: dict[str, Any]) -> None:
    assert _register(me, **body).status_code == 403


def test_a_session_needs_a_name(me: httpx.Client) -> None:
    assert me.post(f"{BASE}/register", json={}).status_code == 400


def test_leaving_says_how_many_are_still_there(me: httpx.Client) -> None:
    _register(me, "one")
    _register(me, "two")
    assert _unregister(me, "one").json() == {"activeAgents": 1}


def test_leaving_twice_is_fine(me: httpx.Client) -> None:
    assert _unregister(me).status_code == 200


def test_the_count_tells_nothing_of_others(client: Client, me: httpx.Client) -> None:
    _register(client())
    assert _unregister(me).json() == {"activeAgents": 0}


def test_sessions_of_others_are_not_listed(client: Client, me: httpx.Client) -> None:
    _register(client())
    assert _listed(me) == []


def test_sessions_of_own_agents_are_listed(server: Running, client: Client) -> None:
    user = server.user()
    _register(client(server.user(parent_user_id=user.id)), "agents")
    assert _listed(client(user)) == ["agents"]


def test_a_parents_sessions_are_not_listed_to_its_agent(server: Running, client: Client) -> None:
    user = server.user()
    _register(client(user))
    assert _listed(client(server.user(parent_user_id=user.id))) == []


def test_the_agent_filter_leaves_its_sessions(server: Running, client: Client) -> None:
    user = server.user()
    agent = server.user(parent_user_id=user.id)
    _register(client(user), "mine")
    _register(client(agent), "agents")
    assert _listed(client(user), agent_id=agent.id) == ["agents"]


@pytest.fixture
def both(me: httpx.Client) -> httpx.Client:
    """One session that is there, one that has left."""
    _register(me, "here")
    _register(me, "gone")
    _unregister(me, "gone")
    return me


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, ["here"]),
        ({"active_only": False}, ["gone", "here"]),
        ({"status": "active"}, ["here"]),
        ({"status": "inactive"}, ["gone"]),
        ({"status": "inactive", "active_only": True}, []),
        ({"status": "unknown"}, []),
    ],
)
def test_the_status_filters(both: httpx.Client, query: dict[str, Any], names: list[str]) -> None:
    assert _listed(both, **query) == names


@pytest.mark.parametrize(
    ("age", "ranges"),
    [
        ({"hours": 23}, {"24h", "7d", "30d", "all"}),
        ({"hours": 25}, {"7d", "30d", "all"}),
        ({"days": 8}, {"30d", "all"}),
        ({"days": 31}, {"all"}),
    ],
)
def test_the_range_filters(
    server: Running, me: httpx.Client, age: dict[str, float], ranges: set[str]
) -> None:
    name = uuid4().hex
    _register(me, name)
    _age(server, name, **age)
    found = {one for one in ("24h", "7d", "30d", "all") if _listed(me, range=one) == [name]}
    assert found == ranges


def test_by_default_the_last_thirty_days_are_listed(server: Running, me: httpx.Client) -> None:
    name = uuid4().hex
    _register(me, name)
    _age(server, name, days=31)
    assert _listed(me) == []


def test_pages_follow_each_other(me: httpx.Client) -> None:
    for number in range(3):
        _register(me, f"s{number}")
    pages = [
        me.get(f"{BASE}/connections", params={"limit": 2, "offset": offset}).json()
        for offset in (0, 2)
    ]
    told = [([one["agent_session_name"] for one in p["agents"]], p["has_more"]) for p in pages]
    assert told == [(["s2", "s1"], True), (["s0"], False)]


def test_the_total_is_that_of_all_pages(me: httpx.Client) -> None:
    for number in range(3):
        _register(me, f"s{number}")
    page = me.get(f"{BASE}/connections", params={"limit": 1}).json()
    assert [page[name] for name in ("total", "limit", "offset")] == [3, 1, 0]


@pytest.mark.parametrize(
    "query",
    [{"limit": 0}, {"limit": 501}, {"offset": -1}, {"range": "1h"}, {"status": "x"},
     {"agent_id": "x"}],
)  # fmt: skip
def test_a_filter_that_cannot_be_is_refused(me: httpx.Client, query: dict[str, Any]) -> None:
    assert me.get(f"{BASE}/connections", params=query).status_code == 400


def test_memory_sources_say_who_uses_them(me: httpx.Client) -> None:
    dataset = _dataset(me)
    agent = _register(me, dataset_ids=[dataset]).json()["id"]
    sources = me.get(f"{BASE}/connections").json()["memory_sources"]
    assert [(one["id"], one["connected_agent_ids"]) for one in sources] == [(dataset, [agent])]


def test_memory_sources_are_left_out_if_not_wanted(me: httpx.Client) -> None:
    _dataset(me)
    found = me.get(f"{BASE}/connections", params={"include_sources": False}).json()
    assert found["memory_sources"] == []


def test_a_dataset_that_is_gone_is_not_shown(me: httpx.Client) -> None:
    dataset = _dataset(me)
    _register(me, dataset_ids=[dataset])
    me.delete(f"/api/v1/datasets/{dataset}")
    assert me.get(f"{BASE}/connections/me").json()["agent"]["datasets"] == []


def test_ones_own_session_is_the_one_active_last(server: Running, me: httpx.Client) -> None:
    name = uuid4().hex
    _register(me, name)
    _register(me, "newer")
    _age(server, name, hours=1)
    shown = me.get(f"{BASE}/connections/me").json()["agent"]
    assert shown["agent_session_name"] == "newer"


def test_without_a_session_there_is_nothing_to_show(me: httpx.Client) -> None:
    answer = me.get(f"{BASE}/connections/me")
    assert (answer.status_code, answer.json()) == (404, {"detail": "connection not found"})


def test_a_session_that_left_is_shown_by_its_name(both: httpx.Client) -> None:
    query = {"agent_session_name": "gone"}
    shown = both.get(f"{BASE}/connections/me", params=query).json()["agent"]
    assert shown["status"] == "inactive"


def test_a_session_that_left_is_not_shown_otherwise(me: httpx.Client) -> None:
    _register(me)
    _unregister(me)
    assert me.get(f"{BASE}/connections/me").status_code == 404


def test_a_session_of_an_own_agent_is_shown(server: Running, client: Client) -> None:
    user = server.user()
    agent = server.user(parent_user_id=user.id)
    _register(client(agent), "agents")
    shown = client(user).get(f"{BASE}/connections/{agent.id}").json()["agent"]
    assert shown["agent_session_name"] == "agents"


def test_a_session_of_others_is_as_if_it_were_not_there(
    server: Running, client: Client, me: httpx.Client
) -> None:
    other = server.user()
    _register(client(other))
    assert me.get(f"{BASE}/connections/{other.id}").status_code == 404


@pytest.mark.parametrize(("kind", "field"), [("qa", "recent_qas"), ("trace", "recent_traces")])
def test_what_was_said_in_a_session_is_shown(
    server: Running, client: Client, kind: str, field: str
) -> None:
    user = server.user()
    _register(client(user), session_id="s")
    with server.context.database.write() as state:
        for number in range(21):
            keep(state, user.id, kind, question=str(number), session_id="s")
        keep(state, user.id, kind, question="elsewhere", session_id="t")
    shown = client(user).get(f"{BASE}/connections/me").json()[field]
    assert [one["question"] for one in shown] == [str(number) for number in range(1, 21)]


def test_a_session_without_an_id_has_said_nothing(me: httpx.Client) -> None:
    _register(me)
    shown = me.get(f"{BASE}/connections/me").json()
    assert [shown[f"recent_{one}"] for one in ("sessions", "traces", "qas")] == [[], [], []]


def test_sessions_of_users_who_no_longer_call_are_not_counted(tmp_path: Any) -> None:
    with running(tmp_path) as server, server.client() as client:
        _register(client, "silent")
        _register(client, "here")
        _age(server, "silent", minutes=10)
        with server.context.database.read() as state:
            assert [count_active(state, ttl) for ttl in (None, 300, 900)] == [2, 1, 2]


def test_a_server_that_begins_has_no_sessions(tmp_path: Any) -> None:
    with running(tmp_path) as server, server.client() as client:
        _register(client)
        with server.context.database.write() as state:
            forget_active(state)
        assert _listed(client) == []


def test_the_sessions_of_who_calls_are_kept_active(server: Running, client: Client) -> None:
    user, name = server.user(), uuid4().hex
    _register(client(user), name)
    _age(server, name, days=2)
    with server.context.database.write() as state:
        state.exec_driver_sql("UPDATE users SET last_active_at = NULL WHERE id = ?", (user.id,))
    client(user).get("/api/v1/users/me")
    assert _listed(client(user), range="24h") == [name]
