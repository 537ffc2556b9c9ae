from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from cogx.errors import StoreBusy
from cogx.ports import Capabilities, Edge, GraphReader, GraphUpdater, Node
from cogx.stores import bolt
from cogx.testing.store_suite import StoreSuite, assert_same
from tests.unit.stores.bolt_server import BoltServer, bolt_server

KEY = "0" * 64


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BoltServer]:
    with bolt_server(tmp_path_factory.mktemp("bolt")) as started:
        yield started


class Databases:
    """Databases of one test, made when first named."""

    def __init__(self, server: BoltServer) -> None:
        self._server = server
        self._made: set[str] = set()

    def named(self, place: Path) -> str:
        name = "t" + hashlib.sha256(str(place).encode()).hexdigest()[:16]
        if name not in self._made:
            self._server.command(f"create database {name}")
            self._made.add(name)
        return name

    def drop(self) -> None:
        for name in self._made:
            self._server.command(f"drop database {name}")


class TestBolt(StoreSuite):
    capabilities: ClassVar[Capabilities] = Capabilities(snapshot=False)

    @pytest.fixture(autouse=True)
    def _databases(self, server: BoltServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        monkeypatch.setenv("COGX_STORE_PASSWORD", server.password)
        self.uri = server.uri
        self.databases = Databases(server)
        yield
        self.databases.drop()

    def open_writer(self, place: Path) -> GraphUpdater:
        writer = bolt.open_updater(self.uri, database=self.databases.named(place))
        writer.begin(KEY)
        return writer

    def open_reader(self, place: Path) -> GraphReader:
        return bolt.open_reader(self.uri, database=self.databases.named(place))

    def test_nothing_shows_before_the_end(self, place: Path) -> None:
        writer = self.open_writer(place)
        writer.write_nodes([Node("a", "T")])
        writer.write_edges([Edge("e", "a", "a", "p")])
        with pytest.raises(StoreBusy):
            self.open_reader(place)
        writer.abort()
