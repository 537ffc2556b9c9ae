"""Knows how to run ``cogx serve`` as a process of its own, to end it, and to see what it leaves."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

_WAIT_S = 60
_SERVING = re.compile(r"\bserving\b.*?(http://[^\s\"]+)")
_INHERITED = ("PATH", "HOME", "LANG", "TMPDIR", "PYTHONPATH")


class Serving:
    """A server process. Everybody who calls is the default user, unless the settings say not."""

    def __init__(self, directory: Path, **settings: str) -> None:
        self.log = directory.with_suffix(".log")
        self.log.touch()
        self._begins_at = len(self.log.read_bytes())
        environment = {name: os.environ[name] for name in _INHERITED if name in os.environ} | {
            "COGX_STORE": "sqlite",
            "COGX_JSON_LOGS": "true",
            "COGX_DATA_DIR": str(directory),
            "HTTP_API_PORT": "0",
            "REQUIRE_AUTHENTICATION": "false",
        }
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "cogx", "serve"],
                env=environment | settings,
                stderr=log,
                cwd=directory.parent,
            )
        self.url = wait_for(self._url)
        self.client = httpx.Client(base_url=self.url, timeout=60, trust_env=False, verify=False)

    def lines(self) -> list[dict[str, Any]]:
        """Return what this process has logged."""
        return [json.loads(one) for one in self.text().split("\n") if one.startswith("{")]

    def text(self) -> str:
        """Return its log as it stands."""
        text = self.log.read_bytes()[self._begins_at :].decode()
        return text[: text.rfind("\n") + 1]

    def workers(self) -> list[int]:
        """Return the process ids of its workers."""
        found = []
        for thread in Path(f"/proc/{self.process.pid}/task").iterdir():
            found += map(int, (thread / "children").read_text().split())
        return [one for one in found if is_worker(one)]

    def says(self, message: str, **fields: Any) -> bool:
        """Tell whether it has logged a message with these fields."""
        wanted = {"message": message} | fields
        return any(wanted.items() <= one.items() for one in self.lines())

    def end(self, number: int) -> int:
        """Send a signal, and return the exit code."""
        self.client.close()
        self.process.send_signal(number)
        return self.process.wait(_WAIT_S)

    def _url(self) -> str | None:
        assert self.process.poll() is None, self.log.read_text()
        found = _SERVING.search(self.text())
        return found and found[1]


@contextmanager
def serving(directory: Path, **settings: str) -> Iterator[Serving]:
    """Run a server, and end it if the test has not."""
    server = Serving(directory, **settings)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.end(signal.SIGTERM)


def is_worker(pid: int) -> bool:
    """Tell whether a process is there and is a worker of a server."""
    try:
        return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_for(look: Any) -> Any:
    """Return what ``look`` returns once it is something."""
    deadline = time.monotonic() + _WAIT_S
    while not (found := look()):
        assert time.monotonic() < deadline, "it does not come"
        time.sleep(0.01)
    return found
