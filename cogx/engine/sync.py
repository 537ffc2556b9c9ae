"""Knows how raw data gets into datasets of a server, which builds its own graph of it.

The verb of cognee's ``sync()``, with its result, made reliable. A push ships the graph; a sync
ships the files. Source: spec/wire.md#sync.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from cogx.engine.connection import live
from cogx.engine.sync_job import SyncJob
from cogx.engine.sync_rebuild import REBUILDS
from cogx.engine.sync_state import SyncedDataset, SyncResult, is_running, sync_status
from cogx.errors import BadSetting, CogxError, UnknownName
from cogx.progress import SILENT, Progress
from cogx.remote.credentials import resolve_server

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
    job = SyncJob(
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


def _in_background(job: SyncJob) -> SyncResult:
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


def _nobody(_: SyncResult) -> None:
    """Hear and do nothing."""
