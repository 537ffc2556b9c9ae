"""Knows the runs of a server: how one is found, and how its true end is waited for.

Never calls a run done that the server does not call done: one that errored, that is gone, or that
never shows is a failure.
Source: spec/wire.md#runs.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from cogx.errors import (
    RemoteError,
    RemoteGarbled,
    RemoteRefused,
    RemoteUnavailable,
    RunFailed,
)
from cogx.progress import SILENT, Progress
from cogx.remote.probe import DATASETS, MOST_LIST_BYTES
from cogx.remote.server import Server

RUNS: Final = "/api/v1/activity/pipeline-runs"
STATUS: Final = "/api/v1/datasets/status"
PIPELINES: Final = ("migration_import_pipeline", "cognify_pipeline")
POLL_S: Final = 2.0
_FIRST_POLL_S: Final = 0.1
_PAGE: Final = 500
_MOST_PAGES: Final = 20
_NOT_THERE: Final = frozenset({400, 404, 405, 422})
_LOST_AFTER: Final = 9
"""Looks that find nothing, one after the other, before a run is called lost."""
_PATIENCE: Final = 14
"""Looks that get no answer, one after the other: a server may be restarted under a long run."""
_DONE: Final = ("COMPLETED", "SUCCEEDED")
_FAILED: Final = ("ERRORED", "FAILED", "CANCELLED")


@dataclass(frozen=True, slots=True)
class Run:
    """One run, as the server last told of it; times as it writes them.

    ``run_id`` is None where a server tells of a dataset's last run only. ``losses`` says by code
    what a run that ended well did not keep or make, if the server tells it.
    """

    run_id: str | None
    status: str
    outcome: str | None = None
    error_class: str | None = None
    started_at: str | None = None
    ended_at: str | None = None
    pipeline: str | None = None
    dataset: str | None = None
    losses: dict[str, int] = field(default_factory=dict)

    @property
    def is_failed(self) -> bool:
        """Tell whether it ended with an error; one word of it is enough."""
        return self.status.upper().endswith(_FAILED) or self.outcome == "failed"

    @property
    def is_done(self) -> bool:
        """Tell whether it ended well."""
        return self.status.upper().endswith(_DONE) and not self.is_failed

    @property
    def is_over(self) -> bool:
        """Tell whether it ended."""
        return self.is_done or self.is_failed


def find_run(server: Server, run_id: str, dataset: str | None = None) -> Run | None:
    """Return the newest that the server tells of a run, None if it shows none.

    Args:
        dataset: the name or the UUID; without it all that the key may read are searched.

    Raises:
        RemoteUnavailable, RemoteRefused, RemoteGarbled
    """
    return _Finder(server, run_id, dataset).find()


def runs_of(server: Server, dataset: str | None = None, *, limit: int = 50) -> list[Run]:
    """Return the last imports and rebuilds, newest first, each run once.

    For a push whose answer was lost: what runs there, or has run.
    """
    ids = dataset_ids(server, dataset) if dataset is not None else [None]
    rows = [
        row
        for dataset_id in ids
        for pipeline in PIPELINES
        for row in _page(server, dataset_id, pipeline, 0, min(limit, _PAGE))
    ]
    rows.sort(key=lambda row: str(row.get("created_at") or ""), reverse=True)
    newest: dict[object, Run] = {}
    for row in rows:
        newest.setdefault(row.get("pipeline_run_id") or row.get("id"), _run(row))
    return list(newest.values())[:limit]


def wait(
    server: Server,
    run_id: str,
    *,
    dataset: str | None = None,
    poll_s: float = POLL_S,
    timeout_s: float | None = None,
    progress: Progress = SILENT,
) -> Run:
    """Return the run when it has ended well.

    Args:
        dataset: the name or the UUID of what it imports into.
        poll_s: the most between two looks; the first ones come sooner, for runs that are short.
        timeout_s: how long to stay; None: until it ends.

    Raises:
        RunFailed: it ended with an error, or the server shows it no more.
        RemoteUnavailable: the time is over, or the server has not answered for many looks; the
            run may go on.
    """
    watch = _Watch(_Finder(server, run_id, dataset), server, run_id)
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    pause = min(_FIRST_POLL_S, poll_s)
    progress.begin("wait", total=None, unit="looks")
    try:
        while True:
            run = watch.look()
            if run is not None and run.is_over:
                return _ended(run, run_id, server)
            progress.advance(1)
            left = pause if deadline is None else min(pause, deadline - time.monotonic())
            pause = min(pause * 2, poll_s)
            if left < 0:
                raise _goes_on(server, run_id, f"it has not ended within {timeout_s:g} s")
            time.sleep(left)
    finally:
        progress.end()


def dataset_ids(server: Server, dataset: str) -> list[str]:
    """Return the ids of the datasets of a name: several, if others share theirs with the key.

    A UUID that is no name stands for itself. Empty if there is none.
    """
    plain = server.get_json(DATASETS, most_bytes=MOST_LIST_BYTES)
    if not isinstance(plain, list):
        raise RemoteGarbled(f"{server.url}{DATASETS}: no list of datasets. Is this a cognee?")
    found = [
        row["id"]
        for row in plain
        if isinstance(row, dict) and row.get("name") == dataset and isinstance(row.get("id"), str)
    ]
    return found or ([dataset] if _is_uuid(dataset) else [])


class _Finder:
    """Looks for one run again and again, in the way that the server has proven to know."""

    def __init__(self, server: Server, run_id: str, dataset: str | None) -> None:
        self._server = server
        self._run_id = run_id
        self._dataset = dataset
        self._ids: list[str | None] = [] if dataset is not None else [None]
        self._by_id = True
        self._by_list = True

    def find(self) -> Run | None:
        if self._by_id:
            found = self._looked_up()
            if found is not None:
                return found
        if not self._ids and self._dataset is not None:
            self._ids = list(dataset_ids(self._server, self._dataset))
        if self._by_list:
            try:
                return self._listed()
            except RemoteRefused as error:
                if error.status not in _NOT_THERE:
                    raise
                self._by_list = False
        return self._by_dataset()

    def _looked_up(self) -> Run | None:
        """Ask for the run itself, which a cogx server offers and a cognee does not."""
        try:
            row = self._server.get_json(f"{RUNS}/{_one_step(self._run_id)}")
        except RemoteRefused as error:
            if error.status not in _NOT_THERE:
                raise
            self._by_id = False
            return None
        if not isinstance(row, dict) or row.get("pipeline_run_id") != self._run_id:
            self._by_id = False
            return None
        return _run(row)

    def _listed(self) -> Run | None:
        """Search the list of runs, newest first: the first row of the run is its newest."""
        rows = named = 0
        for dataset_id in self._ids:
            for pipeline in PIPELINES:
                for row in _rows(self._server, dataset_id, pipeline):
                    if row.get("pipeline_run_id") == self._run_id:
                        return _run(row)
                    rows += 1
                    named += row.get("pipeline_run_id") is not None
        # A server whose rows name no run can only be asked for the dataset's last one.
        self._by_list = bool(named or not rows)
        return None if self._by_list else self._by_dataset()

    def _by_dataset(self) -> Run | None:
        """Take what the server says of the dataset's last import, where it lists no runs."""
        for dataset_id in self._ids:
            for pipeline in PIPELINES if dataset_id is not None else ():
                asked = {"pipeline": pipeline, "dataset": dataset_id}
                plain = self._server.get_json(STATUS, asked)
                told = plain.get(dataset_id) if isinstance(plain, dict) else None
                if isinstance(told, dict):
                    told = told.get(pipeline)
                if isinstance(told, str):
                    return Run(None, told, pipeline=pipeline, dataset=dataset_id)
        return None


def _rows(server: Server, dataset_id: str | None, pipeline: str) -> Iterator[Mapping[str, Any]]:
    """Yield the rows of one pipeline page by page; servers before 1.6 know one page only."""
    before: list[Mapping[str, Any]] = []
    for number in range(_MOST_PAGES):
        page = _page(server, dataset_id, pipeline, number * _PAGE, _PAGE)
        if page == before:
            return
        yield from page
        if len(page) < _PAGE:
            return
        before = page


def _page(
    server: Server, dataset_id: str | None, pipeline: str, offset: int, limit: int
) -> list[Mapping[str, Any]]:
    asked: dict[str, Any] = {"pipeline_name": pipeline, "limit": limit, "offset": offset}
    if dataset_id is not None:
        asked["dataset_id"] = dataset_id
    plain = server.get_json(RUNS, asked, most_bytes=MOST_LIST_BYTES)
    if not isinstance(plain, list) or not all(isinstance(row, dict) for row in plain):
        raise RemoteGarbled(f"{server.url}{RUNS}: no list of runs. Is this a cognee?")
    return plain


def _run(row: Mapping[str, Any]) -> Run:
    def text(name: str) -> str | None:
        value = row.get(name)
        return value if isinstance(value, str) else None

    return Run(
        run_id=text("pipeline_run_id"),
        status=text("status") or "unknown",
        outcome=text("outcome"),
        error_class=text("error_class"),
        started_at=text("started_at") or text("created_at"),
        ended_at=text("ended_at"),
        pipeline=text("pipeline_name"),
        dataset=text("dataset_name"),
        losses=_losses(row.get("losses")),
    )


def _losses(told: Any) -> dict[str, int]:
    counts = told.items() if isinstance(told, dict) else ()
    return {str(code): n for code, n in counts if type(n) is int and n > 0}


class _Watch:
    """Looks at one run, with patience for looks that give nothing, and an end to it."""

    def __init__(self, finder: _Finder, server: Server, run_id: str) -> None:
        self._finder = finder
        self._server = server
        self._run_id = run_id
        self._missed = 0
        self._unanswered = 0

    def look(self) -> Run | None:
        try:
            run = self._finder.find()
        except RemoteError as error:
            self._unanswered += 1
            if not _may_pass(error):
                raise
            if self._unanswered < _PATIENCE:
                return None
            if isinstance(error, RemoteGarbled):
                raise
            why = f"no answer to {self._unanswered} looks"
            raise _goes_on(self._server, self._run_id, why) from error
        self._unanswered = 0
        self._missed = self._missed + 1 if run is None else 0
        if self._missed >= _LOST_AFTER:
            raise _lost(self._server, self._run_id)
        return run


def _may_pass(error: RemoteError) -> bool:
    """Tell whether a later look may get an answer: a server, or what stands before it, restarts."""
    if isinstance(error, RemoteRefused):
        return error.status == 429 or error.status >= 500
    return isinstance(error, RemoteUnavailable | RemoteGarbled)


def _ended(run: Run, run_id: str, server: Server) -> Run:
    if run.is_done:
        return run
    why = run.error_class or "the server does not say why; its log does"
    raise RunFailed(
        f"{server.url}: run {run_id} ended with {run.status} ({why}). What it wrote before stays "
        "there. Push again in the foreground to see the reason, or look into the server's log.",
        run_id=run_id,
        status=run.status,
        error_class=run.error_class,
    )


def _lost(server: Server, run_id: str) -> RunFailed:
    return RunFailed(
        f"{server.url} shows no run {run_id}. It was lost, or belongs to another dataset, or the "
        "key may not read it. Nothing says that the import was finished.",
        run_id=run_id,
    )


def _goes_on(server: Server, run_id: str, why: str) -> RemoteUnavailable:
    return RemoteUnavailable(
        f"{server.url}: run {run_id}: {why}. It may go on there; look with "
        f"`cogx status {run_id} --url {server.url}`.",
        run_id=run_id,
    )


def _one_step(run_id: str) -> str:
    """Return a run id as one step of a path, so that it cannot lead elsewhere."""
    from urllib.parse import quote  # noqa: PLC0415

    return quote(run_id, safe="")


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
