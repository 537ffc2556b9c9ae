"""A watchdog ends the server at a tick without agents, and never before the first has come."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx

from cogx.server.agent_mode import Watchdog

_TICK_S = 0.01
_WAIT_S = 30


def _watch(connected: list[int], *, armed: bool) -> list[str]:
    """Let a watchdog look at what is connected at each tick; return what it did."""
    ended: list[str] = []
    looks = iter(connected)

    async def watch() -> None:
        stop = asyncio.Event()

        def count() -> int:
            found = next(looks, None)
            if found is None:
                loop.call_soon_threadsafe(stop.set)
                return 1
            return found

        def end() -> None:
            ended.append("ended")
            stop.set()

        loop = asyncio.get_running_loop()
        watchdog = Watchdog(_TICK_S, count, end)
        if armed:
            watchdog.arm()
        else:
            loop.call_later(_TICK_S * 5, stop.set)
        await stop.wait()
        watchdog.stop()

    asyncio.run(watch())
    return ended


def test_a_tick_without_agents_ends_the_server() -> None:
    assert _watch([2, 1, 0], armed=True) == ["ended"]


def test_agents_that_are_there_keep_the_server() -> None:
    assert _watch([1, 1, 1], armed=True) == []


def test_before_the_first_agent_nothing_ends() -> None:
    assert _watch([0], armed=False) == []


class AgentServer:
    """``cogx serve --agent-mode`` in a process of its own, as an orchestrator starts it."""

    def __init__(self, directory: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self._log = (directory / "log").open("wb")
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "cogx", "serve", "--agent-mode", "--data", str(directory)],
            cwd=directory,
            env=kept
            | {
                "HTTP_API_PORT": str(port),
                "COGX_STORE": "sqlite",
                "COGX_AGENT_TICK_SECONDS": "0.2",
                "REQUIRE_AUTHENTICATION": "false",
            },
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        self.client = httpx.Client(
            base_url=f"http://127.0.0.1:{port}/api/v1/agents", trust_env=False, timeout=_WAIT_S
        )
        self._wait()

    def say(self, what: str) -> int:
        """Register or unregister the one session."""
        return self.client.post(f"/{what}", json={"agent_session_name": "one"}).status_code

    def close(self) -> None:
        self.client.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._log.close()

    def _wait(self) -> None:
        deadline = time.monotonic() + _WAIT_S
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                self.client.get("/list")
            except httpx.TransportError:
                time.sleep(0.05)
            else:
                return
        self.close()
        raise AssertionError("the server did not start")


def test_a_real_server_ends_by_itself_after_its_last_agent(tmp_path: Path) -> None:
    server = AgentServer(tmp_path)
    try:
        told = [server.say("register"), server.say("register")]
        time.sleep(0.5)  # Two ticks and more: with an agent there it lives.
        lived = server.process.poll() is None
        told.append(server.say("unregister"))
        ended = server.process.wait(_WAIT_S)
    finally:
        server.close()
    assert (told, lived, ended) == ([201, 201, 200], True, 0)
