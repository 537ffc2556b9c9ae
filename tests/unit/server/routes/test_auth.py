"""Users come in by registering and logging in, with tokens, cookies and keys, and nobody else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from ..running import Running, running

Client = Callable[..., httpx.Client]
PASSWORD = "correct horse"


@pytest.fixture(scope="module")
def registered(server: Running) -> str:
    """Register somebody; return the address."""
    email = f"{uuid4().hex}@Example.com"
    with server.anonymous() as client:
        client.post("/api/v1/auth/register", json={"email": email, "password": PASSWORD})
    return email


def _login(client: httpx.Client, username: str, password: str = PASSWORD) -> httpx.Response:
    form = {"username": username, "password": password}
    return client.post("/api/v1/auth/login", data=form)


def _register(client: httpx.Client, **body: Any) -> httpx.Response:
    given = {"email": f"{uuid4().hex}@example.com", "password": PASSWORD} | body
    return client.post("/api/v1/auth/register", json=given)


def test_registering_answers_with_the_user(anonymous: httpx.Client) -> None:
    answer = _register(anonymous, email="Somebody@example.com")
    told = {name: value for name, value in answer.json().items() if name != "id"}
    assert (answer.status_code, told) == (
        201,
        {
            "email": "Somebody@example.com",
            "is_active": True,
            "is_superuser": False,
            "is_verified": False,
            "tenant_id": None,
            "parent_user_id": None,
        },
    )


def test_what_else_is_sent_when_registering_changes_nothing(anonymous: httpx.Client) -> None:
    more = {"is_superuser": True, "is_verified": True, "parent_user_id": str(uuid4())}
    more |= {"tenant_id": str(uuid4()), "is_active": False}
    told = _register(anonymous, **more).json()
    assert [told[name] for name in more] == [False, False, None, None, True]


def test_an_address_is_taken_in_whatever_case(anonymous: httpx.Client, registered: str) -> None:
    answer = _register(anonymous, email=registered.upper())
    assert (answer.status_code, answer.json()["detail"]) == (400, "REGISTER_USER_ALREADY_EXISTS")


def test_the_default_users_address_is_taken_even_while_the_user_is_not_there(
    anonymous: httpx.Client,
) -> None:
    assert _register(anonymous, email="default_user@example.com").status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"password": "short12"}, id="short password"),
        pytest.param({"password": "x" * 1025}, id="endless password"),
        pytest.param({"email": "nobody"}, id="no address"),
        pytest.param({"email": "bot+1@cognee.agent"}, id="an agent's address"),
    ],
)
def test_registering_with_less_is_refused(anonymous: httpx.Client, body: dict[str, str]) -> None:
    assert _register(anonymous, **body).status_code == 400


def test_a_refusal_does_not_repeat_the_password(anonymous: httpx.Client) -> None:
    assert "short12" not in _register(anonymous, password="short12").text


def test_a_closed_server_takes_no_registrations(tmp_path: Any) -> None:
    with running(tmp_path, open_registration=False) as closed, closed.anonymous() as client:
        assert _register(client).status_code == 403


def test_logging_in_gives_a_token(anonymous: httpx.Client, registered: str) -> None:
    token = _login(anonymous, registered).json()["access_token"]
    anonymous.cookies.clear()
    headers = {"Authorization": f"Bearer {token}"}
    assert anonymous.get("/api/v1/auth/me", headers=headers).json() == {"email": registered}


def test_logging_in_gives_a_cookie(anonymous: httpx.Client, registered: str) -> None:
    _login(anonymous, registered)
    assert anonymous.get("/api/v1/auth/me").json() == {"email": registered}


def test_the_cookie_is_for_the_browser_alone(anonymous: httpx.Client, registered: str) -> None:
    told = _login(anonymous, registered).headers["set-cookie"]
    assert "HttpOnly" in told and "SameSite=lax" in told and "Path=/" in told


def test_logging_out_takes_the_cookie_back(anonymous: httpx.Client, registered: str) -> None:
    _login(anonymous, registered)
    anonymous.post("/api/v1/auth/logout")
    assert anonymous.get("/api/v1/auth/me").status_code == 401


@pytest.mark.parametrize(
    "form",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"username": "nobody@example.com", "password": PASSWORD}, id="nobody"),
        pytest.param({"username": "nobody@example.com"}, id="no password"),
    ],
)
def test_every_login_that_fails_has_one_answer(
    anonymous: httpx.Client, form: dict[str, str]
) -> None:
    answer = anonymous.post("/api/v1/auth/login", data=form)
    assert (answer.status_code, answer.json()) == (400, {"detail": "LOGIN_BAD_CREDENTIALS"})


def test_a_wrong_password_has_the_same_answer(anonymous: httpx.Client, registered: str) -> None:
    answer = _login(anonymous, registered, "wrong horse")
    assert (answer.status_code, answer.json()) == (400, {"detail": "LOGIN_BAD_CREDENTIALS"})


@pytest.fixture(scope="module")
def eleven_failures(server: Running) -> list[httpx.Response]:
    """Log in with a wrong password as somebody, eleven times."""
    with server.anonymous() as client:
        return [_login(client, "eleven@example.com", "wrong") for _ in range(11)]


def test_after_ten_logins_that_failed_the_next_has_to_wait(
    eleven_failures: list[httpx.Response],
) -> None:
    assert [one.status_code for one in eleven_failures] == [400] * 10 + [429]


def test_who_has_to_wait_is_told_how_long(eleven_failures: list[httpx.Response]) -> None:
    assert 0 < int(eleven_failures[-1].headers["retry-after"]) <= 300


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"X-Api-Key": "0" * 64}, id="nobody's key"),
        pytest.param({"X-Api-Key": ""}, id="empty key"),
        pytest.param({"Authorization": "Bearer a.b.c"}, id="no token"),
        pytest.param({"Authorization": "Basic dTpw"}, id="another scheme"),
        pytest.param({"Cookie": "auth_token=a.b.c"}, id="no token in the cookie"),
    ],
)
def test_nobody_is_told_to_log_in(anonymous: httpx.Client, headers: dict[str, str]) -> None:
    assert anonymous.get("/api/v1/auth/me", headers=headers).status_code == 401


def test_a_key_is_no_bearer_token(server: Running, anonymous: httpx.Client) -> None:
    headers = {"Authorization": f"Bearer {server.key(server.user())}"}
    assert anonymous.get("/api/v1/auth/me", headers=headers).status_code == 401


def test_a_key_goes_before_a_cookie(server: Running, client: Client, registered: str) -> None:
    user = server.user()
    one = client(user)
    _login(one, registered)
    assert one.get("/api/v1/auth/me").json() == {"email": user.email}


def test_a_key_is_shown_once(client: Client) -> None:
    one = client()
    key = one.post("/api/v1/auth/api-keys", json={"name": "mine"}).json()["key"]
    assert key not in one.get("/api/v1/auth/api-keys").text


def test_a_new_key_lets_its_user_in(client: Client, anonymous: httpx.Client) -> None:
    one = client()
    key = one.post("/api/v1/auth/api-keys").json()["key"]
    found = anonymous.get("/api/v1/auth/me", headers={"X-Api-Key": key})
    assert found.json() == one.get("/api/v1/auth/me").json()


def test_a_removed_key_lets_nobody_in(client: Client, anonymous: httpx.Client) -> None:
    one = client()
    made = one.post("/api/v1/auth/api-keys").json()
    one.delete(f"/api/v1/auth/api-keys/{made['id']}")
    found = anonymous.get("/api/v1/auth/me", headers={"X-Api-Key": made["key"]})
    assert found.status_code == 401


def test_removing_a_key_that_is_not_there_is_404(client: Client) -> None:
    assert client().delete(f"/api/v1/auth/api-keys/{uuid4()}").status_code == 404


def test_a_user_has_ten_keys_at_most(client: Client) -> None:
    one = client()  # With a key already.
    answers = [one.post("/api/v1/auth/api-keys") for _ in range(10)]
    assert [answer.status_code for answer in answers] == [200] * 9 + [400]


def test_one_key_too_many_is_refused_as_clients_expect(client: Client) -> None:
    one = client()
    answers = [one.post("/api/v1/auth/api-keys") for _ in range(10)]
    assert "message" in answers[-1].json()["error"]


def test_without_authentication_everybody_is_the_default_user(tmp_path: Any) -> None:
    with running(tmp_path, require_authentication=False) as free, free.anonymous() as client:
        told = client.get("/api/v1/auth/me").json()
    assert told == {"email": "default_user@example.com"}


def test_the_default_user_logs_in_with_the_operators_password(tmp_path: Any) -> None:
    with running(tmp_path, require_authentication=False):
        pass  # The user is there now, without a password.
    with (
        running(tmp_path, default_user_password=PASSWORD) as one,
        one.anonymous() as client,
    ):
        assert _login(client, "default_user@example.com").status_code == 200
