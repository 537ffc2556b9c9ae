"""Knows how to talk to a peer process (peer.py) from the tests' side; never imports cognee."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any

DRIVER = Path(__file__).with_name("peer.py")
QUICK = {"VECTOR_DB_SUBPROCESS_ENABLED": "false"}
"""Vectors are not looked at, and a process of their own takes seconds to begin and to end."""


class PeerFault(AssertionError):
    """The real cognee refused a command; the text is its own error and where its log is."""


class PeerSession:
    """One living cognee process with a home of its own; a context manager.

    Commands run one after another; a fault of one does not end the session.
    """

    def __init__(self, python: Path, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.home = home
        self.log = home / "peer.log"
        self._log_file = self.log.open("wb")
        self._process = subprocess.Popen(
            [str(python), str(DRIVER), "--home", str(home), "--listen"],
            cwd=home,
            env=clean_environment(home) | QUICK,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log_file,
            text=True,
            encoding="utf-8",
        )

    def run(self, *command: str | Path) -> dict[str, Any]:
        """Run one command of peer.py and return its answer; raise PeerFault on an error."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps([str(part) for part in command]) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise PeerFault(f"cognee died during {command[0]}; its log: {self.log}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise PeerFault(f"{command[0]}: {answer['error']}; its log: {self.log}")
        return answer

    def call(self, function: str, **arguments: Any) -> Any:
        """Call a function of cognee's SDK and return its answer; raise PeerFault on an error."""
        return self.run("call", function, json.dumps(arguments, default=str))["answer"]

    def __enter__(self) -> PeerSession:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the process: closing its stdin is the polite way, a kill the certain one."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._log_file.close()


def clean_environment(home: Path) -> dict[str, str]:
    """Give a peer no variable of the person who runs the tests: only what a process needs."""
    kept = ("PATH", "TMPDIR", "SYSTEMROOT", "LANG", "LC_ALL")
    variables = {name: os.environ[name] for name in kept if name in os.environ}
    return {**variables, "HOME": str(home), "PYTHONUTF8": "1"}
