"""cogx connect: log in, see how things stand, log out; and no key anywhere it can be seen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cogx.engine.connection import live
from cogx.remote.saved_login import Login, login_path, read_login, save_login
from tests.unit.remote.scripted import Asked, Says, Scripted

from .conftest import Call

NOBODY = "http://127.0.0.1:1"


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give a home of the test's own, and an environment that names no server."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in (
        "COGNEE_SERVICE_URL",
        "COGNEE_API_KEY",
        "COGNEE_CLOUD_URL",
        "COGNEE_AUTH0_DEVICE_CLIENT_ID",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("cogx.remote.server.FIRST_WAIT_S", 0.0)


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let somebody sit at the terminal."""
    monkeypatch.setattr("cogx.cli.commands.connect.is_terminal", lambda stream: True)


@pytest.fixture
def server() -> Iterator[Scripted]:
    """Give a memory server whose key is s3cret."""

    def datasets(asked: Asked) -> Any:
        refusal = Says(401, {"detail": f"no: {asked.headers.get('x-api-key')}"})
        return [{"id": "d1"}] if asked.headers.get("x-api-key") == "s3cret" else refusal

    with Scripted() as one:
        one.on("GET /health", {"status": "ready", "version": "1.6.5"})
        one.on("GET /api/v1/datasets", datasets)
        yield one


class TestLoggingIn:
    @pytest.mark.usefixtures("person")
    def test_the_key_is_asked_for_and_not_shown(self, call: Call, server: Scripted) -> None:
        told = call("connect", server.url, stdin=b"s3cret\n")
        assert told.code == 0
        assert told.out == (
            f"Connected to {server.url} (version 1.6.5), 1 dataset\n"
            f"With the key that was given; saved in {login_path()}\n"
        )
        assert told.err.startswith(f"API key of {server.url} (empty for none):")
        assert "s3cret" not in told.out + told.err
        assert read_login().login == Login(service_url=server.url, api_key="s3cret", email="local")

    def test_the_key_may_come_from_the_environment(
        self, call: Call, server: Scripted, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COGNEE_API_KEY", "s3cret")
        told = call("connect", server.url)
        assert (told.code, told.err) == (0, "")
        assert "With the key in COGNEE_API_KEY" in told.out

    def test_the_key_may_come_from_stdin(self, call: Call, server: Scripted) -> None:
        assert call("connect", server.url, "--key-stdin", stdin=b"s3cret\n").code == 0

    def test_no_key_on_stdin_is_wrong_usage(self, call: Call, server: Scripted) -> None:
        assert call("connect", server.url, "--key-stdin", stdin=b"\n").code == 2
        assert server.asked == []

    @pytest.mark.usefixtures("person")
    def test_a_key_that_was_saved_is_not_asked_for(self, call: Call, server: Scripted) -> None:
        save_login(Login(service_url=server.url, api_key="s3cret"))
        told = call("connect", server.url)
        assert (told.code, told.err) == (0, "")

    @pytest.mark.usefixtures("person")
    def test_another_key_can_be_asked_for(self, call: Call, server: Scripted) -> None:
        save_login(Login(service_url=server.url, api_key="old"))
        assert call("connect", server.url, "--ask-key", stdin=b"s3cret\n").code == 0

    @pytest.mark.usefixtures("person")
    def test_a_server_may_want_no_key(self, call: Call, server: Scripted) -> None:
        server.on("GET /api/v1/datasets", [])
        told = call("connect", server.url, stdin=b"\n")
        assert "Without a key; saved in" in told.out

    def test_nobody_is_asked_where_nobody_is(self, call: Call, server: Scripted) -> None:
        told = call("connect", server.url)
        assert told.code == 8
        assert "wants a key, and none was given" in told.err

    def test_a_key_that_is_refused_is_neither_saved_nor_shown(
        self, call: Call, server: Scripted
    ) -> None:
        told = call("connect", server.url, "--key-stdin", stdin=b"wr0ng\n")
        assert told.code == 8
        assert told.err == (
            f"error: {server.url} refused the key that was given. "
            "Does it belong to this server, and is it still valid?\n"
        )
        assert not login_path().exists()

    @pytest.mark.parametrize("extra", [(), ("--json",), ("--verbose",)])
    def test_no_output_holds_a_key(
        self, call: Call, server: Scripted, extra: tuple[str, ...]
    ) -> None:
        for key in ("s3cret", "wr0ng", "two words"):
            told = call("connect", server.url, "--key-stdin", *extra, stdin=f"{key}\n".encode())
            assert key not in told.out + told.err

    def test_a_server_that_does_not_answer_is_an_error_unless_asked(self, call: Call) -> None:
        assert call("connect", NOBODY).code == 8
        assert not login_path().exists()
        told = call("connect", NOBODY, "--allow-unreachable")
        assert told.code == 0
        assert "Connection refused" in told.err
        assert login_path().exists()

    def test_it_is_json_when_asked(self, call: Call, server: Scripted) -> None:
        plain = call("connect", server.url, "--key-stdin", "--json", stdin=b"s3cret").json()
        assert (plain["url"], plain["accepted"]) == (server.url, True)
        assert plain["saved"] == str(login_path())

    def test_a_server_that_still_wins_is_told(
        self, call: Call, server: Scripted, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COGNEE_SERVICE_URL", "https://other.example")
        told = call("connect", server.url, "--key-stdin", stdin=b"s3cret")
        assert told.err == (
            "COGNEE_SERVICE_URL names https://other.example, and wins over the saved login. "
            "Unset it.\n"
        )

    def test_nothing_stays_connected_in_this_process(self, call: Call, server: Scripted) -> None:
        call("connect", server.url, "--key-stdin", stdin=b"s3cret")
        assert live() is None


class TestCloud:
    @pytest.fixture(autouse=True)
    def cloud(self, server: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let the server be identity server and management API, too."""
        code = {
            "device_code": "device",
            "user_code": "ABCD\x1b[2J",
            "verification_uri": "https://id.example/activate",
            "interval": 0,
        }
        server.on("POST /oauth/device/code", code)
        server.on("POST /oauth/token", {"access_token": "t0ken", "refresh_token": "r0ken"})
        server.on("GET /api/tenants/current", {"id": "t1", "name": "Team"})
        server.on("GET /api/tenants/current/service-url", {"url": server.url})
        server.on("GET /api/api-keys", [{"key": "s3cret"}])
        monkeypatch.setattr("cogx.remote.login.LEAST_INTERVAL_S", 0.001)
        monkeypatch.setenv("COGNEE_AUTH0_DOMAIN", server.url)
        monkeypatch.setenv("COGNEE_AUTH0_DEVICE_CLIENT_ID", "client-1")

    def test_the_code_is_shown_even_in_quiet(self, call: Call, server: Scripted) -> None:
        told = call("connect", "--quiet", "--management-url", server.url)
        assert told.code == 0
        assert told.out == ""
        assert told.err == (
            "Open https://id.example/activate and confirm the code ABCD\\x1b[2J; "
            "it holds for 15 minutes.\n"
        )

    def test_programs_get_the_code_as_json(self, call: Call, server: Scripted) -> None:
        told = call("connect", "--json", "--management-url", server.url)
        shown = json.loads(told.err)["login"]
        assert shown["verification_uri"] == "https://id.example/activate"
        assert told.json()["tenant"] == "Team"
        assert not [word for word in ("t0ken", "r0ken", "s3cret", "device") if word in told.out]


class TestStatus:
    def test_it_says_who_and_where(self, call: Call, server: Scripted) -> None:
        save_login(
            Login(
                service_url=server.url,
                api_key="s3cret",
                email="ann@example.org",
                tenant_name="Team",
            )
        )
        told = call("connect", "--status")
        assert told.code == 0
        assert told.out == (
            f"Server {server.url} (version 1.6.5), 1 dataset\n"
            "  named by  the saved login\n"
            "  answers   yes\n"
            "  key       the saved key, taken\n"
            "  account   ann@example.org\n"
            "  tenant    Team\n"
        )

    def test_a_refused_key_ends_with_another_code(self, call: Call, server: Scripted) -> None:
        told = call("connect", server.url, "--status", "--key-stdin", stdin=b"wr0ng")
        assert told.code == 8
        assert "key       the key that was given, refused" in told.out

    def test_nothing_is_changed(self, call: Call, server: Scripted) -> None:
        call("connect", server.url, "--status", "--key-stdin", stdin=b"s3cret")
        assert not login_path().exists()

    def test_without_any_server_the_ways_out_are_named(self, call: Call) -> None:
        told = call("connect", "--status")
        assert told.code == 8
        assert "cogx connect URL" in told.err

    def test_it_is_json_when_asked(self, call: Call, server: Scripted) -> None:
        save_login(Login(service_url=server.url, api_key="s3cret"))
        told = call("connect", "--status", "--json")
        assert told.json()["source"] == "saved"
        assert "s3cret" not in told.out


class TestLoggingOut:
    def test_the_login_is_deleted(self, call: Call) -> None:
        save_login(Login(service_url=NOBODY, api_key="s3cret"))
        told = call("connect", "--logout")
        assert told.code == 0
        assert told.out == f"Logged out: {login_path()} was deleted.\n"
        assert "stays valid on the server" in told.err
        assert not login_path().exists()

    def test_there_may_be_none(self, call: Call) -> None:
        told = call("connect", "--logout")
        assert (told.code, told.out) == (0, "There was no saved login.\n")

    def test_it_is_json_when_asked(self, call: Call) -> None:
        assert call("connect", "--logout", "--json").json() == {"logged_out": False}

    def test_it_is_no_status(self, call: Call) -> None:
        assert call("connect", "--logout", "--status").code == 2


def test_help_says_what_serve_is(call: Call) -> None:
    words = " ".join(call("connect", "--help").out.split())
    assert "`cogx serve` starts a server" in words
    assert "what cognee calls serve is this command" in words
