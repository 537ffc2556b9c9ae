"""Knows how raw data gets into datasets of a server, which builds its own graph of it.

The verb of cognee's ``sync()``, with its result, made reliable. A push ships the graph; a sync
ships the files. Source: spec/wire.md#sync.
"""

from __future__ import annotations

import copy
import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from typing import Any, Final
from uuid import UUID, uuid4

from cogx.engine.connection import live
from cogx.engine.push import check_name, push_sync
from cogx.engine.raw_data import RawSource, raw_sources
from cogx.engine.sync_dataset import REBUILDS, DatasetSync, explained
from cogx.engine.sync_state import (
    RunFile,
    SyncedDataset,
    SyncResult,
    began_now,
    is_running,
    sync_status,
)
from cogx.errors import (
    BadSetting,
    CogxError,
    EmptyGraph,
    Interrupted,
    RemoteGarbled,
    RemoteRefused,
    RemoteUnavailable,
    UnknownName,
)
from cogx.format.layout import GRAPH_KINDS
from cogx.progress import SILENT, Progress
from cogx.remote.credentials import ServerAt, resolve_server
from cogx.remote.files import offers_sync, user_id
from cogx.remote.ledger import Ledger, ledger_file
from cogx.remote.probe import look
from cogx.remote.server import Server

__all__ = ["SyncResult", "SyncedDataset", "sync_status", "sync_sync", "wait_for_sync"]

_LOOK_S: Final = 0.2


def sync_sync(
    dataset_ids: Any = None,
    *,
    target_dataset: str | None = None,
    url: str | None = None,
    api_key: str | None = None,
    user: str | None = None,
    root: str | os.PathLike[str] | None = None,
    graph: bool = False,
    rebuild: str = "wait",
    wait: bool = False,
    dry_run: bool = False,
    progress: Progress = SILENT,
) -> SyncResult:
    """Send the raw data of datasets to a cognee or cogx server, which builds the graph itself.

    Only files that the server lacks are sent, each once; a sync that was broken off goes on where
    it stopped. Datasets keep their names.

    Args:
        dataset_ids: names or UUIDs of datasets of a local cognee, store URIs, graphs, paths of
            archives, or one of these; None: every dataset of the local cognee that the user may
            read. Of stores and archives the content records are sent, each as a file.
        target_dataset: another name there, for a single dataset.
        url, api_key: the server; else the live connection, COGNEE_SERVICE_URL and
            COGNEE_API_KEY, or the saved login, in this order.
        user: as whom to read a local cognee.
        root: the local cognee's SYSTEM_ROOT_DIRECTORY.
        graph: send the graph, too, as a push does; then the server builds none.
        rebuild: ``wait`` until the server has made a graph of the files, only ``start`` that, or
            ``none``. It needs a language model there.
        wait: return when all is done. Else everything is looked up, a thread goes on, and the
            result's status is ``started``; :func:`wait_for_sync` and :func:`sync_status` tell
            what becomes of it.
        dry_run: look and compare, but send nothing.

    Raises:
        NotConnected, UnknownName, BadSetting, StoreError, ArchiveError: nothing was sent.
        StoreBusy: one of the datasets is being synced to this server; the text says by whom.
        RemoteRefused: the key is wrong. RemoteUnavailable, RemoteGarbled: the server is gone;
            sync again, what it has is not sent again.
        With ``wait`` only what concerns the whole sync is raised: what goes wrong with a dataset
        or a file stands in the result.
    Cost: two passes over the files; memory does not grow with them.
    """
    if rebuild not in REBUILDS:
        raise UnknownName("way to rebuild", rebuild, REBUILDS)
    job = _Job(
        _wanted(dataset_ids), target_dataset, resolve_server(url, api_key, live()), user, root,
        graph=graph, rebuild=rebuild, dry_run=dry_run, progress=progress,
    )  # fmt: skip
    if wait or dry_run:
        job.run(_nobody)
        return job.result
    return _in_background(job)


def wait_for_sync(
    result: SyncResult | str, *, timeout_s: float | None = None, progress: Progress = SILENT
) -> SyncResult:
    """Stay until a sync has ended, in whatever process it goes, and return its result.

    Args:
        result: what a sync has returned, or its run_id.
        timeout_s: how long to stay; then the result says how it stands.

    Raises:
        UnknownName: no such run of this user.
    """
    run_id = result if isinstance(result, str) else result.run_id
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    progress.begin("wait", total=None, unit="looks")
    while is_running(run_id) and (deadline is None or time.monotonic() < deadline):
        time.sleep(_LOOK_S)
        progress.advance(1)
    progress.end()
    return sync_status(run_id)


class _Job:
    """One sync: everything is looked up first, then dataset follows dataset."""

    def __init__(
        self,
        wanted: Sequence[Any] | None,
        target: str | None,
        at: ServerAt,
        user: str | None,
        root: Any,
        *,
        graph: bool,
        rebuild: str,
        dry_run: bool,
        progress: Progress,
    ) -> None:
        self._wanted = wanted
        self._target = target
        self._at = at
        self._user = user
        self._root = root
        self._graph = graph
        self._rebuild = rebuild
        self._dry_run = dry_run
        self._progress = progress
        self.result = SyncResult(
            str(uuid4()), "started", [], [], "", began_now(), "", at.url, dry_run
        )

    def run(self, ready: Callable[[SyncResult], None]) -> None:
        """Do all of it; ``ready`` hears when everything was looked up and it begins."""
        with ExitStack() as stack:
            server = stack.enter_context(Server(self._at.url, self._at.key))
            abilities = look(server)
            sources, local_user = stack.enter_context(
                raw_sources(self._wanted, user=self._user, root=self._root, progress=self._progress)
            )
            self._name(sources)
            for done in self.result.datasets:
                check_name(done.target, abilities)
            self.result.user_id = local_user or user_id(server) or ""
            ledgers = [stack.enter_context(self._ledger(done)) for done in self.result.datasets]
            file = RunFile(self.result.run_id)
            stack.callback(file.close)
            file.write(self.result)
            ready(copy.deepcopy(self.result))
            self._work(server, list(zip(sources, ledgers, strict=True)), file,
                       with_routes=abilities.is_cogx and offers_sync(server))  # fmt: skip

    def _name(self, sources: Sequence[RawSource]) -> None:
        if self._target is not None and len(sources) != 1:
            raise BadSetting(
                f"{len(sources)} datasets cannot go into one named {self._target!r}. Sync them "
                "one by one, or let them keep their names."
            )
        for source in sources:
            target = self._target or source.name
            self.result.datasets.append(SyncedDataset(source.id, source.name, target))
        names = [one.target for one in self.result.datasets]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            listed = ", ".join(one.id or one.name for one in self.result.datasets
                               if one.target == twice[0])  # fmt: skip
            raise BadSetting(
                f"Several datasets are called {twice[0]!r}: {listed}. They would become one. Sync "
                "them one by one, each with another target_dataset (--target-dataset)."
            )
        self.result.dataset_ids = [source.id for source in sources]
        self.result.dataset_names = [source.name for source in sources]
        self.result.message = f"{_datasets(len(sources))} to {self._at.url}."

    def _ledger(self, done: SyncedDataset) -> Ledger:
        return Ledger(
            ledger_file(self._at.url, done.target),
            f"A sync of {done.target!r} to {self._at.url}",
            {"run_id": self.result.run_id},
        )

    def _work(
        self,
        server: Server,
        parts: Sequence[tuple[RawSource, Ledger]],
        file: RunFile,
        *,
        with_routes: bool,
    ) -> None:
        self.result.status = "in_progress"
        try:
            for done, (source, ledger) in zip(self.result.datasets, parts, strict=True):
                one = DatasetSync(
                    server, source, ledger, done, with_routes=with_routes,
                    progress=self._progress, moved=lambda: file.write(self.result, now=False),
                )  # fmt: skip
                self._one(one, source, done)
        except BaseException as error:
            stopped = isinstance(error, Interrupted | KeyboardInterrupt)
            self.result.status = "cancelled" if stopped else "failed"
            self.result.message = f"{str(error) or type(error).__name__} {self._told()}"
            file.write(self.result)
            raise
        self._conclude()
        file.write(self.result)

    def _one(self, one: DatasetSync, source: RawSource, done: SyncedDataset) -> None:
        """Do one dataset; what goes wrong with it alone does not hold up the next."""
        try:
            one.compare(dry_run=self._dry_run)
            if not self._dry_run:
                one.send()
            if self._graph:
                self._push(source, done)
            elif not self._dry_run:
                one.rebuild(self._rebuild)
        except (RemoteUnavailable, RemoteGarbled, Interrupted):
            raise
        except RemoteRefused as error:
            done.error = explained(error)
            if error.status == 401:
                raise
        except CogxError as error:
            done.error = str(error)

    def _push(self, source: RawSource, done: SyncedDataset) -> None:
        """Send the graph alone: its content is there as files."""
        try:
            pushed = push_sync(
                source.graph,
                target_dataset=done.target,
                url=self._at.url,
                api_key=self._at.key,
                kinds=GRAPH_KINDS,
                dry_run=self._dry_run,
                progress=self._progress,
            )
        except EmptyGraph:
            self.result.notes.append(f"{done.name!r} has no graph that could be sent.")
            return
        done.graph = {
            "status": pushed.status,
            "num_nodes": pushed.num_nodes,
            "num_edges": pushed.num_edges,
            "pipeline_run_id": pushed.pipeline_run_id,
            "losses": pushed.losses,
        }
        if pushed.losses:
            lost = ", ".join(f"{code} {number:,}" for code, number in pushed.losses.items())
            done.error = f"The server did not take all of the graph: {lost}."

    def _conclude(self) -> None:
        result = self.result
        if not all(one.is_whole for one in result.datasets):
            result.status = "failed"
        elif any(one.rebuild == "started" for one in result.datasets):
            result.status = "in_progress"
        else:
            result.status = "completed"
        result.message = self._told()

    def _told(self) -> str:
        result = self.result
        unchanged = sum(one.files_unchanged for one in result.datasets)
        sent = "would be sent" if self._dry_run else "sent"
        wrong = sum(one.error is not None for one in result.datasets)
        more = f" {_datasets(wrong)} with an error." if wrong else ""
        return (
            f"{_datasets(len(result.datasets))} to {self._at.url}: {result.files_sent:,} files "
            f"{sent} ({result.bytes_sent:,} bytes), {unchanged:,} unchanged, "
            f"{result.files_failed:,} failed.{more}"
        )


def _in_background(job: _Job) -> SyncResult:
    """Let a thread do it; return when it has begun, raise if it cannot begin."""
    begun = threading.Event()
    first: list[SyncResult] = []
    errors: list[BaseException] = []

    def ready(result: SyncResult) -> None:
        first.append(result)
        begun.set()

    def work() -> None:
        try:
            job.run(ready)
        except CogxError as error:  # once it has begun, the run's state says it
            errors.append(error)
        except BaseException as error:
            errors.append(error)
            if first:
                raise
        finally:
            begun.set()

    # No daemon: a program that ends waits for its data to arrive.
    threading.Thread(target=work, name=f"cogx sync {job.result.run_id}").start()
    begun.wait()
    if not first:
        raise errors[0]
    return first[0]


def _wanted(dataset_ids: Any) -> list[Any] | None:
    if dataset_ids is None:
        return None
    single = isinstance(dataset_ids, str | UUID | os.PathLike) or not isinstance(
        dataset_ids, Iterable
    )
    if single or hasattr(dataset_ids, "iter_nodes") or hasattr(dataset_ids, "add_edges_from"):
        return [dataset_ids]
    wanted = list(dataset_ids)
    if not wanted:
        raise BadSetting("There is nothing to sync: the list of datasets is empty.")
    return wanted


def _datasets(number: int) -> str:
    return "1 dataset" if number == 1 else f"{number:,} datasets"


def _nobody(_: SyncResult) -> None:
    """Hear and do nothing."""
