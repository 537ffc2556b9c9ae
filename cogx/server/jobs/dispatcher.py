"""Knows when which job is done: hands them to worker processes, and wakes whoever waits.

One dispatcher per server. Jobs of one dataset follow each other, those of others run beside them.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from typing import Any, Final

from anyio import to_thread

from cogx.server.jobs import work
from cogx.server.jobs.queue import ENDED, Job, claim_next, end_job, job_by_id, wait_again
from cogx.server.places import Places, remove_tree
from cogx.server.settings import Settings
from cogx.server.state.database import Database

LOG: Final = logging.getLogger("cogx.server.jobs")


class Dispatcher:
    """Runs the jobs of a server while it runs."""

    def __init__(self, settings: Settings, database: Database, places: Places) -> None:
        self._settings = settings
        self._database = database
        self._places = places
        self._pool: ProcessPoolExecutor | None = None
        self._wake = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()
        self._waiters: dict[str, list[asyncio.Event]] = defaultdict(list)
        self._loop: asyncio.Task[None] | None = None
        self._stopping = False

    async def start(self) -> None:
        """Begin; jobs that a dead server left running wait again."""
        with self._database.write() as state:
            given_up = wait_again(state, "*")
        for job_id in given_up:
            LOG.error("job given up", extra={"job": job_id})
            remove_tree(self._places.job(job_id))
        self._loop = asyncio.create_task(self._run())

    async def stop(self, drain_s: float) -> None:
        """Begin no more jobs, and let those that run end; what does not, runs at the next start."""
        self._stopping = True
        self._wake.set()
        if self._loop is not None:
            await self._loop
        if self._running:
            await asyncio.wait(self._running, timeout=drain_s)
        for task in self._running:
            task.cancel()
        if self._pool is not None:
            for process in list((self._pool._processes or {}).values()):
                process.terminate()
            self._pool.shutdown(wait=False, cancel_futures=True)

    def wake(self) -> None:
        """Say that there may be a job."""
        self._wake.set()

    async def ended(self, job_id: str) -> Job:
        """Wait until a job has ended, and return it."""
        bell = asyncio.Event()
        self._waiters[job_id].append(bell)
        self.wake()
        try:
            while True:
                job = await to_thread.run_sync(self._read, job_id)
                if job.status in ENDED:
                    return job
                await bell.wait()
                bell.clear()
        finally:
            self._waiters[job_id].remove(bell)
            if not self._waiters[job_id]:
                del self._waiters[job_id]

    async def _run(self) -> None:
        while not self._stopping:
            self._wake.clear()
            while len(self._running) < self._settings.workers and not self._stopping:
                job = await to_thread.run_sync(self._claim)
                if job is None:
                    break
                task = asyncio.create_task(self._do(job))
                self._running.add(task)
                task.add_done_callback(self._running.discard)
            await self._wake.wait()

    async def _do(self, job: Job) -> None:
        LOG.info("job begins", extra={"job": job.id, "kind": job.kind, "dataset": job.dataset_id})
        try:
            told = await asyncio.get_running_loop().run_in_executor(
                self._workers(), work.do, self._settings, job.id
            )
        except BrokenProcessPool:
            self._pool = None
            await to_thread.run_sync(self._lost, job.id)
        else:
            if trace := (told.get("error") or {}).pop("trace", None):
                LOG.error("job failed: %s", trace, extra={"job": job.id})
            await to_thread.run_sync(self._end, job, told)
        for bell in self._waiters.get(job.id, ()):
            bell.set()
        self.wake()

    def _workers(self) -> ProcessPoolExecutor:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                self._settings.workers,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=work.begin,
            )
        return self._pool

    def _claim(self) -> Job | None:
        with self._database.write() as state:
            return claim_next(state)

    def _read(self, job_id: str) -> Job:
        with self._database.read() as state:
            job = job_by_id(state, job_id)
        assert job is not None
        return job

    def _end(self, job: Job, told: dict[str, Any]) -> None:
        with self._database.write() as state:
            end_job(state, job.id, result=told.get("result"), error=told.get("error"))
        LOG.info(
            "job ended", extra={"job": job.id, "error": (told.get("error") or {}).get("class")}
        )
        with suppress(OSError):
            remove_tree(self._places.job(job.id))

    def _lost(self, job_id: str) -> None:
        with self._database.write() as state:
            given_up = wait_again(state, job_id)
        LOG.error("a worker died", extra={"job": job_id, "given_up": bool(given_up)})
        if given_up:
            remove_tree(self._places.job(job_id))
