"""A real server that speaks Bolt, for a session of tests: ArcadeDB, started on loopback.

It is Bolt-compatible, not Neo4j: it has no APOC, and its own ways with names and labels.
"""

from __future__ import annotations

import atexit
import base64
import hashlib
import json
import secrets
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import arcadedb_embedded
import neo4j

USER = "root"
_START_S = 120
# Our end of the pipe is closed when we are done, and also when we are killed.
_UNTIL_WE_END = '"$@" & read -r _; kill -9 $!'


@dataclass(frozen=True)
class BoltServer:
    """A server at work. ``password`` belongs to ``USER``."""

    port: int
    http_port: int
    password: str

    @property
    def uri(self) -> str:
        """Where it is, as cogx takes it."""
        return f"bolt://{USER}@127.0.0.1:{self.port}"

    def command(self, text: str) -> None:
        """Let the server do what Bolt has no words for."""
        credentials = base64.b64encode(f"{USER}:{self.password}".encode()).decode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.http_port}/api/v1/server",
            data=json.dumps({"command": text}).encode(),
            headers={"Authorization": f"Basic {credentials}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            response.read()


class Database:
    """A database of the server, made new for a test."""

    def __init__(self, server: BoltServer, name: str) -> None:
        self.server = server
        self.name = name
        server.command(f"create database {name}")

    def cypher(self, query: str, **parameters: Any) -> list[list[Any]]:
        """Do what a person would do in the server's own shell."""
        credentials, port = (USER, self.server.password), self.server.port
        with (
            neo4j.GraphDatabase.driver(f"bolt://127.0.0.1:{port}", auth=credentials) as driver,
            driver.session(database=self.name) as session,
        ):
            return [list(record) for record in session.run(query, parameters)]

    def drop(self) -> None:
        """Remove it."""
        self.server.command(f"drop database {self.name}")


def database_for(server: BoltServer, place: Path) -> Database:
    """Make the database that stands for a path."""
    return Database(server, "t" + hashlib.sha256(str(place).encode()).hexdigest()[:16])


@cache
def shared_server() -> BoltServer:
    """Return the server of this test session, started by the first who asks."""
    at_work = ExitStack()
    atexit.register(at_work.close)
    directory = at_work.enter_context(
        tempfile.TemporaryDirectory(prefix="bolt-", ignore_cleanup_errors=True)
    )
    return at_work.enter_context(bolt_server(Path(directory)))


@contextmanager
def bolt_server(directory: Path) -> Iterator[BoltServer]:
    """Start a server that keeps its files in a directory; stop it at the end."""
    server = BoltServer(_free_port(), _free_port(), secrets.token_hex(16))
    package = Path(arcadedb_embedded.__file__).parent
    settings = {
        "server.rootPath": str(directory),
        "server.rootPassword": server.password,
        "server.httpIncomingHost": "127.0.0.1",
        "server.httpIncomingPort": str(server.http_port),
        "server.plugins": "Bolt:com.arcadedb.bolt.BoltProtocolPlugin",
        "bolt.host": "127.0.0.1",
        "bolt.port": str(server.port),
        "bolt.maxConnections": "256",
    }
    command = [str(package / "jre" / "bin" / "java"), "-Xmx512m"]
    # Little to do for a short time: compile quickly, not well.
    command += ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
    command += [f"-Darcadedb.{name}={value}" for name, value in settings.items()]
    command += ["-cp", str(package / "jars" / "*"), "com.arcadedb.server.ArcadeDBServer"]
    with (directory / "output").open("wb") as output:
        process = subprocess.Popen(
            ["/bin/sh", "-c", _UNTIL_WE_END, "sh", *command],
            cwd=directory,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait(server, directory / "output")
        yield server
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait()


def _wait(server: BoltServer, output: Path) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        try:
            server.command("list databases")
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"The server does not answer: {output.read_text()[-2000:]}")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
