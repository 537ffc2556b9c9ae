"""Knows how to start a server, cognee's or ours, and to log in to it; never imports either."""

from __future__ import annotations

import json
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from .session import clean_environment

DRIVER = Path(__file__).with_name("peer_server.py")
USER = "default_user@example.com"
_START_S = 180
_POLL_S = 0.2
_ANSWER_S = 60


class Server:
    """A server on loopback with a home of its own; a context manager.

    Args:
        command: that serves at ``port``.
        settings: variables of its environment.
    """

    def __init__(
        self, command: Sequence[str], home: Path, port: int, settings: Mapping[str, str]
    ) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.home = home
        self.url = f"http://127.0.0.1:{port}"
        self.log = home / "server.log"
        self.password = secrets.token_hex(16)
        self._log_file = self.log.open("wb")
        self._process = subprocess.Popen(
            command,
            cwd=home,
            env=clean_environment(home) | {"DEFAULT_USER_PASSWORD": self.password} | dict(settings),
            stdout=self._log_file,
            stderr=subprocess.STDOUT,
        )
        try:
            self._wait()
            self.key = self._new_key()
        except BaseException:
            self.stop()
            raise

    def get(self, path: str) -> Any:
        """Ask a route with the key."""
        return self._ask(path, headers={"X-Api-Key": self.key})

    def content(self, path: str) -> bytes:
        """Return the bytes of a file that a route gives with the key."""
        request = urllib.request.Request(self.url + path, headers={"X-Api-Key": self.key})
        with urllib.request.urlopen(request, timeout=_ANSWER_S) as answer:
            content: bytes = answer.read()
        return content

    def post(self, path: str, body: Any) -> Any:
        """Send JSON to a route with the key."""
        headers = {"X-Api-Key": self.key, "Content-Type": "application/json"}
        return self._ask(path, data=json.dumps(body).encode(), headers=headers)

    def dataset(self, name: str) -> str:
        """Return the id of a dataset."""
        found = [one["id"] for one in self.get("/api/v1/datasets") if one["name"] == name]
        assert len(found) == 1, f"{len(found)} datasets are called {name}"
        return str(found[0])

    def graph(self, name: str) -> dict[str, Any]:
        """Return what the server shows of a dataset's graph."""
        graph: dict[str, Any] = self.get(f"/api/v1/datasets/{self.dataset(name)}/graph")
        return graph

    def stop(self) -> None:
        """End the process."""
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log_file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _wait(self) -> None:
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            try:
                self._ask("/health")
            except (OSError, urllib.error.URLError):
                time.sleep(_POLL_S)
            else:
                return
        raise AssertionError(f"the server did not start; its log: {self.log}")

    def _new_key(self) -> str:
        form = urllib.parse.urlencode({"username": USER, "password": self.password}).encode()
        token = self._ask("/api/v1/auth/login", data=form)["access_token"]
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        answer = self._ask("/api/v1/auth/api-keys", data=b'{"name":"tests"}', headers=headers)
        return str(answer["key"])

    def _ask(
        self, path: str, data: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Any:
        request = urllib.request.Request(self.url + path, data=data, headers=headers or {})
        with urllib.request.urlopen(request, timeout=_ANSWER_S) as answer:
            return json.load(answer)


class CogneeServer(Server):
    """A real cognee's server.

    Args:
        python: of cognee's environment: 1.6.5, or another for a recording.
        settings: variables of its environment, beside those of peer_process.py.
    """

    def __init__(self, python: Path, home: Path, settings: Mapping[str, str] | None = None) -> None:
        port = _free_port()
        super().__init__(
            [str(python), str(DRIVER), str(home), str(port)], home, port, settings or {}
        )

    @property
    def root(self) -> Path:
        """Where its databases are: SYSTEM_ROOT_DIRECTORY."""
        return self.home / "system"


class CogxServer(Server):
    """``cogx serve`` as it comes: its store is Ladybug, and it has no language model.

    Args:
        settings: variables of its environment.
    """

    def __init__(self, home: Path, settings: Mapping[str, str] | None = None) -> None:
        port = _free_port()
        command = [
            sys.executable,
            "-m",
            "cogx",
            "serve",
            "--port",
            str(port),
            "--data",
            str(home / "data"),
        ]
        super().__init__(command, home, port, settings or {})


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
