"""Knows a worker: a process that does one job after the other, and is made anew when it has died.

One process is lost with one job; the workers beside it go on.
"""

from __future__ import annotations

import multiprocessing
import threading
from typing import Any

from cogx.server.jobs import work
from cogx.server.settings import Settings


class WorkerLost(Exception):
    """The process died before it answered."""


class Worker:
    """One process, made when it is first needed. One thread at a time gives it jobs."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._process: Any = None
        self._pipe: Any = None
        self._changing = threading.Lock()
        self._stopped = False

    def do(self, job_id: str) -> dict[str, Any]:
        """Have a job done, and return what :func:`cogx.server.jobs.work.do` does.

        Raises:
            WorkerLost: the process died, or was stopped.
        """
        try:
            pipe = self._running()
            pipe.send(job_id)
            told: dict[str, Any] = pipe.recv()
        except (EOFError, OSError) as error:
            self._end()
            raise WorkerLost(job_id) from error
        return told

    def stop(self) -> None:
        """End the process now, whatever it does. Any thread may; it does not come back."""
        with self._changing:
            self._stopped = True
            if self._process is not None:
                self._process.kill()
                self._process.join()

    def _running(self) -> Any:
        with self._changing:
            if self._stopped:
                raise EOFError
            if self._process is None:
                context = multiprocessing.get_context("spawn")
                self._pipe, theirs = context.Pipe()
                self._process = context.Process(
                    target=work.serve, args=(self._settings, theirs), daemon=True
                )
                self._process.start()
                theirs.close()  # So that the pipe ends when the process does.
            return self._pipe

    def _end(self) -> None:
        with self._changing:
            if self._process is not None:
                self._process.kill()
                self._process.join()
                self._process.close()
                self._pipe.close()
                self._process = None
