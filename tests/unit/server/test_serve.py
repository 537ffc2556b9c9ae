"""A server listens where it is told to, or says why it cannot; PostgreSQL can keep its state."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx
import pytest
from stores import postgresql_server

from cogx.errors import BadSetting, OutputError, StoreBusy, StoreUnavailable
from cogx.server.places import Places
from cogx.server.serve import listening
from cogx.server.settings import Settings
from cogx.server.state.database import Database

from .running import running
from .serving import Serving, serving


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("serve") / "data") as one:
        yield one


def test_a_port_that_is_taken_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(BadSetting, match=f"127.0.0.1 port {port}: Address already in use"):
            listening(Settings(_env_file=None, port=port))


def test_a_host_that_is_nowhere_is_said() -> None:
    with pytest.raises(BadSetting, match=r"cannot listen at no\.such\.invalid"):
        listening(Settings(_env_file=None, host="no.such.invalid", port=0))


def test_ipv6_is_listened_at() -> None:
    with listening(Settings(_env_file=None, host="::1", port=0)) as listener:
        assert listener.family == socket.AF_INET6


def test_a_directory_is_one_servers(tmp_path: Path) -> None:
    lock = Places(tmp_path).lock()
    try:
        with pytest.raises(StoreBusy, match=r"Another server has .*process \d+ of"):
            Places(tmp_path).lock()
    finally:
        lock.release()


def test_a_directory_that_was_left_is_the_next_ones(tmp_path: Path) -> None:
    Places(tmp_path).lock().release()
    Places(tmp_path).lock().release()


def test_a_directory_that_cannot_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="COGX_DATA_DIR"):
        Places(tmp_path / "file" / "data").lock()


def test_datasets_of_the_other_store_are_not_passed_over(tmp_path: Path) -> None:
    places = Places(tmp_path, "ladybug")
    places.make()
    (places.dataset("d") / "graph.lbug").touch()
    with pytest.raises(BadSetting, match="COGX_STORE=ladybug"):
        Places(tmp_path, "sqlite").make()


def test_the_server_does_not_say_what_it_is_made_of(server: Serving) -> None:
    assert "server" not in server.client.get("/health").headers


@pytest.fixture(scope="module")
def postgresql() -> str:
    """Return the URL of a database, as SQLAlchemy takes a socket's directory."""
    host = unquote(urlsplit(postgresql_server.uri()).netloc.partition("@")[2])
    return f"postgresql://postgres@/postgres?host={host}"


def test_postgresql_keeps_the_state(tmp_path: Path, postgresql: str) -> None:
    with running(tmp_path, database_url=postgresql) as one, one.client() as client:
        made = client.post("/api/v1/datasets", json={"name": "kb"}).json()["id"]
        key = client.headers["x-api-key"]
        assert not (tmp_path / "state.sqlite").exists()
    with running(tmp_path, database_url=postgresql) as one, one.client_of(key) as client:
        assert [found["id"] for found in client.get("/api/v1/datasets").json()] == [made]


def test_jobs_are_done_with_postgresql(tmp_path: Path, postgresql: str) -> None:
    archive = Path(__file__).parents[3] / "fixtures" / "archives" / "real-small.cogx.tar.gz"
    form = {"datasetName": "kb", "content_type": "cogx-archive"}
    files = {"data": ("kb.tar.gz", archive.read_bytes())}
    with running(tmp_path, database_url=postgresql) as one, one.client() as client:
        answer = client.post("/api/v1/remember", data=form, files=files).json()
    assert (answer["status"], answer["items"][-1]["verified"]) == ("completed", True)


def test_postgresql_that_is_away_is_said() -> None:
    database = Database("postgresql+psycopg://nobody:geheim@127.0.0.1:1/none")
    with pytest.raises(StoreUnavailable, match="COGX_DATABASE_URL") as raised:
        database.migrate()
    database.close()
    assert "geheim" not in str(raised.value)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_a_server_that_is_told_to_stops_with_0(tmp_path: Path, number: int) -> None:
    with serving(tmp_path / "data") as one:
        assert one.end(number) == 0


def test_a_client_that_keeps_its_connection_does_not_hold_a_server_up(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as one, httpx.Client(base_url=one.url) as other:
        other.get("/health")
        assert one.end(signal.SIGTERM) == 0
