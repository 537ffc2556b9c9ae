"""Knows what a worker process does: one job after the other, and nothing once its server is gone.

Graph stores are native code: in a process of its own, what it may break is one job.
"""

from __future__ import annotations

import os
import signal
import tempfile
import threading
import time
import traceback
from importlib import import_module
from multiprocessing import parent_process
from pathlib import Path
from typing import Any, Final

from cogx.errors import CogxError
from cogx.server import logs
from cogx.server.jobs.presence import while_there
from cogx.server.jobs.queue import Job, job_by_id, note_progress
from cogx.server.places import Places
from cogx.server.refusals import Refusal, of_error
from cogx.server.settings import Settings
from cogx.server.state.database import Database

KINDS: Final = {
    "import": "cogx.server.jobs.import_job",
    "export": "cogx.server.jobs.export_job",
    "cognify": "cogx.server.jobs.cognify_job",
    "forget": "cogx.server.jobs.forget_job",
    "sync": "cogx.server.jobs.sync_job",
}
"""Modules with ``run(work: Work) -> dict``: the result of a job of that kind."""
_EVERY_S: Final = 0.5


class Work:
    """What a job is given: itself, the state, the server's places, and a Progress that is kept."""

    def __init__(self, settings: Settings, database: Database, job: Job) -> None:
        self.settings = settings
        self.database = database
        self.places = Places(settings.data_directory, settings.store)
        self.job = job
        self.progress = StoredProgress(database, job.id)

    @property
    def directory(self) -> Path:
        """What the job owns until it ends; made if it is missing."""
        place = self.places.job(self.job.id)
        place.mkdir(mode=0o700, exist_ok=True)
        return place

    @property
    def dataset_id(self) -> str:
        """The dataset that is worked at."""
        assert self.job.dataset_id is not None
        return self.job.dataset_id


class StoredProgress:
    """A Progress that others can read in the state, at most twice a second."""

    def __init__(self, database: Database, job_id: str) -> None:
        self._database = database
        self._job_id = job_id
        self._task = ""
        self._total: int | None = None
        self._done = 0
        self._next = 0.0

    def begin(self, task: str, *, total: int | None, unit: str) -> None:
        """Start a task."""
        self._task, self._total, self._done = task, total, 0
        self._tell()

    def advance(self, amount: int) -> None:
        """Add to the task."""
        self._done += amount
        if time.monotonic() >= self._next:
            self._tell()

    def end(self) -> None:
        """Finish the task; the next one will say so."""

    def _tell(self) -> None:
        self._next = time.monotonic() + _EVERY_S
        told = {
            "completed_items": self._done,
            "total_items": self._total,
            "current_stage": self._task,
        }
        with self._database.write() as state:
            note_progress(state, self._job_id, told)


def serve(settings: Settings, pipe: Any) -> None:
    """Be a worker: take ids of jobs from a pipe, and answer with what came of each.

    Only the server ends it, which may be told to by a signal that all its processes get.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    logs.configure(as_json=settings.json_logs)
    _end_with_server()
    while True:
        try:
            job_id = pipe.recv()
        except EOFError:
            return
        pipe.send(do(settings, job_id))


def _end_with_server() -> None:
    """End this process when its server dies, however it dies."""
    server = parent_process()
    assert server is not None

    def watch() -> None:
        server.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def do(settings: Settings, job_id: str) -> dict[str, Any]:
    """Do a job; return ``{"result": ...}`` or ``{"error": ...}``, never raise for what it does."""
    database = Database(settings.state_url)
    try:
        with database.read() as state:
            job = job_by_id(state, job_id)
        assert job is not None
        work = Work(settings, database, job)
        # What is made on the way goes with the job's directory, even if this process is killed.
        tempfile.tempdir = str(work.directory)
        with while_there(database, work.places, job):
            if job.dataset_id is not None:  # What a model says of it is nobody else's.
                os.environ["XDG_CACHE_HOME"] = str(work.places.cache(job.dataset_id))
            return {"result": import_module(KINDS[job.kind]).run(work)}
    except Refusal as refusal:
        text = refusal.body.get("error") or refusal.body.get("detail")
        return {"error": _told("Refusal", refusal.status, str(text), refusal.body.get("code"))}
    except CogxError as error:
        answer = of_error(error)
        text = error.full_text.replace(f"{settings.data_directory}{os.sep}", "")
        return {"error": _told(type(error).__name__, answer.status, text, answer.body.get("code"))}
    except Exception as error:
        return {"error": _told(type(error).__name__, 500, "The server failed at this job.", None)
                | {"trace": traceback.format_exc()}}  # fmt: skip
    finally:
        database.close()


def _told(name: str, status: int, text: str, code: Any) -> dict[str, Any]:
    return {"class": name, "status": status, "text": text, "code": code}
