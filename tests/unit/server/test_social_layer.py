"""Accounts and rights come in with an archive only if a superuser asks for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from cogx.format.records import Entity
from cogx.server.identity.secrets import hashed, is_password
from cogx.server.identity.users import User, user_by_email

from .pushing import archive, ended, push
from .running import Running

Make = Callable[..., httpx.Client]
PASSWORD = "correct horse"
HASH = hashed(PASSWORD)


def account(email: str, **more: Any) -> dict[str, Any]:
    """Return somebody as an archive knows them."""
    flags = {"is_active": True, "is_superuser": False, "is_verified": True}
    return {"email": email, "hashed_password": HASH} | flags | more


def address() -> str:
    """Return an address that nobody has."""
    return f"{uuid4().hex}@example.org"


def social(owner: Any = None, *grants: tuple[dict[str, Any], list[str]]) -> bytes:
    """Return an archive that tells of an owner and of grants."""
    told = {"owner": owner, "grants": [{"user": u, "permissions": p} for u, p in grants]}
    return packed(json.dumps(told).encode())


def packed(permissions: bytes) -> bytes:
    """Return an archive with such a permissions.json."""
    return archive(Entity(external_id="a", name="Ada"), permissions=permissions)


@pytest.fixture
def operator(server: Running, client: Make) -> httpx.Client:
    """Return a client of a superuser."""
    return client(server.user(superuser=True))


def found(server: Running, email: str) -> User | None:
    """Return a user by the address."""
    with server.context.database.read() as state:
        return user_by_email(state, email)


def datasets(client: httpx.Client) -> list[dict[str, Any]]:
    """Return what the caller may read."""
    answer: list[dict[str, Any]] = client.get("/api/v1/datasets").json()
    return answer


@pytest.mark.parametrize("asks", ["true", "false"])
def test_from_anybody_else_it_is_refused_before_anything_is_kept(
    server: Running, client: Make, asks: str
) -> None:
    one, email = client(), address()
    answer = push(one, social(account(email)), include_permissions=asks)
    assert (answer.status_code, datasets(one), found(server, email)) == (403, [], None)
    assert list((server.context.places.root / "incoming").iterdir()) == []


def test_in_the_background_it_is_refused_at_once(client: Make) -> None:
    answer = push(client(), social(account(address())), run_in_background="true")
    assert answer.status_code == 403


def test_an_empty_one_is_none(client: Make) -> None:
    assert push(client(), packed(b" {} ")).status_code == 200


def test_unless_a_superuser_asks_it_is_left_out_and_told(
    server: Running, operator: httpx.Client
) -> None:
    email = address()
    (item,) = push(operator, social(account(email))).json()["items"]
    assert any("include_permissions=true" in note for note in item["notes"])
    assert found(server, email) is None


def test_the_dataset_becomes_its_owners(
    server: Running, client: Make, operator: httpx.Client
) -> None:
    email = address()
    answer = push(operator, social(account(email)), include_permissions="true").json()
    owner = found(server, email)
    assert owner is not None
    (dataset,) = datasets(client(owner))
    assert (dataset["id"], dataset["ownerId"]) == (answer["dataset_id"], owner.id)


def test_its_importer_may_read_it(operator: httpx.Client) -> None:
    answer = push(operator, social(account(address())), include_permissions="true").json()
    assert [one["id"] for one in datasets(operator)] == [answer["dataset_id"]]
    assert operator.delete(f"/api/v1/datasets/{answer['dataset_id']}").status_code == 403


def test_rights_are_given_as_they_were(
    server: Running, client: Make, operator: httpx.Client
) -> None:
    email = address()
    layer = social(account(address()), (account(email), ["read", "delete"]))
    dataset = push(operator, layer, include_permissions="true").json()["dataset_id"]
    guest = client(found(server, email))
    assert push(guest, archive(), datasetName="", datasetId=dataset).status_code == 403
    assert guest.delete(f"/api/v1/datasets/{dataset}").status_code == 200


def test_people_log_in_with_the_password_they_had(
    server: Running, anonymous: httpx.Client, operator: httpx.Client
) -> None:
    email = address()
    push(operator, social(account(email)), include_permissions="true")
    form = {"username": email, "password": PASSWORD}
    assert anonymous.post("/api/v1/auth/login", data=form).status_code == 200


def test_accounts_that_are_there_stay_as_they_are(server: Running, operator: httpx.Client) -> None:
    there = server.user()
    told = account(there.email.upper(), is_active=False)
    push(operator, social(told, (told, ["read"])), include_permissions="true")
    assert found(server, there.email) == there


def test_an_archive_makes_nobody_a_superuser(server: Running, operator: httpx.Client) -> None:
    email = address()
    told = account(email, is_superuser=True, is_verified=False)
    push(operator, social(told), include_permissions="true")
    made = found(server, email)
    assert made is not None
    assert (made.is_superuser, made.is_verified) == (False, False)


def test_who_was_shut_out_stays_so(server: Running, client: Make, operator: httpx.Client) -> None:
    email = address()
    push(operator, social(account(email, is_active=False)), include_permissions="true")
    assert client(found(server, email)).get("/api/v1/datasets").status_code == 401


@pytest.mark.parametrize(
    "kept",
    [
        HASH.replace("m=65536", "m=9999999"),
        HASH.replace("t=3", "t=99"),
        HASH.replace("p=4", "p=64"),
        HASH.replace("m=65536", "m=1"),
        "$2b$31$" + "a" * 53,
        "plain",
        "",
        "!",
    ],
    ids=["memory", "passes", "lanes", "too little", "bcrypt", "no hash", "empty", "unusable"],
)
def test_a_hash_that_is_costly_or_none_is_no_password(
    server: Running, operator: httpx.Client, kept: str
) -> None:
    email = address()
    layer = social(None, (account(email, hashed_password=kept), ["read"]))
    (item,) = push(operator, layer, include_permissions="true").json()["items"]
    made = found(server, email)
    assert made is not None
    assert not is_password(PASSWORD, made.hashed_password)
    assert "permissions.json: accounts made without a password: 1." in item["notes"]


def test_agents_are_left_out(server: Running, operator: httpx.Client) -> None:
    email = f"bot+{uuid4()}@cognee.agent"
    layer = social(None, (account(email), ["read"]))
    (item,) = push(operator, layer, include_permissions="true").json()["items"]
    assert found(server, email) is None
    assert "permissions.json: agents left out: 1." in item["notes"]


def test_no_answer_tells_of_whom_it_speaks(operator: httpx.Client) -> None:
    owner, guest = address(), address()
    layer = social(account(owner), (account(guest), ["read"]))
    answer = push(operator, layer, include_permissions="true", run_in_background="true")
    run = ended(operator, answer.json()["pipeline_run_id"])
    told = answer.text + json.dumps(run["result"])
    assert run["outcome"] == "succeeded"
    assert not any(secret in told for secret in (owner, guest, HASH))


@pytest.mark.parametrize(
    "permissions",
    [
        b"[]",
        b"no json",
        b'{"owner": {"email": "hunter2"}}',
        b'{"grants": [{"user": {"email": "a@b.c"}, "permissions": ["hunter2"]}]}',
        b'{"grants": "hunter2"}',
        b'{"owner": {"email": "a@b.c", "hashed_password": "' + b"hunter2" * 800_000 + b'"}}',
    ],
    ids=["a list", "no json", "address", "permission", "grants", "large"],
)
def test_what_is_no_social_layer_is_refused_and_never_quoted(
    operator: httpx.Client, permissions: bytes
) -> None:
    answer = push(operator, packed(permissions), include_permissions="true")
    assert (answer.status_code, answer.json()["code"]) == (400, "archive.invalid")
    assert "hunter2" not in answer.text
    assert datasets(operator) == []


def test_several_owners_are_not_guessed(operator: httpx.Client) -> None:
    form = {
        "datasetName": "kb", "content_type": "cogx-archive", "include_permissions": "true",
    }  # fmt: skip
    files = [("data", (f"{n}.tar.gz", social(account(address())))) for n in range(2)]
    assert operator.post("/api/v1/remember", data=form, files=files).status_code == 400


def test_importing_again_changes_nothing(server: Running, operator: httpx.Client) -> None:
    email = address()
    layer = social(account(email), (account(address()), ["read"]))
    first = push(operator, layer, include_permissions="true").json()
    owner = found(server, email)
    assert (
        push(operator, layer, include_permissions="true").json()["dataset_id"]
        == first["dataset_id"]
    )
    assert found(server, email) == owner
