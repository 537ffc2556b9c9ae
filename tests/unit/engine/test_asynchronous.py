"""The verbs as coroutines: the loop goes on meanwhile, and a cancelled task leaves nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

import cogx
from cogx.testing.memory_graph import MemoryGraph
from tests.unit.archive.made import archive, entity, fact

GOOD = archive(entity("a"), entity("b"), fact("f", "a", "b"))


def test_the_verbs_can_be_awaited(tmp_path: Path) -> None:
    store, out = f"sqlite:{tmp_path / 'graph.db'}", tmp_path / "out.tar"

    async def round_trip() -> bool:
        await cogx.import_archive_async(GOOD, store)
        await cogx.export_graph_async(store, out)
        return (await cogx.verify_async(out, store)).equal

    assert asyncio.run(round_trip())


def test_the_loop_goes_on_meanwhile() -> None:
    async def both() -> int:
        task = asyncio.create_task(cogx.import_archive_async(GOOD, MemoryGraph()))
        turns = 0
        while not task.done():
            turns += 1
            await asyncio.sleep(0)
        return turns

    assert asyncio.run(both()) > 1


def test_a_cancelled_import_leaves_nothing(tmp_path: Path) -> None:
    async def cancelled(store: str) -> None:
        started = asyncio.Event()
        loop = asyncio.get_running_loop()

        class Slow:
            def begin(self, task: str, *, total: int | None, unit: str) -> None:
                if task == "load nodes":
                    loop.call_soon_threadsafe(started.set)
                    asyncio.run_coroutine_threadsafe(asked.wait(), loop).result()

            def advance(self, amount: int) -> None: ...

            def end(self) -> None: ...

        asked = asyncio.Event()
        task = asyncio.create_task(cogx.import_archive_async(GOOD, store, progress=Slow()))
        await started.wait()
        task.cancel()
        await asyncio.sleep(0)
        asked.set()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancelled(f"sqlite:{tmp_path / 'graph.db'}"))
    assert list(tmp_path.iterdir()) == []
