"""What was done is told to those whom it concerns, and a dataset is given out whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import update

from cogx.archive.validate import validate
from cogx.format.records import Document, Entity, Fact
from cogx.server.datasets import dataset_made
from cogx.server.identity.agents import make_agent
from cogx.server.identity.rights import grant, revoke
from cogx.server.identity.tenants import add_member, make_tenant, select_tenant
from cogx.server.identity.users import User, change_user, user_by_id
from cogx.server.state.database import now
from cogx.server.state.tables import users

from ..pushing import archive, broken, push, pushed
from ..running import Running, running

NOBODYS = "00000000-0000-4000-8000-000000000000"

Make = Callable[..., httpx.Client]
ACTIVITY = "/api/v1/activity"
ADA = Entity(external_id="a", name="Ada")


@pytest.fixture
def one(client: Make) -> httpx.Client:
    """Return a client of somebody fresh."""
    return client()


def get(client: httpx.Client, path: str, **query: Any) -> Any:
    """Return the body of an answer that is one."""
    answer = client.get(f"{ACTIVITY}/{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture(scope="module")
def somebody(server: Running) -> Iterator[tuple[User, httpx.Client, list[str]]]:
    """Return (user, client, runs newest first) of somebody with two datasets."""
    user = server.user()
    with server.client(user) as one:
        made = [push(one, archive(ADA), name).json() for name in ("first", "second", "second")]
        yield user, one, [run["pipeline_run_id"] for run in reversed(made)]


def test_runs_are_told_newest_first(somebody: Any) -> None:
    _, one, made = somebody
    assert [run["pipeline_run_id"] for run in get(one, "pipeline-runs")] == made


def test_a_run_says_what_was_done_by_whom_and_what_came_of_it(somebody: Any) -> None:
    user, one, _ = somebody
    run = get(one, "pipeline-runs")[0]
    expected = {
        "kind": "pipeline", "pipeline_name": "migration_import_pipeline",
        "status": "DATASET_PROCESSING_COMPLETED", "outcome": "succeeded", "dataset_name": "second",
        "owner_id": user.id, "owner_email": user.email, "background": False, "progress": None,
        "error_class": None,
    }  # fmt: skip
    assert {name: run[name] for name in expected} == expected
    assert run["created_at"] <= run["started_at"] <= run["ended_at"]


def test_runs_are_told_page_by_page(somebody: Any) -> None:
    _, one, made = somebody
    page = get(one, "pipeline-runs", limit=1, offset=1)
    assert [run["pipeline_run_id"] for run in page] == made[1:2]


def test_runs_of_one_dataset_are_told(somebody: Any) -> None:
    _, one, made = somebody
    dataset = get(one, "pipeline-runs")[-1]["dataset_id"]
    assert [r["id"] for r in get(one, "pipeline-runs", dataset_id=dataset)] == made[2:]


def test_runs_of_one_pipeline_are_told(somebody: Any) -> None:
    assert get(somebody[1], "pipeline-runs", pipeline_name="cognify_pipeline") == []


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"dataset_id": NOBODYS}, 403),
        ({"dataset_id": "no-uuid"}, 400),
        ({"limit": 0}, 400),
        ({"limit": 501}, 400),
        ({"offset": -1}, 400),
    ],
    ids=str,
)
def test_runs_that_cannot_be_told_are_refused(
    one: httpx.Client, query: dict[str, Any], status: int
) -> None:
    assert one.get(f"{ACTIVITY}/pipeline-runs", params=query).status_code == status


def test_one_run_is_found_by_its_id(somebody: Any) -> None:
    _, one, made = somebody
    assert get(one, f"pipeline-runs/{made[0]}") == get(one, "pipeline-runs")[0]


@pytest.mark.parametrize(("run", "status"), [(NOBODYS, 404), ("no-uuid", 400)])
def test_a_run_that_is_not_there_is_not_found(one: httpx.Client, run: str, status: int) -> None:
    assert one.get(f"{ACTIVITY}/pipeline-runs/{run}").status_code == status


def test_a_run_of_anothers_is_not_found(one: httpx.Client, somebody: Any) -> None:
    assert one.get(f"{ACTIVITY}/pipeline-runs/{somebody[2][0]}").status_code == 404


def test_ones_own_run_at_what_one_may_not_read_any_more_names_nothing(
    server: Running, client: Make
) -> None:
    owner, guest = client(), server.user()
    theirs = client(guest)
    dataset = pushed(owner, ADA)
    with server.context.database.write() as state:
        grant(state, guest.id, "write", [dataset])
    made = push(theirs, archive(ADA), datasetName="", datasetId=dataset).json()
    with server.context.database.write() as state:
        revoke(state, guest.id, "write", [dataset])
    run = get(theirs, f"pipeline-runs/{made['pipeline_run_id']}")
    assert (run["outcome"], run["dataset_name"], run["owner_email"]) == ("succeeded", None, None)


@pytest.fixture
def tenant(server: Running) -> dict[str, User]:
    """Return people of one tenant by name: its owner, a member, somebody shut out, an agent."""
    found = {name: server.user() for name in ("owner", "member", "shut out")}
    with server.context.database.write() as state:
        made = make_tenant(state, found["owner"], f"t{uuid4().hex}")
        for name in ("member", "shut out"):
            add_member(state, made, found[name].id)
            select_tenant(state, found[name], made.id)
        change_user(state, found["shut out"], flags={"is_active": False})
        found = {name: user_by_id(state, user.id) or user for name, user in found.items()}
        found["agent"], _ = make_agent(state, found["member"], "My Bot")
    return found


def test_the_people_of_a_tenant_are_told(client: Make, tenant: dict[str, User]) -> None:
    found = get(client(tenant["owner"]), "users")
    assert {one["id"] for one in found} == {tenant["owner"].id, tenant["member"].id}
    assert set(found[0]) == {"id", "email", "is_superuser", "created_at"}
    assert all(one["created_at"].endswith("Z") for one in found)


def test_without_a_tenant_nobody_is_told(one: httpx.Client) -> None:
    assert get(one, "users") == []


def test_one_who_has_left_a_tenant_is_told_of_nobody(
    server: Running, client: Make, tenant: dict[str, User]
) -> None:
    stranger = server.user()
    with server.context.database.write() as state:
        here = update(users).where(users.c.id == stranger.id)
        state.execute(here.values(tenant_id=tenant["owner"].tenant_id))
    assert get(client(stranger), "users") == []


def test_agents_of_oneself_and_of_the_tenant_are_told(
    client: Make, tenant: dict[str, User]
) -> None:
    found = {one["id"]: one for one in get(client(tenant["owner"]), "agents")}
    assert set(found) == {tenant[name].id for name in ("owner", "member", "agent")}
    agent = found[tenant["agent"].id]
    expected = {
        "email": "my-bot@cognee.agent", "agent_type": "my bot", "is_agent": True,
        "agent_short_id": tenant["member"].id, "is_default": False, "api_key_count": 1,
        "status": "NEVER_CONNECTED", "last_active": None,
    }  # fmt: skip
    assert {name: agent[name] for name in expected} == expected


def test_whoever_is_alone_is_told_of_oneself_and_ones_agents(server: Running, client: Make) -> None:
    user, _ = server.user(), server.user()
    with server.context.database.write() as state:
        agent, _ = make_agent(state, user, "bot")
    found = get(client(user), "agents")
    assert {one["id"] for one in found} == {user.id, agent.id}
    me = next(one for one in found if one["id"] == user.id)
    assert (me["agent_type"], me["is_agent"]) == (user.email.partition("@")[0], False)


@pytest.mark.parametrize(("minutes", "status"), [(1, "LIVE"), (31, "INACTIVE")])
def test_who_has_called_lately_is_live(
    server: Running, client: Make, minutes: int, status: str
) -> None:
    user = server.user()
    with server.context.database.write() as state:
        agent, _ = make_agent(state, user, "bot")
        called = now() - timedelta(minutes=minutes)
        state.execute(update(users).where(users.c.id == agent.id).values(last_active_at=called))
    found = next(one for one in get(client(user), "agents") if one["is_agent"])
    assert found["status"] == status


def test_spans_are_none_where_nothing_is_traced(one: httpx.Client) -> None:
    assert get(one, "spans") == []


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Run a server that traces."""
    with running(tmp_path_factory.mktemp("traced"), tracing=True, workers=1) as server:
        yield server


def test_a_request_is_a_trace_with_the_jobs_it_made(traced: Running) -> None:
    with traced.client() as one:
        made = push(one, archive(ADA)).json()
        (trace,) = get(one, "spans")
    request, job = trace["spans"]
    assert (trace["root_name"], trace["span_count"]) == ("POST /api/v1/remember", 2)
    assert (len(trace["trace_id"]), len(request["span_id"])) == (32, 16)
    assert request["attributes"]["http.response.status_code"] == 200
    assert (job["name"], job["parent_span_id"]) == ("job import", request["span_id"])
    assert job["attributes"]["cogx.job.id"] == made["pipeline_run_id"]
    assert trace["duration_ms"] >= job["duration_ms"] > 0


def test_a_job_that_fails_is_an_error_of_its_trace(traced: Running) -> None:
    with traced.client() as one:
        assert push(one, broken(archive(ADA), b"Ada", b"Ava")).status_code == 400
        (trace,) = get(one, "spans")
    assert (trace["status"], trace["spans"][0]["status"]) == ("ERROR", "UNSET")


def test_nobody_sees_the_traces_of_others(traced: Running) -> None:
    with traced.client() as one, traced.client() as other:
        get(one, "users")
        get(other, "agents")
        names = {trace["root_name"] for trace in get(other, "spans")}
    assert names == {f"GET {ACTIVITY}/agents"}


def test_a_superuser_sees_the_traces_of_all(traced: Running) -> None:
    with traced.client() as one, traced.client(traced.user(superuser=True)) as operator:
        get(one, "users")
        assert f"GET {ACTIVITY}/users" in {t["root_name"] for t in get(operator, "spans")}


def test_spans_have_no_query(traced: Running) -> None:
    with traced.client() as one:
        one.get(f"{ACTIVITY}/pipeline-runs", params={"pipeline_name": "secret"})
        assert "secret" not in str(get(one, "spans"))


@pytest.fixture(scope="module")
def kept(server: Running) -> Iterator[tuple[httpx.Client, str]]:
    """Return (client, dataset) of a small graph."""
    with server.client() as one:
        yield (
            one,
            pushed(
                one,
                ADA,
                Entity(external_id="b", name="Babbage"),
                Document(external_id="d", content="Ada met Babbage.", title="Meeting"),
                Fact(external_id="f", subject_ref="a", predicate="met", object_ref="b"),
                name="kb-ü",
            ),
        )


def export(client: httpx.Client, dataset: str, **more: Any) -> httpx.Response:
    """Ask for a dataset."""
    return client.get(f"{ACTIVITY}/export/{dataset}", **more)


def test_a_dataset_is_given_out_as_markdown(kept: Any) -> None:
    answer = export(*kept)
    lines = answer.text.split("\n")
    assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
    assert (lines[0], lines[-1]) == ("# Dataset: kb-ü", "")
    assert "| Ada | met | Babbage |" in lines
    assert any(line.startswith("- **Meeting** (TXT, ") for line in lines)


def test_its_name_is_the_files_in_whatever_letters(kept: Any) -> None:
    assert export(*kept).headers["content-disposition"] == (
        "attachment; filename=\"kb--memory-export.md\"; filename*=UTF-8''kb-%C3%BC-memory-export.md"
    )


@pytest.mark.parametrize(
    "asked", [{"params": {"format": "cogx"}}, {"headers": {"Accept": "application/gzip"}}], ids=str
)
def test_a_dataset_is_given_out_as_an_archive(kept: Any, asked: dict[str, Any]) -> None:
    answer = export(*kept, **asked)
    assert answer.headers["content-type"] == "application/gzip"
    assert validate(BytesIO(answer.content)).counts == {"entity": 2, "document": 1, "fact": 1}


def test_a_form_that_is_none_is_400(kept: Any) -> None:
    assert export(*kept, params={"format": "pdf"}).status_code == 400


def test_a_part_of_an_archive_that_lies_outside_is_416(kept: Any) -> None:
    asked = {"params": {"format": "cogx"}, "headers": {"Range": "bytes=99999999-"}}
    assert export(*kept, **asked).status_code == 416


def test_the_same_graph_is_exported_once(kept: Any) -> None:
    one, dataset = kept
    for _ in range(2):
        export(one, dataset, params={"format": "cogx"})
    done = get(one, "pipeline-runs", dataset_id=dataset, pipeline_name="export_pipeline")
    assert len(done) == 1


def test_a_graph_that_has_changed_is_exported_anew(one: httpx.Client) -> None:
    dataset = pushed(one, ADA)
    first = export(one, dataset, params={"format": "cogx"})
    pushed(one, Entity(external_id="b", name="Babbage"))
    second = export(one, dataset, params={"format": "cogx"})
    assert first.headers["etag"] != second.headers["etag"]
    assert validate(BytesIO(second.content)).counts == {"entity": 2}


@pytest.mark.parametrize("form", ["markdown", "cogx"])
def test_a_dataset_in_which_nothing_is_is_given_out(
    server: Running, client: Make, form: str
) -> None:
    user = server.user()
    with server.context.database.write() as state:
        dataset = dataset_made(state, user, "empty").id
    answer = export(client(user), dataset, params={"format": form})
    assert answer.status_code == 200
    if form == "cogx":
        assert validate(BytesIO(answer.content)).counts == {}
    else:
        assert "0 documents | 0 entities | 0 relationships" in answer.text


@pytest.mark.parametrize(("dataset", "status"), [(NOBODYS, 403), ("no-uuid", 400)])
def test_a_dataset_of_nobody_is_not_given_out(one: httpx.Client, dataset: str, status: int) -> None:
    assert export(one, dataset).status_code == status
