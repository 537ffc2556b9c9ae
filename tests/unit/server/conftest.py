"""One server for all tests of a session; each test calls as users of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest

from cogx.server.identity.users import User

from .running import Running, running


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Run a server on loopback; its store is SQLite, for speed."""
    with running(tmp_path_factory.mktemp("server")) as one:
        yield one


@pytest.fixture
def client(server: Running) -> Iterator[Callable[..., httpx.Client]]:
    """Return ``client(user=None)``: an httpx.Client that calls as a user, else as a fresh one."""
    with ExitStack() as opened:

        def make(user: User | None = None) -> httpx.Client:
            return opened.enter_context(server.client(user))

        yield make


@pytest.fixture
def anonymous(server: Running) -> Iterator[httpx.Client]:
    """Return a client that calls as nobody."""
    with server.anonymous() as one:
        yield one
