"""What a server needs is looked at beforehand, and nothing stays changed by that."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import update

from cogx.server.check import Finding, check
from cogx.server.places import Places
from cogx.server.settings import Settings
from cogx.server.state.database import Database
from cogx.server.state.tables import meta


def found(name: str, directory: Path, **settings: Any) -> Finding:
    made = Settings(_env_file=None, data_directory=directory, **({"port": 0} | settings))
    return next(one for one in check(made) if one.name == name)


def with_state(directory: Path) -> Database:
    database = Database(Settings(_env_file=None, data_directory=directory).state_url)
    database.migrate()
    return database


def test_on_a_fresh_machine_all_is_well_and_nothing_is_made(tmp_path: Path) -> None:
    findings = check(Settings(_env_file=None, data_directory=tmp_path / "data", port=0))
    assert [one for one in findings if not one.ok] == []
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "cannot be made" in found("data directory", tmp_path / "file" / "data").text


def test_a_directory_that_another_server_has_is_said(tmp_path: Path) -> None:
    lock = Places(tmp_path).lock()
    try:
        assert "Another server has" in found("data directory", tmp_path).text
    finally:
        lock.release()


def test_a_directory_that_others_can_read_is_said(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    finding = found("data directory", tmp_path)
    assert (finding.ok, "chmod 700" in finding.text) == (True, True)


def test_the_version_of_the_tables_is_told(tmp_path: Path) -> None:
    with_state(tmp_path).close()
    assert found("database", tmp_path).text.endswith(", tables 1")


def test_tables_of_a_newer_cogx_are_said(tmp_path: Path) -> None:
    database = with_state(tmp_path)
    with database.write() as state:
        state.execute(update(meta).values(value="99"))
    database.close()
    assert "made by a newer cogx" in found("database", tmp_path).text


def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "state.sqlite").write_bytes(b"no database, but long enough to be looked at" * 50)
    assert not found("database", tmp_path).ok


def test_a_database_that_does_not_answer_is_said_without_its_password(tmp_path: Path) -> None:
    finding = found("database", tmp_path, database_url="postgresql://u:geheim@127.0.0.1:1/x")
    assert (finding.ok, "geheim" in finding.text) == (False, False)


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        assert not found("address", tmp_path, port=other.getsockname()[1]).ok


def test_a_deriver_that_is_not_there_is_said(tmp_path: Path) -> None:
    assert "Unknown deriver" in found("deriver", tmp_path, deriver="none").text


class Model(BaseHTTPRequestHandler):
    """An endpoint of which only the list of models is wanted; the key is the status."""

    def do_GET(self) -> None:
        status = int(self.headers["Authorization"].removeprefix("Bearer "))
        body = b'{"data": [{"id": "small"}]}'
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture(scope="module")
def model() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Model) as endpoint:
        thread = Thread(target=endpoint.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{endpoint.server_address[1]}/v1"
        endpoint.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("asked", "ok", "said"),
    [
        (("200", "small"), True, "answers; small"),
        (("200", "large"), True, "does not list large"),
        (("404", "small"), True, "no list of models"),
        (("401", "small"), False, "401"),
    ],
)
def test_the_language_model_is_asked(
    tmp_path: Path, model: str, asked: tuple[str, str], ok: bool, said: str
) -> None:
    key, name = asked
    finding = found("language model", tmp_path, llm_url=model, llm_model=name, llm_api_key=key)
    assert (finding.ok, said in finding.text) == (ok, True), finding
