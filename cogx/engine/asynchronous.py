"""Knows the verbs as coroutines: the work runs in a thread, and stops if its task is cancelled."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from cogx.archive.reader import Source
from cogx.archive.writer import Target
from cogx.engine.connection import connect_sync, disconnect_sync
from cogx.engine.export import export_graph
from cogx.engine.import_ import import_archive
from cogx.engine.parcel import DEFAULT_DATASET
from cogx.engine.pull import pull_sync
from cogx.engine.pull_receipt import PullReceipt
from cogx.engine.push import push_sync, wait_sync
from cogx.engine.push_result import PushResult
from cogx.engine.receipt import Receipt
from cogx.engine.status import status_sync
from cogx.engine.sync import SyncResult, sync_sync
from cogx.engine.verify import Comparison, verify
from cogx.errors import Interrupted
from cogx.progress import SILENT, Progress
from cogx.remote.memory_async import AsyncMemoryClient
from cogx.remote.runs import Run

Result = TypeVar("Result")


async def export_graph_async(source: Any, target: Target, **options: Any) -> Receipt:
    """Export without holding up the event loop; all else as :func:`export_graph`.

    A cancelled task ends when the work has stopped; nothing half-written is left then.
    """
    return await _in_thread(partial(export_graph, source, target), options)


async def import_archive_async(source: Source, target: Any, **options: Any) -> Receipt:
    """Import without holding up the event loop; all else as :func:`import_archive`.

    A cancelled task ends when the work has stopped and the store is as it was before.
    """
    return await _in_thread(partial(import_archive, source, target), options)


async def verify_async(source: Source, store: Any, **options: Any) -> Comparison:
    """Compare without holding up the event loop; all else as :func:`verify`."""
    return await _in_thread(partial(verify, source, store), options)


async def push(dataset: Any = DEFAULT_DATASET, **options: Any) -> PushResult:
    """Upload a graph to a cognee or cogx server; all else as :func:`push_sync`.

    The signature is that of cognee's ``push()``, whose except clauses go on working.
    """
    return await _in_thread(partial(push_sync, dataset), options)


async def wait(result: PushResult, **options: Any) -> PushResult:
    """Stay until the run of a push has ended; all else as :func:`wait_sync`."""
    return await _in_thread(partial(wait_sync, result), options)


async def status(run_id: str, **options: Any) -> Run:
    """Ask a server how a run goes; all else as :func:`status_sync`."""
    return await _in_thread(partial(status_sync, run_id), options)


async def pull(url: str | None, dataset: str, archive: Target, **options: Any) -> PullReceipt:
    """Pull a dataset from a server into an archive; all else as :func:`pull_sync`.

    A cancelled task ends when the work has stopped; what was fetched is kept for the next pull.
    """
    return await _in_thread(partial(pull_sync, url, dataset, archive), options)


async def sync(dataset_ids: Any = None, **options: Any) -> SyncResult:
    """Send raw data to a server, which builds the graph itself; all else as :func:`sync_sync`."""
    return await _in_thread(partial(sync_sync, dataset_ids), options)


async def connect(
    url: str | None = None, api_key: str | None = None, **options: Any
) -> AsyncMemoryClient:
    """Connect this process to a memory server; all as :func:`connect_sync`.

    A cancelled task ends when the wait for a person's login has stopped.
    """
    client = await _in_thread(partial(connect_sync, url, api_key), options)
    return AsyncMemoryClient(client)


async def disconnect(clear_saved: bool = False) -> bool:
    """Drop the connection of this process; all as :func:`disconnect_sync`."""
    return await asyncio.to_thread(disconnect_sync, clear_saved)


class _Stoppable:
    """A Progress that ends the work it is told of, once somebody asks for it."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._asked = threading.Event()

    def stop(self) -> None:
        self._asked.set()

    def begin(self, task: str, *, total: int | None, unit: str) -> None:
        self._check()
        self._progress.begin(task, total=total, unit=unit)

    def advance(self, amount: int) -> None:
        self._check()
        self._progress.advance(amount)

    def end(self) -> None:
        self._progress.end()

    def _check(self) -> None:
        if self._asked.is_set():
            raise Interrupted("Stopped, because the task that asked for it was cancelled.")


async def _in_thread(work: Callable[..., Result], options: dict[str, Any]) -> Result:
    progress = _Stoppable(options.pop("progress", SILENT))
    call = partial(contextvars.copy_context().run, partial(work, **options, progress=progress))
    future = asyncio.get_running_loop().run_in_executor(None, call)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        progress.stop()
        with suppress(Interrupted):
            await future
        raise
