"""Knows how to run a real server on loopback in this process, and how to call it as somebody."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import uvicorn

from cogx.server.app import create_app
from cogx.server.context import Context
from cogx.server.identity.users import User, add_key, add_user
from cogx.server.settings import Settings

_MOST_KEYS = 10
_WAIT_S = 30


@dataclass(frozen=True, slots=True)
class Running:
    """A server that runs: where it is, and its own context, to look behind its routes."""

    url: str
    context: Context
    app: Any

    def user(self, **properties: Any) -> User:
        """Add a user of a fresh address, who has no password: hashing one costs time."""
        with self.context.database.write() as state:
            return add_user(state, f"{uuid4().hex}@example.com", None, **properties)

    def key(self, user: User) -> str:
        """Add an API key of a user."""
        with self.context.database.write() as state:
            return str(add_key(state, user.id, "tests", _MOST_KEYS)["key"])

    def client(self, user: User | None = None) -> httpx.Client:
        """Return a client that calls as a user, else as a fresh one."""
        return self.client_of(self.key(user or self.user()))

    def client_of(self, key: str) -> httpx.Client:
        """Return a client that calls with a key."""
        return self._client({"X-Api-Key": key})

    def anonymous(self) -> httpx.Client:
        """Return a client that calls as nobody."""
        return self._client({})

    def _client(self, headers: dict[str, str]) -> httpx.Client:
        # Loopback has no certificates: not loading any saves most of the time of making a client.
        return httpx.Client(
            base_url=self.url, headers=headers, timeout=60, trust_env=False, verify=False
        )


@contextmanager
def running(directory: Path, **settings: Any) -> Iterator[Running]:
    """Run a server with a data directory of its own, and stop it."""
    app = create_app(
        Settings(_env_file=None, data_directory=directory, **({"store": "sqlite"} | settings))
    )
    server = uvicorn.Server(
        uvicorn.Config(app, port=0, log_level="warning", lifespan="on", ws="none")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        _wait(server, thread)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield Running(f"http://127.0.0.1:{port}", app.state.context, app)
    finally:
        server.should_exit = True
        thread.join()


def _wait(server: uvicorn.Server, thread: threading.Thread) -> None:
    deadline = time.monotonic() + _WAIT_S
    while not server.started:
        assert thread.is_alive() and time.monotonic() < deadline, "the server did not start"
        time.sleep(0.01)
