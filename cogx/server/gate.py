"""Knows how many uploads may be received at once, and how many may wait for their turn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cogx.server.refusals import refused


class Gate:
    """Lets some in at once and some wait; whoever comes when both are full is sent away."""

    def __init__(self, at_once: int, waiting: int) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._room = at_once + waiting
        self._inside = 0

    @asynccontextmanager
    async def enter(self) -> AsyncIterator[None]:
        """Wait for a turn.

        Raises:
            Refusal: too many wait already (429).
        """
        if self._inside >= self._room:
            raise refused(
                429, "Too many uploads at once. Try again in a moment.",
                code="upload.too-many", headers={"Retry-After": "5"},
            )  # fmt: skip
        self._inside += 1
        try:
            async with self._free:
                yield
        finally:
            self._inside -= 1
