"""An import asks no language model and no embedding: it opens no connection at all."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.cli.conftest import REAL, ROOT
from tests.unit.engine.file_stores import KINDS

# Every way to the network passes one of these events, whichever library it is taken by.
WATCHED = """
import json, sys
seen = []
def watch(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        seen.append(event)
sys.addaudithook(watch)
"""
IMPORT = f"""{WATCHED}
from cogx.cli.main import main
codes = [main(words) for words in json.loads(sys.argv[1])]
print(json.dumps([codes, seen]), file=sys.stderr)
"""
CONNECT = f"""{WATCHED}
import os, urllib.request
urllib.request.urlopen(os.environ["OPENAI_BASE_URL"]).read()
print(json.dumps([[], seen]), file=sys.stderr)
"""


class Endpoint:
    """A server that counts who comes, and answers as if it were a model."""

    def __init__(self) -> None:
        self.calls = 0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}/v1"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            connection, _ = self._listening.accept()
            with connection:
                asked = connection.recv(65536)
                if not asked:
                    return
                self.calls += 1
                connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    def close(self) -> None:
        socket.create_connection(self._listening.getsockname()).close()
        self._thread.join()
        self._listening.close()


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    made = Endpoint()
    yield made
    made.close()


def watched(code: str, endpoint: Endpoint, *commands: list[str]) -> tuple[list[int], list[str]]:
    """Run code whose every model and proxy is the endpoint; return its numbers and what it did."""
    pointed = ("OPENAI_BASE_URL", "LLM_ENDPOINT", "EMBEDDING_ENDPOINT", "OLLAMA_HOST")
    proxies = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    env = {
        **{name: value for name, value in os.environ.items() if name.lower() != "no_proxy"},
        **dict.fromkeys([*pointed, *proxies, *map(str.lower, proxies)], endpoint.url),
        "OPENAI_API_KEY": "unused", "LLM_API_KEY": "unused", "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(commands)],
        env=env, capture_output=True, timeout=60, check=True,
    )  # fmt: skip
    numbers, seen = json.loads(done.stderr.splitlines()[-1])
    return numbers, seen


def test_the_trap_catches(endpoint: Endpoint) -> None:
    _, seen = watched(CONNECT, endpoint)
    assert "socket.connect" in seen
    assert endpoint.calls == 1


def test_an_import_calls_nobody(endpoint: Endpoint, tmp_path: Path) -> None:
    new = [["import", str(REAL), f"{kind}:{tmp_path / kind}"] for kind in KINDS]
    again = [[*words, "--no-check"] for words in new]
    assert watched(IMPORT, endpoint, *new, *again) == ([0] * 8, [])
    assert endpoint.calls == 0


def test_the_vocabulary_calls_nobody(endpoint: Endpoint, tmp_path: Path) -> None:
    commands = [
        ["import", str(REAL), f"sqlite:{tmp_path / mode}", "--mode", mode]
        for mode in ("hybrid", "re-derive")
    ]
    assert watched(IMPORT, endpoint, *commands) == ([0, 0], [])
    assert endpoint.calls == 0
