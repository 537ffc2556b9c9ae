"""Logging in with another device, and what an account's server is: against servers of our own."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from cogx.errors import BadSetting, NotConnected, RemoteGarbled, RemoteRefused, RemoteUnavailable
from cogx.remote.login import DeviceCode, Identity, find_identity, log_in, refresh
from cogx.remote.management import Management
from tests.unit.remote.scripted import HANGS_UP, Asked, Says, Scripted

CODE = "POST /oauth/device/code"
TOKEN = "POST /oauth/token"
TENANT = "GET /api/tenants/current"

DEVICE = {
    "device_code": "device-secret",
    "user_code": "ABCD-EFGH",
    "verification_uri": "https://id.example/activate",
    "verification_uri_complete": "https://id.example/activate?user_code=ABCD-EFGH",
    "expires_in": 900,
    "interval": 5,
}
PENDING = Says(403, {"error": "authorization_pending", "error_description": "Wait."})
SLOW = Says(429, {"error": "slow_down"})


def id_token(claims: Any) -> str:
    middle = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"e30.{middle}.c2ln"


TOKENS = {
    "access_token": "access-secret",
    "refresh_token": "refresh-secret",
    "id_token": id_token({"email": "ann@example.org"}),
    "expires_in": 86400,
    "token_type": "Bearer",
}


class Clock:
    """Time that passes only where somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def monotonic(self) -> float:
        return self.now

    time = monotonic


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    one = Clock()
    monkeypatch.setattr("cogx.remote.login.time", one)
    monkeypatch.setattr("cogx.remote.management.time", one)
    return one


@pytest.fixture
def identity() -> Iterator[Scripted]:
    with Scripted() as server:
        server.on(CODE, DEVICE)
        server.on(TOKEN, TOKENS)
        yield server


def at(server: Scripted) -> Identity:
    return Identity(server.url, "client-1", "cognee:api")


def unseen(code: DeviceCode) -> None:
    """Show a code to nobody."""


class TestLogIn:
    def test_a_person_sees_the_code_and_where_to_enter_it(self, identity: Scripted) -> None:
        shown: list[DeviceCode] = []
        log_in(at(identity), shown.append)
        assert str(shown[0]) == (
            "Open https://id.example/activate?user_code=ABCD-EFGH and confirm the code "
            "ABCD-EFGH; it holds for 15 minutes."
        )

    def test_the_identity_server_hears_who_asks_for_what(self, identity: Scripted) -> None:
        log_in(at(identity), unseen)
        code, token = identity.asked
        assert code.form == {
            "client_id": "client-1",
            "scope": "openid profile email offline_access",
            "audience": "cognee:api",
        }
        assert token.form == {
            "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
            "device_code": "device-secret",
            "client_id": "client-1",
        }

    def test_it_gives_tokens_and_the_account(self, identity: Scripted) -> None:
        tokens = log_in(at(identity), unseen)
        assert (tokens.access_token, tokens.refresh_token) == ("access-secret", "refresh-secret")
        assert (tokens.expires_at, tokens.email) == (1000.0 + 5 + 86400, "ann@example.org")

    def test_it_waits_as_long_as_the_server_says(self, identity: Scripted, clock: Clock) -> None:
        identity.on(TOKEN, PENDING, PENDING, TOKENS)
        log_in(at(identity), unseen)
        assert sum(clock.slept) == 15

    def test_it_slows_down_for_good_when_told(self, identity: Scripted, clock: Clock) -> None:
        identity.on(TOKEN, SLOW, PENDING, TOKENS)
        log_in(at(identity), unseen)
        assert sum(clock.slept) == 5 + 10 + 10

    def test_without_an_interval_it_waits_five_seconds(
        self, identity: Scripted, clock: Clock
    ) -> None:
        identity.on(CODE, {k: v for k, v in DEVICE.items() if k != "interval"})
        log_in(at(identity), unseen)
        assert sum(clock.slept) == 5

    def test_it_asks_once_a_second_at_most(self, identity: Scripted, clock: Clock) -> None:
        identity.on(CODE, {**DEVICE, "interval": 0})
        identity.on(TOKEN, PENDING, TOKENS)
        log_in(at(identity), unseen)
        assert sum(clock.slept) == 2

    def test_a_refusal_in_the_browser_ends_it(self, identity: Scripted) -> None:
        identity.on(TOKEN, PENDING, Says(403, {"error": "access_denied"}), TOKENS)
        with pytest.raises(RemoteRefused, match="refused in the browser") as caught:
            log_in(at(identity), unseen)
        assert caught.value.code == "access_denied"

    def test_a_code_that_the_server_calls_expired_ends_it(self, identity: Scripted) -> None:
        identity.on(TOKEN, Says(400, {"error": "expired_token"}), TOKENS)
        with pytest.raises(RemoteRefused, match="Nobody confirmed the code in time"):
            log_in(at(identity), unseen)

    def test_it_ends_by_itself_when_the_time_is_over(
        self, identity: Scripted, clock: Clock
    ) -> None:
        identity.on(CODE, {**DEVICE, "expires_in": 12})
        identity.on(TOKEN, PENDING)
        with pytest.raises(RemoteRefused, match="Nobody confirmed the code in time"):
            log_in(at(identity), unseen)
        assert sum(clock.slept) == 12

    def test_a_client_that_is_not_known_is_said(self, identity: Scripted) -> None:
        told = {"error": "unauthorized_client", "error_description": "Grant not allowed."}
        identity.on(CODE, Says(403, told))
        with pytest.raises(RemoteRefused, match="Grant not allowed"):
            log_in(at(identity), unseen)

    def test_a_server_that_hangs_up_is_asked_less_often(
        self, identity: Scripted, clock: Clock
    ) -> None:
        identity.on(CODE, {**DEVICE, "expires_in": 60})
        identity.on(TOKEN, HANGS_UP)
        with pytest.raises(RemoteRefused, match="in time"):
            log_in(at(identity), unseen)
        # after 5 s, 10 s, 20 s, and at the end
        assert len(identity.asked_for(TOKEN)) == 4

    def test_the_wait_can_be_stopped(self, identity: Scripted) -> None:
        class Impatient:
            def begin(self, task: str, *, total: int | None, unit: str) -> None: ...

            def advance(self, amount: int) -> None:
                raise KeyboardInterrupt

            def end(self) -> None: ...

        with pytest.raises(KeyboardInterrupt):
            log_in(at(identity), unseen, progress=Impatient())
        assert identity.asked_for(TOKEN) == []

    @pytest.mark.parametrize("missing", ["device_code", "user_code", "verification_uri"])
    def test_an_answer_without_what_is_needed_is_said(
        self, identity: Scripted, missing: str
    ) -> None:
        identity.on(CODE, {k: v for k, v in DEVICE.items() if k != missing})
        with pytest.raises(RemoteGarbled, match=missing):
            log_in(at(identity), unseen)

    @pytest.mark.parametrize("answer", [{}, [], None, {"access_token": 5}])
    def test_an_answer_without_a_token_is_said(self, identity: Scripted, answer: Any) -> None:
        identity.on(TOKEN, answer)
        with pytest.raises(RemoteGarbled, match="access_token"):
            log_in(at(identity), unseen)

    def test_a_page_that_is_none_is_not_shown(self, identity: Scripted) -> None:
        identity.on(CODE, {**DEVICE, "verification_uri": "javascript:alert(1)"})
        with pytest.raises(RemoteGarbled):
            log_in(at(identity), unseen)

    @pytest.mark.parametrize(
        "token", [None, 5, "x", "a.b.c", "a.////.c", id_token([]), id_token({"email": 5})]
    )
    def test_an_account_without_address_has_none(self, identity: Scripted, token: Any) -> None:
        identity.on(TOKEN, {**TOKENS, "id_token": token})
        assert log_in(at(identity), unseen).email == ""

    def test_no_repr_shows_a_secret(self, identity: Scripted) -> None:
        shown: list[DeviceCode] = []
        tokens = log_in(at(identity), shown.append)
        assert "secret" not in f"{tokens!r} {shown!r} {shown[0]}"


class TestRefresh:
    def test_it_gives_new_tokens(self, identity: Scripted) -> None:
        identity.on(TOKEN, {**TOKENS, "access_token": "new"})
        tokens = refresh(at(identity), "old-refresh")
        assert (tokens.access_token, tokens.refresh_token) == ("new", "refresh-secret")
        assert identity.asked[0].form == {
            "grant_type": "refresh_token",
            "client_id": "client-1",
            "refresh_token": "old-refresh",
        }

    def test_a_refresh_token_that_is_not_replaced_is_kept(self, identity: Scripted) -> None:
        identity.on(TOKEN, {"access_token": "new"})
        assert refresh(at(identity), "old-refresh").refresh_token == "old-refresh"

    def test_one_that_holds_no_longer_is_refused(self, identity: Scripted) -> None:
        identity.on(TOKEN, Says(403, {"error": "invalid_grant", "error_description": "Old."}))
        with pytest.raises(RemoteRefused) as caught:
            refresh(at(identity), "old-refresh")
        assert caught.value.code == "invalid_grant"
        assert "old-refresh" not in str(caught.value)


class TestFindIdentity:
    @pytest.fixture(autouse=True)
    def bare(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("DOMAIN", "DEVICE_CLIENT_ID", "AUDIENCE"):
            monkeypatch.delenv(f"COGNEE_AUTH0_{name}", raising=False)

    def test_without_a_client_id_the_ways_out_are_named(self) -> None:
        with pytest.raises(NotConnected) as caught:
            find_identity()
        text = str(caught.value)
        names = ("COGNEE_AUTH0_DEVICE_CLIENT_ID", "cogx connect URL", "COGNEE_SERVICE_URL")
        assert all(name in text for name in names)

    def test_it_comes_from_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("COGNEE_AUTH0_DEVICE_CLIENT_ID", "c")
        monkeypatch.setenv("COGNEE_AUTH0_DOMAIN", "id.example")
        monkeypatch.setenv("COGNEE_AUTH0_AUDIENCE", "aud")
        assert find_identity() == Identity("https://id.example", "c", "aud")

    def test_arguments_win_over_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("COGNEE_AUTH0_DEVICE_CLIENT_ID", "other")
        assert find_identity("id.example", "c", "aud") == Identity("https://id.example", "c", "aud")

    def test_else_it_is_that_of_cognee(self) -> None:
        found = find_identity(client_id="c")
        assert (found.url, found.audience) == ("https://cognee.eu.auth0.com", "cognee:api")

    def test_no_login_goes_over_a_network_without_tls(self) -> None:
        with pytest.raises(BadSetting, match="https only"):
            find_identity("http://id.example", "c")


@pytest.fixture
def cloud() -> Iterator[Scripted]:
    with Scripted() as server:
        server.on(TENANT, {"id": "t1", "name": "Team"})
        server.on("GET /api/tenants/current/service-url", {"service_url": "https://t1.example/"})
        server.on("GET /api/api-keys", [{"key": "old-key"}])
        server.on("POST /api/api-keys", {"key": "new-key"})
        yield server


@pytest.fixture
def management(cloud: Scripted) -> Iterator[Management]:
    with Management(cloud.url, "access-secret") as one:
        yield one


class TestManagement:
    def test_it_is_asked_with_the_token(self, cloud: Scripted, management: Management) -> None:
        management.tenant()
        headers = cloud.asked[0].headers
        assert headers["authorization"] == "Bearer access-secret"
        assert "x-api-key" not in headers

    def test_it_knows_the_tenant(self, management: Management) -> None:
        tenant = management.tenant()
        assert tenant is not None
        assert (tenant.id, tenant.name) == ("t1", "Team")

    @pytest.mark.parametrize("answer", [Says(404, {"detail": "none"}), {}, {"id": None}])
    def test_an_account_may_have_no_tenant(
        self, cloud: Scripted, management: Management, answer: Any
    ) -> None:
        cloud.on(TENANT, answer)
        assert management.tenant() is None

    def test_a_tenant_is_made_and_waited_for(
        self, cloud: Scripted, management: Management, clock: Clock
    ) -> None:
        cloud.on(TENANT, Says(404), Says(404), {"id": "t2", "name": "new"})
        cloud.on("POST /api/tenants", Says(202, b""))
        assert management.make_tenant("ann@example.org").id == "t2"
        assert sum(clock.slept) == 15
        # uuid5 of the address in the namespace of URLs, as cognee's own pages have it
        name = "tenant-b75fe956-c8e7-5607-84c2-58bdfa6ab622"
        assert cloud.asked_for("POST /api/tenants")[0].query == f"tenant_name={name}"

    def test_a_tenant_that_does_not_come_is_given_up(
        self, cloud: Scripted, management: Management, clock: Clock
    ) -> None:
        cloud.on(TENANT, Says(404))
        cloud.on("POST /api/tenants", {"id": "t2"})
        with pytest.raises(RemoteUnavailable, match="not ready after 300 s"):
            management.make_tenant("ann@example.org")
        assert sum(clock.slept) == 300

    @pytest.mark.parametrize("name", ["service_url", "url"])
    def test_it_knows_the_server(self, cloud: Scripted, management: Management, name: str) -> None:
        cloud.on("GET /api/tenants/current/service-url", {name: "https://t1.example/"})
        assert management.service_url() == "https://t1.example"

    def test_a_server_without_address_may_come_later(
        self, cloud: Scripted, management: Management
    ) -> None:
        cloud.on("GET /api/tenants/current/service-url", {"service_url": ""})
        with pytest.raises(RemoteUnavailable, match="later"):
            management.service_url()

    def test_no_key_goes_to_a_server_without_tls(
        self, cloud: Scripted, management: Management
    ) -> None:
        cloud.on("GET /api/tenants/current/service-url", {"url": "http://t1.example"})
        with pytest.raises(BadSetting, match="https only"):
            management.service_url()

    def test_a_key_that_is_there_is_used_before_a_new_one_is_made(
        self, cloud: Scripted, management: Management
    ) -> None:
        assert next(management.usable_keys()) == "old-key"
        assert cloud.asked_for("POST /api/api-keys") == []

    def test_a_masked_key_is_no_key(self, cloud: Scripted, management: Management) -> None:
        cloud.on("GET /api/api-keys", [{"key": "0f3c****"}, {"api_key": "second"}])
        assert list(management.usable_keys()) == ["second", "new-key"]

    @pytest.mark.parametrize("listed", [[], {}, Says(500, {"detail": "x"}), ["x"]])
    def test_without_a_list_a_key_is_made(
        self, cloud: Scripted, management: Management, listed: Any
    ) -> None:
        cloud.on("GET /api/api-keys", listed)
        assert list(management.usable_keys()) == ["new-key"]

    def test_making_a_key_is_tried_three_times(
        self, cloud: Scripted, management: Management, clock: Clock
    ) -> None:
        cloud.on("GET /api/api-keys", [])
        cloud.on("POST /api/api-keys", Says(503), {"name": "no key"}, {"api_key": "third"})
        assert list(management.usable_keys()) == ["third"]
        assert clock.slept == [1, 2]

    def test_a_fourth_time_is_not_tried(self, cloud: Scripted, management: Management) -> None:
        cloud.on("GET /api/api-keys", [])
        cloud.on("POST /api/api-keys", Says(503, {"detail": "later"}))
        with pytest.raises(RemoteRefused, match="later"):
            list(management.usable_keys())
        assert len(cloud.asked_for("POST /api/api-keys")) == 3

    def test_a_token_that_holds_no_longer_is_refused(
        self, cloud: Scripted, management: Management
    ) -> None:
        def told(asked: Asked) -> Says:
            return Says(401, {"detail": f"bad: {asked.headers['authorization']}"})

        cloud.on(TENANT, told)
        with pytest.raises(RemoteRefused) as caught:
            management.tenant()
        assert caught.value.status == 401
        assert "access-secret" not in str(caught.value)
