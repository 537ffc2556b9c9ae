"""Knows when which job is done: hands them to worker processes, and wakes whoever waits.

One dispatcher per server. Jobs of one dataset follow each other, those of others run beside them.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from anyio import CapacityLimiter, to_thread
from sqlalchemy.exc import SQLAlchemyError

from cogx.server.jobs.queue import (
    ENDED,
    Job,
    claim_next,
    end_job,
    job_by_id,
    put_back,
    unfinished,
    wait_again,
)
from cogx.server.jobs.workers import Worker, WorkerLost
from cogx.server.places import Places, remove_tree
from cogx.server.refusals import failed
from cogx.server.settings import Settings
from cogx.server.state.database import Database

LOG: Final = logging.getLogger("cogx.server.jobs")
_AFTER_FAULT_S: Final = 1.0
_STATE_FAULTS: Final = (SQLAlchemyError, OSError)
"""What a database or a disk that is away, full or locked makes of the next step."""


class Dispatcher:
    """Runs the jobs of a server while it runs.

    Args:
        note: told the kind, outcome and seconds of each job that ends.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        places: Places,
        note: Callable[[str, str, float], None] = lambda *_: None,
    ) -> None:
        self._database = database
        self._places = places
        self._note = note
        self._workers = [Worker(settings) for _ in range(settings.workers)]
        self._idle = list(self._workers)
        # Of their own: those of the routes must not wait for jobs.
        self._threads = CapacityLimiter(settings.workers)
        self._wake = asyncio.Event()
        self._event_loop = asyncio.get_running_loop()
        self._running: dict[str, asyncio.Task[None]] = {}
        self._waiters: dict[str, list[asyncio.Event]] = defaultdict(list)
        self._loop: asyncio.Task[None] | None = None
        self.is_stopping = False

    async def start(self) -> None:
        """Begin; jobs that a dead server left running wait again."""
        await to_thread.run_sync(self._tidy)
        self._loop = asyncio.create_task(self._run())

    async def stop(self, drain_s: float) -> None:
        """Begin no more jobs, and let those that run end; what does not, runs at the next start.

        May be called twice. Whoever waits for a job that is not done any more is told so.
        """
        self.is_stopping = True
        self.wake()
        if self._loop is not None:
            await self._loop
        self._ring(set(self._waiters) - set(self._running))
        if self._running:
            await asyncio.wait(self._running.values(), timeout=drain_s)
        for worker in self._workers:
            await to_thread.run_sync(worker.stop)
        await asyncio.gather(*self._running.values())

    def wake(self) -> None:
        """Say that there may be a job; any thread may."""
        self._event_loop.call_soon_threadsafe(self._wake.set)

    async def ended(self, job_id: str) -> Job:
        """Wait until a job has ended, and return it.

        Raises:
            Refusal: the server stops first (503).
        """
        bell = asyncio.Event()
        self._waiters[job_id].append(bell)
        self.wake()
        try:
            while True:
                job = await to_thread.run_sync(self._read, job_id)
                if job.status in ENDED:
                    return job
                if self.is_stopping and job_id not in self._running:
                    raise failed(
                        503, "The server stops. It has the job, and does it at its next start.",
                        code="server.stopping", pipeline_run_id=job_id,
                    )  # fmt: skip
                await bell.wait()
                bell.clear()
        finally:
            self._waiters[job_id].remove(bell)
            if not self._waiters[job_id]:
                del self._waiters[job_id]

    async def _run(self) -> None:
        while not self.is_stopping:
            self._wake.clear()
            try:
                await self._begin_all()
            except _STATE_FAULTS:
                LOG.exception("jobs cannot be taken; tried again")
                await asyncio.sleep(_AFTER_FAULT_S)
                continue
            await self._wake.wait()

    async def _begin_all(self) -> None:
        while self._idle and not self.is_stopping:
            job = await to_thread.run_sync(self._claim)
            if job is None:
                return
            self._running[job.id] = asyncio.create_task(self._do(job, self._idle.pop()))

    async def _do(self, job: Job, worker: Worker) -> None:
        about = {"job": job.id, "kind": job.kind, "dataset": job.dataset_id, "user": job.owner_id}
        LOG.info("job begins", extra=about | {"attempt": job.attempts})
        began = time.monotonic()
        outcome = "unknown"
        try:
            outcome = await self._outcome(job, worker)
        finally:
            seconds = time.monotonic() - began
            LOG.info("job ends", extra=about | {"outcome": outcome, "seconds": round(seconds, 3)})
            self._note(job.kind, outcome, seconds)
            self._idle.append(worker)
            del self._running[job.id]
            self._ring({job.id})
            self.wake()

    async def _outcome(self, job: Job, worker: Worker) -> str:
        try:
            told = await to_thread.run_sync(worker.do, job.id, limiter=self._threads)
        except WorkerLost:
            return await self._kept(lambda: self._lost(job.id))
        return await self._kept(lambda: self._end(job.id, told))

    async def _kept(self, keep: Callable[[], str]) -> str:
        """Keep how a job has ended, as often as it takes: somebody may wait for it."""
        while True:
            try:
                return await to_thread.run_sync(keep)
            except _STATE_FAULTS:
                LOG.exception("the end of a job cannot be kept; tried again")
                if self.is_stopping:
                    return "unknown"  # It counts as running until the next start does it again.
                await asyncio.sleep(_AFTER_FAULT_S)

    def _ring(self, job_ids: set[str]) -> None:
        for job_id in job_ids:
            for bell in self._waiters.get(job_id, ()):
                bell.set()

    def _tidy(self) -> None:
        with self._database.write() as state:
            given_up = wait_again(state, "*")
            kept = unfinished(state)
        for job_id in given_up:
            LOG.error("job given up", extra={"job": job_id})
        for place in (self._places.root / "jobs").iterdir():
            if place.name not in kept:
                remove_tree(place)

    def _claim(self) -> Job | None:
        with self._database.write() as state:
            return claim_next(state)

    def _read(self, job_id: str) -> Job:
        with self._database.read() as state:
            job = job_by_id(state, job_id)
        assert job is not None
        return job

    def _end(self, job_id: str, told: dict[str, Any]) -> str:
        error = told.get("error")
        if error and (trace := error.pop("trace", None)):
            LOG.error("job failed", extra={"job": job_id, "trace": trace})
        with self._database.write() as state:
            end_job(state, job_id, result=told.get("result"), error=error)
        with suppress(OSError):
            remove_tree(self._places.job(job_id))
        return f"failed: {error['class']}" if error else "completed"

    def _lost(self, job_id: str) -> str:
        if self.is_stopping:
            with self._database.write() as state:
                put_back(state, job_id)
            return "broken off"
        with self._database.write() as state:
            given_up = wait_again(state, job_id)
        LOG.error("a worker died", extra={"job": job_id, "given_up": bool(given_up)})
        if given_up:
            remove_tree(self._places.job(job_id))
            return "failed: WorkerLost"
        return "waits again"
