"""Users see and change themselves; operators change others."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import httpx
import pytest

from cogx.server.identity.users import User, user_by_id

from ..running import Running

Client = Callable[..., httpx.Client]
ME = "/api/v1/users/me"


@pytest.fixture
def operator(server: Running, client: Client) -> httpx.Client:
    return client(server.user(superuser=True))


def _token(client: httpx.Client, email: str, password: str) -> str:
    form = {"username": email, "password": password}
    answer = client.post("/api/v1/auth/login", data=form)
    client.cookies.clear()
    return str(answer.json().get("access_token", ""))


def test_a_user_sees_oneself(server: Running, client: Client) -> None:
    user = server.user()
    assert client(user).get(ME).json()["id"] == user.id


def test_no_answer_holds_what_is_kept_of_a_password(client: Client) -> None:
    answer = client().patch(ME, json={"password": "correct horse"})
    assert "argon2" not in answer.text and "password" not in answer.text


def test_a_new_password_lets_the_user_log_in(
    server: Running, client: Client, anonymous: httpx.Client
) -> None:
    user = server.user()
    client(user).patch(ME, json={"password": "correct horse"})
    assert _token(anonymous, user.email, "correct horse")


def test_a_new_password_ends_all_tokens(
    server: Running, client: Client, anonymous: httpx.Client
) -> None:
    user = server.user()
    one = client(user)
    one.patch(ME, json={"password": "correct horse"})
    headers = {"Authorization": f"Bearer {_token(anonymous, user.email, 'correct horse')}"}
    before = anonymous.get(ME, headers=headers).status_code
    one.patch(ME, json={"password": "another horse"})
    assert (before, anonymous.get(ME, headers=headers).status_code) == (200, 401)


def test_what_users_may_not_change_of_themselves_stays(client: Client) -> None:
    told = client().patch(ME, json={"is_superuser": True, "tenant_id": str(uuid4())}).json()
    assert (told["is_superuser"], told["tenant_id"]) == (False, None)


def test_an_address_of_another_cannot_be_taken(server: Running, client: Client) -> None:
    answer = client().patch(ME, json={"email": server.user().email.upper()})
    assert answer.json() == {"detail": "UPDATE_USER_EMAIL_ALREADY_EXISTS"}


def test_a_user_changes_the_address(client: Client) -> None:
    email = f"{uuid4().hex}@example.com"
    one = client()
    one.patch(ME, json={"email": email})
    assert one.get(ME).json()["email"] == email


def test_nobody_becomes_an_agent_by_an_address(client: Client) -> None:
    assert client().patch(ME, json={"email": "x@cognee.agent"}).status_code == 400


def test_the_id_of_a_user_is_found_by_address(server: Running, client: Client) -> None:
    user = server.user()
    answer = client().post("/api/v1/users/get-user-id", json={"email": user.email})
    assert answer.json() == {"user_id": user.id}


def test_an_address_of_nobody_is_404(client: Client) -> None:
    answer = client().post("/api/v1/users/get-user-id", json={"email": "nobody@example.com"})
    assert answer.status_code == 404


@pytest.mark.parametrize("known", [True, False])
def test_others_are_shown_to_operators_only(server: Running, client: Client, known: bool) -> None:
    asked = server.user().id if known else str(uuid4())
    assert client().get(f"/api/v1/users/{asked}").status_code == 403


def test_an_operator_sees_others(server: Running, operator: httpx.Client) -> None:
    user = server.user()
    assert operator.get(f"/api/v1/users/{user.id}").json()["email"] == user.email


def test_a_user_who_is_not_there_is_404_to_an_operator(operator: httpx.Client) -> None:
    assert operator.patch(f"/api/v1/users/{uuid4()}", json={}).status_code == 404


def _shut_out(operator: httpx.Client, user: User) -> None:
    operator.patch(f"/api/v1/users/{user.id}", json={"is_active": False})


def test_a_user_who_was_shut_out_may_not_call(
    server: Running, client: Client, operator: httpx.Client
) -> None:
    user = server.user()
    one = client(user)
    _shut_out(operator, user)
    assert one.get(ME).status_code == 401


def test_the_agents_of_a_user_who_was_shut_out_may_not_call(
    server: Running, client: Client, operator: httpx.Client
) -> None:
    user = server.user()
    agent = client(server.user(parent_user_id=user.id))
    _shut_out(operator, user)
    assert agent.get(ME).status_code == 401


def test_when_a_user_called_last_is_kept(server: Running, client: Client) -> None:
    user = server.user()
    client(user).get(ME)
    with server.context.database.read() as state:
        found = user_by_id(state, user.id)
    assert found is not None and found.last_active_at is not None


def test_a_second_call_within_the_minute_writes_nothing(server: Running, client: Client) -> None:
    user = server.user()
    one = client(user)
    seen = []
    for _ in range(2):
        one.get(ME)
        with server.context.database.read() as state:
            found = user_by_id(state, user.id)
        assert found is not None
        seen.append(found.last_active_at)
    assert seen[0] == seen[1]
