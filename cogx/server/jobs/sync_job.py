"""Knows how files of this server's datasets get to the cloud, dataset after dataset.

Done again after a crash it asks first what is there, and sends the rest.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Any, Final

from cogx.engine.raw_records import RESERVED, RawItem, fit_name
from cogx.engine.sync_dataset import DatasetSync
from cogx.engine.sync_delivery import Goal, explained
from cogx.engine.sync_rebuild import Rebuild
from cogx.engine.sync_state import SyncedDataset
from cogx.errors import CogxError, RemoteGarbled, RemoteRefused, RemoteUnavailable
from cogx.progress import SILENT
from cogx.remote.files import offers_sync
from cogx.remote.ledger import Ledger, ledger_file
from cogx.remote.probe import look
from cogx.remote.state import STATE_VARIABLE
from cogx.server import data
from cogx.server.jobs.queue import note_progress
from cogx.server.jobs.work import Work
from cogx.server.refusals import failed
from cogx.server.syncs import cloud_of

_EVERY_S: Final = 0.5
_FILES_PERCENT: Final = 80
_NO_KEY: Final = 401


def run(work: Work) -> dict[str, Any]:
    """Send the files of a job's datasets.

    Raises:
        Refusal: something did not get there (409); the job's progress says what did.
    """
    # What our client keeps of uploads and of what it has sent lies with the server's own data.
    os.environ[STATE_VARIABLE] = str(work.places.synced)
    told = _Told(work)
    with cloud_of(work.settings) as cloud:
        abilities = look(cloud)
        with_routes = abilities.is_cogx and offers_sync(cloud)
        for number, done in enumerate(told.datasets):
            told.begin(number)
            goal = Goal(cloud, done.target, with_routes, abilities.piece_bytes)
            _sync(work, goal, done, told)
    told.say(now=True)
    wrong = [f"{one.name}: {_fault(one)}" for one in told.datasets if not one.is_whole]
    if wrong:
        raise failed(409, " ".join(wrong), code="sync.incomplete")
    return told.body(100)


class DatasetFiles:
    """The files of a dataset of this server: a RawSource."""

    def __init__(self, work: Work, dataset_id: str, name: str) -> None:
        self._work = work
        self.id = dataset_id
        self.name = name
        self.graph = None

    def iter_items(self) -> Iterator[RawItem]:
        """Yield every file, by name."""
        for item in data.iter_by_name(self._work.database, self.id):
            if item.file_name is None:
                continue
            given = item.external_metadata or {}
            yield RawItem(
                id=item.id,
                name=fit_name(item.name, f".{item.extension}" if item.extension else ""),
                path=self._work.places.file(self.id, item.file_name),
                mime_type=item.mime_type,
                label=item.label,
                external_metadata={k: v for k, v in given.items() if k not in RESERVED},
            )


class _Told:
    """How far a sync is, kept where others can read it."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._next = 0.0
        self._at = 0
        self.datasets = [
            SyncedDataset(one["id"], one["name"], one["target"])
            for one in work.job.payload["datasets"]
        ]

    def begin(self, number: int) -> None:
        """Say that all before this dataset are done."""
        self._at = number
        self.say(now=True)

    def say(self, *, now: bool = False) -> None:
        """Keep how it stands, at most twice a second unless it must be now."""
        if not now and time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _EVERY_S
        percent = _FILES_PERCENT * self._at // len(self.datasets)
        with self._work.database.write() as state:
            note_progress(state, self._work.job.id, self.body(percent))

    def body(self, percent: int) -> dict[str, Any]:
        """Return how it stands."""
        return {
            "progress_percentage": percent,
            "records_uploaded": sum(one.files_sent for one in self.datasets),
            "bytes_uploaded": sum(one.bytes_sent for one in self.datasets),
            "datasets": [_dataset(one) for one in self.datasets],
        }


def _sync(work: Work, goal: Goal, done: SyncedDataset, told: _Told) -> None:
    """Send one dataset; what goes wrong with it alone does not hold up the next."""
    what = f"A sync of {done.target!r} to the cloud"
    holder = {"run_id": work.job.id}
    with Ledger(ledger_file(goal.server.url, done.target), what, holder) as ledger:
        source = DatasetFiles(work, done.id, done.name)
        sync = DatasetSync(source, goal, ledger, done, progress=SILENT, moved=told.say)
        try:
            sync.compare(dry_run=False)
            sync.send()
            Rebuild(goal.server, ledger, done, progress=SILENT, moved=told.say).run("start")
        except (RemoteUnavailable, RemoteGarbled):
            raise
        except RemoteRefused as error:
            done.error = explained(error)
            if error.status == _NO_KEY:
                raise
        except CogxError as error:
            done.error = str(error)


def _dataset(done: SyncedDataset) -> dict[str, Any]:
    return {
        "id": done.id,
        "name": done.name,
        "remote_name": done.target,
        "remote_id": done.target_id,
        "files_sent": done.files_sent,
        "files_unchanged": done.files_unchanged + done.files_repeated,
        "files_failed": done.files_failed,
        "bytes_sent": done.bytes_sent,
        "rebuild": done.rebuild,
        "error": _fault(done) if not done.is_whole else None,
    }


def _fault(done: SyncedDataset) -> str:
    failures = [f"{name}: {reason}" for name, reason in done.failed[:1]]
    return done.error or " ".join([f"{done.files_failed:,} files failed.", *failures])
