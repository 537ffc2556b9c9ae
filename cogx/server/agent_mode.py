"""Knows when a server that is there for agents only ends: some time after the last has left.

It waits without end for the first. From then on it looks once per tick, and a tick at which no
agent is connected is the last: the server ends as on SIGTERM, which lets requests and jobs end.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable
from typing import Final

from anyio import to_thread

from cogx.server.connections import count_active, forget_active
from cogx.server.settings import Settings
from cogx.server.state.database import Database

LOG: Final = logging.getLogger("cogx.server.agents")


class Watchdog:
    """Ends the server when nobody is connected any more.

    Args:
        connected: how many agents are; called in a thread.
        end: ends the server.
    """

    def __init__(
        self, tick_s: float, connected: Callable[[], int], end: Callable[[], None] | None = None
    ) -> None:
        self._tick_s = tick_s
        self._connected = connected
        self._end = end or _terminate
        self._armed = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.create_task(self._watch())

    def arm(self) -> None:
        """Say that an agent has come; any thread may."""
        self._loop.call_soon_threadsafe(self._armed.set)

    def stop(self) -> None:
        """Watch no longer."""
        self._task.cancel()

    async def _watch(self) -> None:
        await self._armed.wait()
        connected = 1
        while connected > 0:
            await asyncio.sleep(self._tick_s)
            connected = await to_thread.run_sync(self._connected)
        LOG.info("the last agent has left: the server ends")
        self._end()


def watchdog_of(settings: Settings, database: Database) -> Watchdog | None:
    """Return the watchdog of a server in agent mode; nobody is connected to one that begins."""
    if not settings.agent_mode:
        return None
    with database.write() as state:
        forget_active(state)

    def connected() -> int:
        with database.read() as state:
            return count_active(state, settings.agent_ttl_s)

    return Watchdog(settings.agent_tick_s, connected)


def _terminate() -> None:
    os.kill(os.getpid(), signal.SIGTERM)
