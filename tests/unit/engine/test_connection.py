"""Connecting, being connected, and letting go again; with and without a URL."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cogx.engine.asynchronous import connect, disconnect
from cogx.engine.connection import connect_sync, disconnect_sync, live
from cogx.engine.standing import standing
from cogx.errors import NotConnected, OutputError, RemoteGarbled, RemoteRefused, RemoteUnavailable
from cogx.remote.credentials import resolve_server
from cogx.remote.login import DeviceCode
from cogx.remote.saved_login import Login, login_path, read_login, save_login
from tests.unit.remote.scripted import HANGS_UP, Asked, Says, Scripted

HEALTH = "GET /health"
DATASETS = "GET /api/v1/datasets"
CODE = "POST /oauth/device/code"
TOKEN = "POST /oauth/token"
TENANT = "GET /api/tenants/current"
SERVICE = "GET /api/tenants/current/service-url"
LISTED, MADE = "GET /api/api-keys", "POST /api/api-keys"
FAR = 4_000_000_000.0
NOBODY = "http://127.0.0.1:1"
"""A port that nothing listens on."""


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give a home of the test's own, no environment, no waiting, and no connection afterwards."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in (
        "COGNEE_SERVICE_URL",
        "COGNEE_API_KEY",
        "COGNEE_CLOUD_URL",
        "COGNEE_AUTH0_DOMAIN",
        "COGNEE_AUTH0_AUDIENCE",
        "COGNEE_AUTH0_DEVICE_CLIENT_ID",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("cogx.remote.login.LEAST_INTERVAL_S", 0.001)
    monkeypatch.setattr("cogx.remote.server.FIRST_WAIT_S", 0.0)
    yield
    disconnect_sync()


def with_key(*keys: str) -> Any:
    def answer(asked: Asked) -> Any:
        refusal = Says(401, {"detail": "Authentication required."})
        return [{"id": "d1"}] if asked.headers.get("x-api-key") in keys else refusal

    return answer


@pytest.fixture
def server() -> Iterator[Scripted]:
    """Give a memory server whose key is k."""
    with Scripted() as one:
        one.on(HEALTH, {"status": "ready", "version": "1.6.5"})
        one.on(DATASETS, with_key("k"))
        yield one


class TestWithUrl:
    def test_the_process_is_connected(self, server: Scripted) -> None:
        memory = connect_sync(server.url, "k")
        at = live()
        assert at is not None
        assert (memory.url, at.url, at.key) == (server.url, server.url, "k")

    def test_health_is_asked_without_the_key_and_datasets_with_it(self, server: Scripted) -> None:
        connect_sync(server.url, "k")
        assert [(one.route, one.headers.get("x-api-key")) for one in server.asked] == [
            (HEALTH, None),
            (DATASETS, "k"),
        ]

    def test_the_login_is_saved_as_cognee_saves_it(self, server: Scripted) -> None:
        connect_sync(server.url, "k")
        assert read_login().login == Login(service_url=server.url, api_key="k", email="local")

    def test_verbs_find_the_server_from_then_on(
        self, server: Scripted, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        connect_sync(server.url, "k", save=False)
        monkeypatch.setenv("COGNEE_SERVICE_URL", "https://other.example")
        assert resolve_server(None, None, live()).url == server.url

    def test_it_need_not_be_saved(self, server: Scripted) -> None:
        connect_sync(server.url, "k", save=False)
        assert not login_path().exists()

    def test_url_and_key_may_come_from_the_environment(
        self, server: Scripted, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COGNEE_SERVICE_URL", server.url)
        monkeypatch.setenv("COGNEE_API_KEY", "k")
        assert connect_sync().url == server.url

    def test_the_key_saved_for_this_server_is_used_again(self, server: Scripted) -> None:
        save_login(Login(service_url=server.url, api_key="k"))
        assert connect_sync(server.url + "/").at.key_source == "saved"

    def test_tokens_of_a_cloud_stay_when_its_server_is_named(self, server: Scripted) -> None:
        login = Login(access_token="t", refresh_token="r", service_url=server.url, api_key="k")
        save_login(login)
        connect_sync(server.url)
        assert read_login().login == login

    @pytest.mark.parametrize("status", [401, 403])
    def test_a_key_that_is_refused_saves_nothing_and_connects_nothing(
        self, server: Scripted, status: int
    ) -> None:
        server.on(DATASETS, Says(status, {"detail": "no"}))
        with pytest.raises(RemoteRefused, match="refused the key that was given") as caught:
            connect_sync(server.url, "bad-key", allow_unreachable=True)
        assert caught.value.status == status
        assert "bad-key" not in str(caught.value)
        assert (live(), login_path().exists()) == (None, False)

    def test_a_key_that_is_refused_leaves_the_connection_before(self, server: Scripted) -> None:
        connect_sync(server.url, "k")
        with pytest.raises(RemoteRefused):
            connect_sync(server.url, "wrong")
        at = live()
        assert at is not None
        assert at.key == "k"

    def test_a_missing_key_is_asked_for(self, server: Scripted) -> None:
        with pytest.raises(RemoteRefused, match="wants a key, and none was given"):
            connect_sync(server.url)

    def test_a_server_without_keys_needs_none(self, server: Scripted) -> None:
        server.on(DATASETS, [])
        assert connect_sync(server.url).at.key is None

    @pytest.mark.parametrize(
        ("health", "datasets", "error"),
        [
            (HANGS_UP, [], RemoteUnavailable),
            ({}, HANGS_UP, RemoteUnavailable),
            ({}, Says(500, {"detail": "x"}), RemoteRefused),
            ({}, Says(404), RemoteRefused),
            ({}, {"a": 1}, RemoteGarbled),
            ({}, Says(200, b"<html>"), RemoteGarbled),
        ],
    )
    def test_what_is_no_server_is_refused_unless_asked(
        self, server: Scripted, health: Any, datasets: Any, error: type[Exception]
    ) -> None:
        server.on(HEALTH, health)
        server.on(DATASETS, datasets)
        with pytest.raises(error):
            connect_sync(server.url)
        assert not login_path().exists()
        assert connect_sync(server.url, allow_unreachable=True).url == server.url
        assert login_path().exists()

    @pytest.mark.parametrize("health", [Says(404), Says(503, {"status": "not ready"}), []])
    def test_health_alone_decides_nothing(self, server: Scripted, health: Any) -> None:
        server.on(HEALTH, health)
        assert connect_sync(server.url, "k").url == server.url

    def test_a_login_that_cannot_be_saved_is_no_connection(
        self, server: Scripted, tmp_path: Path
    ) -> None:
        (tmp_path / ".cognee").write_text("in the way")
        with pytest.raises(OutputError):
            connect_sync(server.url, "k")
        assert live() is None

    def test_a_new_connection_closes_the_one_before(self, server: Scripted) -> None:
        first = connect_sync(server.url, "k")
        second = connect_sync(server.url, "k")
        assert (first.is_open, second.is_open) == (False, True)


class TestDisconnect:
    def test_it_closes_the_client_and_keeps_the_login(self, server: Scripted) -> None:
        memory = connect_sync(server.url, "k")
        assert disconnect_sync() is True
        assert (live(), memory.is_open, login_path().exists()) == (None, False, True)

    def test_it_deletes_the_login_if_asked(self, server: Scripted) -> None:
        connect_sync(server.url, "k")
        disconnect_sync(clear_saved=True)
        assert not login_path().exists()

    def test_it_tells_that_there_was_nothing(self) -> None:
        assert disconnect_sync(clear_saved=True) is False

    def test_a_client_that_was_closed_is_no_connection(self, server: Scripted) -> None:
        connect_sync(server.url, "k").close()
        assert live() is None


@pytest.fixture
def cloud(server: Scripted, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scripted]:
    """Give an identity server and a management API, in one, whose account has the server."""
    with Scripted() as one:
        one.on(
            CODE,
            {
                "device_code": "device",
                "user_code": "ABCD",
                "verification_uri": "https://id.example/activate",
                "interval": 0,
            },
        )
        tokens = {"access_token": "access", "refresh_token": "refresh", "expires_in": 3600}
        one.on(TOKEN, tokens)
        one.on(TENANT, {"id": "t1", "name": "Team"})
        one.on(SERVICE, {"service_url": server.url})
        one.on(LISTED, [{"key": "k"}])
        monkeypatch.setenv("COGNEE_AUTH0_DOMAIN", one.url)
        monkeypatch.setenv("COGNEE_CLOUD_URL", one.url)
        yield one


@pytest.fixture
def client_id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COGNEE_AUTH0_DEVICE_CLIENT_ID", "client-1")


def unseen(code: DeviceCode) -> None:
    """Show a code to nobody."""


class TestSavedLogin:
    def test_it_is_used_again_if_its_server_answers(self, server: Scripted) -> None:
        save_login(Login(service_url=server.url, api_key="k", expires_at=0.0))
        before = login_path().stat()
        assert connect_sync().url == server.url
        assert login_path().stat() == before

    def test_a_key_that_is_given_replaces_the_saved_one(self, server: Scripted) -> None:
        save_login(Login(access_token="t", service_url=server.url, api_key="old"))
        connect_sync(api_key="k")
        assert read_login().login == Login(access_token="t", service_url=server.url, api_key="k")

    def test_a_key_that_is_given_and_refused_is_an_error(self, server: Scripted) -> None:
        login = Login(service_url=server.url, api_key="k")
        save_login(login)
        with pytest.raises(RemoteRefused):
            connect_sync(api_key="wrong")
        assert read_login().login == login

    def test_nothing_saved_and_no_client_id_names_the_ways_out(self) -> None:
        with pytest.raises(NotConnected) as caught:
            connect_sync(show=unseen)
        text = str(caught.value)
        assert "COGNEE_AUTH0_DEVICE_CLIENT_ID" in text
        assert "cogx connect URL" in text

    def test_a_saved_login_that_fails_is_part_of_the_error(self) -> None:
        save_login(Login(service_url=NOBODY, api_key="k"))
        with pytest.raises(NotConnected, match=f"{NOBODY}.*COGNEE_AUTH0_DEVICE_CLIENT_ID"):
            connect_sync(show=unseen)

    def test_it_is_connected_to_although_it_does_not_answer_if_asked(self) -> None:
        save_login(Login(service_url=NOBODY, api_key="k"))
        assert connect_sync(allow_unreachable=True).url == NOBODY


@pytest.mark.usefixtures("client_id")
class TestCloud:
    def test_a_person_logs_in_and_the_login_is_saved(
        self, cloud: Scripted, server: Scripted
    ) -> None:
        shown: list[DeviceCode] = []
        assert connect_sync(show=shown.append).url == server.url
        assert [one.user_code for one in shown] == ["ABCD"]
        login = read_login().login
        assert login is not None
        assert (login.access_token, login.refresh_token) == ("access", "refresh")
        assert (login.service_url, login.api_key) == (server.url, "k")
        assert (login.management_url, login.tenant_id, login.tenant_name) == (
            cloud.url,
            "t1",
            "Team",
        )

    def test_the_next_connect_asks_nobody(self, cloud: Scripted) -> None:
        connect_sync(show=unseen)
        cloud.asked.clear()
        connect_sync()
        assert cloud.asked == []

    def test_without_somebody_to_show_the_code_to_it_is_refused(self, cloud: Scripted) -> None:
        with pytest.raises(NotConnected, match="show=print"):
            connect_sync()
        assert cloud.asked == []

    def test_a_listed_key_that_is_refused_gives_way_to_a_new_one(
        self, cloud: Scripted, server: Scripted
    ) -> None:
        server.on(DATASETS, with_key("fresh"))
        cloud.on(MADE, {"key": "fresh"})
        connect_sync(show=unseen)
        login = read_login().login
        assert login is not None
        assert login.api_key == "fresh"

    def test_keys_that_the_server_refuses_are_not_saved(
        self, cloud: Scripted, server: Scripted
    ) -> None:
        server.on(DATASETS, Says(401))
        cloud.on(MADE, {"key": "fresh"})
        with pytest.raises(NotConnected, match="takes no key of this account"):
            connect_sync(show=unseen)
        assert (live(), login_path().exists()) == (None, False)

    def test_a_server_that_is_not_up_yet_does_not_cost_the_login(
        self, cloud: Scripted, server: Scripted
    ) -> None:
        server.on(HEALTH, HANGS_UP)
        with pytest.raises(RemoteUnavailable, match="The login itself was saved"):
            connect_sync(show=unseen)
        login = read_login().login
        assert login is not None
        assert (login.access_token, login.service_url, login.api_key) == ("access", "", "")
        server.on(HEALTH, {"status": "ready"})
        assert connect_sync().url == server.url  # no ``show``: nobody is asked again

    def test_nothing_is_saved_unasked(self, cloud: Scripted, server: Scripted) -> None:
        connect_sync(show=unseen, save=False)
        server.on(HEALTH, HANGS_UP)
        with pytest.raises(RemoteUnavailable):
            connect_sync(show=unseen, save=False)
        assert not login_path().exists()

    def test_tokens_that_hold_lead_to_a_server_that_moved(
        self, cloud: Scripted, server: Scripted
    ) -> None:
        save_login(
            Login("access", "r", FAR, NOBODY, "old", cloud.url, "t1", "Team", "ann@example.org")
        )
        assert connect_sync().url == server.url
        assert cloud.asked_for(TOKEN) == []
        login = read_login().login
        assert login is not None
        assert (login.service_url, login.api_key, login.email) == (
            server.url,
            "k",
            "ann@example.org",
        )

    def test_expired_tokens_are_renewed(self, cloud: Scripted, server: Scripted) -> None:
        save_login(Login("old", "old-refresh", 5.0, NOBODY, "old", cloud.url))
        assert connect_sync().url == server.url
        assert cloud.asked_for(TOKEN)[0].form["refresh_token"] == "old-refresh"
        assert cloud.asked_for(TENANT)[0].headers["authorization"] == "Bearer access"

    def test_a_token_that_was_revoked_is_renewed(self, cloud: Scripted, server: Scripted) -> None:
        save_login(Login("revoked", "refresh", FAR, NOBODY, "old", cloud.url))
        cloud.on(
            TENANT,
            lambda asked: (
                Says(401) if "revoked" in asked.headers["authorization"] else {"id": "t1"}
            ),
        )
        assert connect_sync().url == server.url

    def test_renewed_tokens_are_kept_whatever_comes_then(self, cloud: Scripted) -> None:
        save_login(Login("old", "old-refresh", 5.0, NOBODY, "old", cloud.url))
        cloud.on(TENANT, HANGS_UP)
        with pytest.raises(RemoteUnavailable):
            connect_sync()
        login = read_login().login
        assert login is not None
        assert (login.refresh_token, login.service_url) == ("refresh", NOBODY)

    def test_where_they_cannot_be_renewed_a_person_logs_in(
        self, cloud: Scripted, server: Scripted
    ) -> None:
        save_login(Login("old", "old-refresh", 5.0, NOBODY, "old", cloud.url))
        good = {"access_token": "access", "refresh_token": "refresh"}
        cloud.on(TOKEN, Says(403, {"error": "invalid_grant"}), good)
        shown: list[DeviceCode] = []
        assert connect_sync(show=shown.append).url == server.url
        assert len(shown) == 1

    def test_a_refresh_token_goes_to_no_other_identity_server(
        self, cloud: Scripted, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        connect_sync(show=unseen)
        login = json.loads(login_path().read_text())
        login_path().write_text(json.dumps({**login, "expires_at": 5, "service_url": NOBODY}))
        with Scripted() as other:
            monkeypatch.setenv("COGNEE_AUTH0_DOMAIN", other.url)
            with pytest.raises(NotConnected, match="show=print"):
                connect_sync()
            assert other.asked == []

    def test_tokens_go_to_no_other_management_api(self, cloud: Scripted) -> None:
        save_login(Login("access", "refresh", FAR, NOBODY, "old", cloud.url))
        with Scripted() as other:
            with pytest.raises(NotConnected, match="show=print"):
                connect_sync(management_url=other.url)
            assert other.asked == []

    def test_an_account_without_tenant_gets_one(
        self, cloud: Scripted, server: Scripted, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("cogx.remote.management.time.sleep", lambda seconds: None)
        save_login(Login("access", None, FAR, NOBODY, "", cloud.url, email="ann@example.org"))
        cloud.on(TENANT, Says(404), {"id": "t2", "name": "new"})
        cloud.on("POST /api/tenants", {})
        assert connect_sync().url == server.url

    def test_an_account_without_tenant_and_address_is_said(self, cloud: Scripted) -> None:
        cloud.on(TENANT, Says(404))
        with pytest.raises(RemoteGarbled, match="scope 'email'"):
            connect_sync(show=unseen)


class TestStanding:
    def test_it_tells_who_and_where_and_never_the_key(self, server: Scripted) -> None:
        login = Login(
            service_url=server.url, api_key="k", email="ann@example.org", tenant_name="Team"
        )
        save_login(login)
        plain = standing(resolve_server()).to_json()
        assert plain == {
            "url": server.url,
            "source": "saved",
            "key_source": "saved",
            "reachable": True,
            "accepted": True,
            "version": "1.6.5",
            "datasets": 1,
            "account": "ann@example.org",
            "tenant": "Team",
            "notes": [],
        }

    def test_the_account_is_told_of_its_own_server_only(self, server: Scripted) -> None:
        save_login(Login(service_url="https://other.example", api_key="k", email="ann@b.example"))
        assert standing(resolve_server(server.url, "k")).account == ""

    def test_a_server_that_is_away_is_told(self) -> None:
        found = standing(resolve_server(NOBODY, "k"))
        assert (found.reachable, found.accepted) == (False, None)
        assert NOBODY in found.notes[0]

    def test_a_key_that_is_refused_is_told(self, server: Scripted) -> None:
        found = standing(resolve_server(server.url, "wrong"))
        assert (found.reachable, found.accepted) == (True, False)
        assert "wrong" not in str(found)

    def test_a_key_that_everybody_on_the_way_can_read_is_told(
        self, server: Scripted, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Asked through a proxy, which is here and answers itself.
        monkeypatch.setenv("http_proxy", server.url)
        server.on("GET http://memory.example/health", {"status": "ready"})
        server.on("GET http://memory.example/api/v1/datasets", [])
        assert standing(resolve_server("http://memory.example")).notes == ()
        (note,) = standing(resolve_server("http://memory.example", "k")).notes
        assert "no TLS" in note

    def test_a_server_that_is_not_ready_is_told(self, server: Scripted) -> None:
        server.on(HEALTH, Says(503, {"status": "not ready", "version": "1.6.5"}))
        found = standing(resolve_server(server.url, "k"))
        assert found.accepted
        assert found.notes == ("The server says that it is not ready.",)


class TestAwaited:
    def test_connect_gives_a_client_of_coroutines(self, server: Scripted) -> None:
        server.on("POST /api/v1/recall", [{"source": "graph"}])

        async def all_of_it() -> Any:
            client = await connect(server.url, "k")
            found = await client.recall("x")
            assert live() is not None
            return found, await disconnect(clear_saved=True), live()

        assert asyncio.run(all_of_it()) == ([{"source": "graph"}], True, None)
        assert not login_path().exists()

    @pytest.mark.usefixtures("client_id")
    def test_a_cancelled_login_stops_waiting(self, cloud: Scripted) -> None:
        cloud.on(TOKEN, Says(403, {"error": "authorization_pending"}))

        async def cancelled() -> None:
            shown = asyncio.Event()
            loop = asyncio.get_running_loop()
            task = asyncio.create_task(
                connect(show=lambda code: loop.call_soon_threadsafe(shown.set))
            )
            await shown.wait()
            task.cancel()
            await task

        with pytest.raises(asyncio.CancelledError):
            asyncio.run(cancelled())
        assert live() is None
