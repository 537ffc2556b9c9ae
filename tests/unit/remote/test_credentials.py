"""Which server is meant, and which key goes to it; and the file that a login is kept in."""

from __future__ import annotations

import json
import os
import stat
import threading
from pathlib import Path
from typing import Any

import pytest

from cogx.errors import BadSetting, NotConnected, OutputError
from cogx.remote.credentials import ServerAt, resolve_server
from cogx.remote.saved_login import Login, delete_login, login_path, read_login, save_login

ARGUMENT, LIVE, ENVIRONMENT, SAVED = (
    f"https://{name}.example" for name in ("argument", "live", "environment", "saved")
)
CONNECTED = ServerAt(LIVE, "live-key", "argument", "argument")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a home directory of the test's own, and an environment that names no server."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("COGNEE_SERVICE_URL", "COGNEE_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def save(**values: Any) -> Path:
    path = login_path()
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"access_token": "", **values}))
    path.chmod(0o600)
    return path


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COGNEE_SERVICE_URL", ENVIRONMENT)
    monkeypatch.setenv("COGNEE_API_KEY", "environment-key")


@pytest.fixture
def saved() -> None:
    save(service_url=SAVED, api_key="saved-key")


class TestWhichServer:
    @pytest.mark.usefixtures("environment", "saved")
    def test_the_argument_wins_over_all(self) -> None:
        at = resolve_server(ARGUMENT, "given-key", CONNECTED)
        assert (at.url, at.key, at.source) == (ARGUMENT, "given-key", "argument")

    @pytest.mark.usefixtures("environment", "saved")
    def test_the_live_connection_wins_over_environment_and_file(self) -> None:
        at = resolve_server(None, None, CONNECTED)
        assert (at.url, at.key, at.source) == (LIVE, "live-key", "connection")

    @pytest.mark.usefixtures("environment", "saved")
    def test_the_environment_wins_over_the_file(self) -> None:
        at = resolve_server()
        assert (at.url, at.key, at.source) == (ENVIRONMENT, "environment-key", "environment")

    @pytest.mark.usefixtures("saved")
    def test_the_file_is_the_last(self) -> None:
        at = resolve_server()
        assert (at.url, at.key, at.source) == (SAVED, "saved-key", "saved")

    def test_nothing_at_all_names_the_three_ways_out(self) -> None:
        with pytest.raises(NotConnected) as caught:
            resolve_server(None, "a-key-alone")
        assert isinstance(caught.value, RuntimeError)
        text = str(caught.value)
        assert all(word in text for word in ("--url", "COGNEE_SERVICE_URL", "cogx connect"))
        assert "a-key-alone" not in text

    @pytest.mark.parametrize("url", [None, "", "  "])
    @pytest.mark.usefixtures("environment")
    def test_an_empty_argument_falls_through(self, url: str | None) -> None:
        assert resolve_server(url).source == "environment"

    @pytest.mark.usefixtures("saved")
    def test_an_empty_variable_falls_through(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("COGNEE_SERVICE_URL", " ")
        assert resolve_server().source == "saved"

    def test_a_saved_login_without_url_falls_through(self) -> None:
        save(access_token="t", api_key="k")
        with pytest.raises(NotConnected):
            resolve_server()

    def test_an_address_is_made_fit(self) -> None:
        assert resolve_server(f" {ARGUMENT}/ ").url == ARGUMENT

    def test_an_address_that_is_none_says_where_it_stands(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COGNEE_SERVICE_URL", "ftp://files.example")
        with pytest.raises(BadSetting, match="COGNEE_SERVICE_URL: "):
            resolve_server()


class TestWhichKey:
    @pytest.mark.parametrize("url", [None, ARGUMENT])
    @pytest.mark.parametrize("live", [None, CONNECTED])
    @pytest.mark.usefixtures("environment", "saved")
    def test_an_explicit_key_always_wins(self, url: str | None, live: ServerAt | None) -> None:
        at = resolve_server(url, "given-key", live)
        assert (at.key, at.key_source) == ("given-key", "argument")

    @pytest.mark.usefixtures("saved")
    def test_an_explicit_key_wins_over_the_saved_one(self) -> None:
        assert resolve_server(None, "given-key").key == "given-key"

    def test_the_variable_goes_with_a_url(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("COGNEE_API_KEY", "environment-key")
        at = resolve_server(ARGUMENT)
        assert (at.key, at.key_source) == ("environment-key", "environment")

    @pytest.mark.usefixtures("saved")
    def test_the_variable_alone_does_not_replace_the_saved_key(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COGNEE_API_KEY", "environment-key")
        assert resolve_server().key == "saved-key"

    def test_the_variable_serves_a_login_that_was_saved_without_key(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        save(service_url=SAVED)
        monkeypatch.setenv("COGNEE_API_KEY", "environment-key")
        assert resolve_server().key == "environment-key"

    @pytest.mark.parametrize("url", [SAVED, "https://SAVED.example:443/below"])
    @pytest.mark.usefixtures("saved")
    def test_a_saved_key_goes_to_its_own_server(self, url: str) -> None:
        at = resolve_server(url)
        assert (at.key, at.key_source) == ("saved-key", "saved")

    @pytest.mark.parametrize(
        "url",
        [
            ARGUMENT,
            "http://saved.example",
            "https://saved.example:8443",
            "https://saved.example.evil.example",
            "https://evil.example/saved.example",
        ],
    )
    @pytest.mark.usefixtures("saved")
    def test_a_saved_key_goes_nowhere_else(self, url: str) -> None:
        assert resolve_server(url).key is None

    @pytest.mark.usefixtures("saved")
    def test_a_saved_key_does_not_go_to_the_server_of_the_environment(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COGNEE_SERVICE_URL", ENVIRONMENT)
        assert resolve_server().key is None

    def test_the_key_of_a_connection_goes_to_its_own_server(self) -> None:
        at = resolve_server(f"{LIVE}/", None, CONNECTED)
        assert (at.key, at.source, at.key_source) == ("live-key", "argument", "connection")

    def test_the_key_of_a_connection_goes_nowhere_else(self) -> None:
        assert resolve_server(ARGUMENT, None, CONNECTED).key is None

    @pytest.mark.usefixtures("environment")
    def test_a_connection_without_key_stays_without(self) -> None:
        save(service_url=LIVE, api_key="saved-key")
        assert resolve_server(None, None, ServerAt(LIVE)).key is None

    def test_white_space_around_a_key_is_not_part_of_it(self) -> None:
        assert resolve_server(ARGUMENT, " given-key\r\n").key == "given-key"

    @pytest.mark.parametrize("key", ["two words", "line\nend", "schlüssel"])
    def test_a_key_that_no_header_can_carry_is_not_shown(self, key: str) -> None:
        with pytest.raises(BadSetting, match="api_key: ") as caught:
            resolve_server(ARGUMENT, key)
        assert key not in str(caught.value)

    def test_no_repr_shows_a_key(self) -> None:
        login = Login(access_token="tok", refresh_token="ref", api_key="kk", others={"x": "yy"})
        assert "live-key" not in repr(CONNECTED)
        assert not [word for word in ("'tok'", "'ref'", "'kk'", "yy") if word in repr(login)]

    def test_a_broken_login_does_not_stand_in_the_way_of_a_url(self) -> None:
        save(service_url="http://[", api_key="saved-key")
        assert resolve_server(ARGUMENT).key is None


class TestTheFile:
    def test_it_is_the_one_of_cognee(self, home: Path) -> None:
        save_login(Login(service_url=SAVED, api_key="k", email="local"))
        path = home / ".cognee" / "cloud_credentials.json"
        assert path.read_text() == json.dumps(
            {
                "access_token": "",
                "refresh_token": None,
                "expires_at": 0.0,
                "service_url": SAVED,
                "api_key": "k",
                "management_url": "",
                "tenant_id": "",
                "tenant_name": "",
                "email": "local",
            },
            indent=2,
        )

    def test_what_is_saved_is_read(self) -> None:
        login = Login("a", "r", 1714060000.5, SAVED, "k", "https://m.example", "t1", "T", "a@b")
        save_login(login)
        assert read_login() == (login, None)

    def test_no_file_is_no_login(self) -> None:
        assert read_login() == (None, None)

    def test_only_its_owner_can_read_it(self) -> None:
        before = os.umask(0)
        try:
            path = save_login(Login())
        finally:
            os.umask(before)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700

    def test_it_is_never_readable_for_others_while_it_is_written(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        modes = []
        real = os.fsync
        monkeypatch.setattr(
            os, "fsync", lambda fd: (modes.append(os.fstat(fd).st_mode & 0o777), real(fd))[1]
        )
        save_login(Login())
        assert modes == [0o600]

    def test_a_readable_file_becomes_private_when_it_is_saved(self) -> None:
        save().chmod(0o644)
        assert stat.S_IMODE(save_login(Login()).stat().st_mode) == 0o600

    def test_unknown_keys_stay(self) -> None:
        save(service_url="https://old.example", colour="blue", nested={"a": [1]})
        save_login(Login(service_url=SAVED))
        plain = json.loads(login_path().read_text())
        assert plain["service_url"] == SAVED
        assert (plain["colour"], plain["nested"]) == ("blue", {"a": [1]})

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"{",
            b'{"access_token": "\xff"}',
            b"[]",
            b'{"api_key": "hidden"}',
            b'{"access_token": "", "api_key": 5}',
            b'{"access_token": "", "expires_at": "soon"}',
            b"[" * 100_000,
            b'{"access_token": "' + b"x" * (1 << 20) + b'"}',
        ],
        ids=["empty", "cut", "not-utf8", "list", "no-token", "number", "text", "deep", "long"],
    )
    def test_a_file_that_cannot_be_used_counts_as_absent_and_it_is_said(self, data: bytes) -> None:
        path = save()
        path.write_bytes(data)
        found = read_login()
        assert found.login is None
        assert found.note is not None
        assert str(path) in found.note
        assert "hidden" not in found.note

    def test_the_error_of_no_server_tells_of_an_unusable_file(self) -> None:
        save().write_text("{")
        with pytest.raises(NotConnected, match="is not JSON"):
            resolve_server()

    def test_null_is_absent(self) -> None:
        save(refresh_token=None, email=None, expires_at=None)
        assert read_login().login == Login()

    def test_a_file_that_others_can_read_is_used_and_it_is_said(self) -> None:
        save(service_url=SAVED, api_key="k").chmod(0o640)
        at = resolve_server()
        assert at.key == "k"
        assert "chmod 600" in at.notes[0]

    def test_a_failed_save_leaves_the_old_file_and_nothing_beside_it(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = save(service_url=SAVED)
        before = path.read_bytes()

        def full(fd: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(OutputError, match="No space left"):
            save_login(Login(service_url=ARGUMENT))
        assert path.read_bytes() == before
        assert list(path.parent.iterdir()) == [path]

    def test_a_link_stays_a_link(self, home: Path) -> None:
        path = save()
        elsewhere = home / "dotfiles.json"
        path.rename(elsewhere)
        path.symlink_to(elsewhere)
        save_login(Login(service_url=SAVED))
        assert path.is_symlink()
        assert json.loads(elsewhere.read_text())["service_url"] == SAVED

    def test_who_reads_while_others_save_reads_a_whole_login(self) -> None:
        logins = [Login(service_url=SAVED, api_key=str(n) * 2000) for n in range(4)]
        save_login(logins[0])
        writers = [
            threading.Thread(target=lambda one=one: [save_login(one) for _ in range(5)])
            for one in logins
        ]
        for writer in writers:
            writer.start()
        seen = [read_login() for _ in range(50)]
        for writer in writers:
            writer.join()
        assert all(found.login in logins for found in seen)

    def test_it_can_be_deleted_once(self) -> None:
        save()
        assert [delete_login(), delete_login()] == [True, False]

    def test_a_token_expires_a_minute_early(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("time.time", lambda: 1000.0)
        assert [Login(expires_at=at).is_expired for at in (0.0, 1060.0, 1061.0)] == [
            True,
            True,
            False,
        ]
