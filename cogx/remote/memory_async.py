"""Knows the verbs of a memory server as coroutines: the work runs in a thread; knows no route."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Self, TypeVar
from uuid import UUID

from cogx.remote.form import Piece
from cogx.remote.memory import DEFAULT_DATASET, MemoryClient

Result = TypeVar("Result")


class AsyncMemoryClient:
    """A connected memory server, as coroutines; each does what :class:`MemoryClient` says.

    The work runs in a thread. A cancelled task does not wait for the server, which may still do
    what it was asked.
    """

    def __init__(self, memory: MemoryClient) -> None:
        self.blocking = memory
        """The same verbs without ``await``."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"

    @property
    def url(self) -> str:
        """The base URL of the server."""
        return self.blocking.url

    async def remember(
        self, data: Piece | Iterable[Piece], dataset_name: str = DEFAULT_DATASET, **options: Any
    ) -> dict[str, Any]:
        """Hand texts or files to the server; see :meth:`MemoryClient.remember`."""
        return await _in_thread(self.blocking.remember, data, dataset_name, **options)

    async def recall(
        self, query_text: str, query_type: str | None = None, **options: Any
    ) -> list[dict[str, Any]]:
        """Ask the memory; see :meth:`MemoryClient.recall`."""
        return await _in_thread(self.blocking.recall, query_text, query_type, **options)

    async def improve(
        self, dataset: str | UUID = DEFAULT_DATASET, **options: Any
    ) -> dict[str, Any]:
        """Let the server work on what it remembers; see :meth:`MemoryClient.improve`."""
        return await _in_thread(self.blocking.improve, dataset, **options)

    async def forget(self, **options: Any) -> dict[str, Any]:
        """Delete a dataset or a part of it; see :meth:`MemoryClient.forget`."""
        return await _in_thread(self.blocking.forget, **options)

    async def close(self) -> None:
        """Let go of the server; what is saved of the login stays."""
        await _in_thread(self.blocking.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


async def _in_thread(work: Callable[..., Result], *given: Any, **options: Any) -> Result:
    return await asyncio.to_thread(partial(work, *given, **options))
