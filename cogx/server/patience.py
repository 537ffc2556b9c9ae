"""Knows how a client is kept waiting for a long job without losing it.

Clients of cognee hang up when nothing came for ten minutes, although the server goes on. So an
answer that is not there after some minutes begins, with white space, which JSON allows before a
value. Its status is 200 by then: a job that fails afterwards answers ``errored`` and never as if it
had been done.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, Final

import orjson
from fastapi.responses import JSONResponse, Response, StreamingResponse

from cogx.server.refusals import Refusal, answer

BEGIN_AFTER_S: Final = 240.0
EVERY_S: Final = 30.0


async def patient(
    work: Coroutine[Any, Any, Any], *, begin_after_s: float = BEGIN_AFTER_S,
    every_s: float = EVERY_S, failed: Callable[[Refusal], Any],
) -> Response:  # fmt: skip
    """Return the answer that ``work`` comes to, however long it takes.

    Args:
        failed: makes the body for a refusal that comes when the answer has begun already.
    """
    task = asyncio.ensure_future(work)
    done, _ = await asyncio.wait({task}, timeout=begin_after_s)
    if done:
        try:
            return JSONResponse(task.result())
        except Refusal as refusal:
            return answer(refusal)

    async def body() -> AsyncIterator[bytes]:
        while not task.done():
            yield b" "
            await asyncio.wait({task}, timeout=every_s)
        try:
            yield orjson.dumps(task.result())
        except Refusal as refusal:
            yield orjson.dumps(failed(refusal))

    return StreamingResponse(body(), media_type="application/json")
