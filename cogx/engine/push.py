"""Knows how a graph gets into a server: asked first, packed, sent once, looked at afterwards.

The verb of cognee's ``push()``, with its names and its errors, made reliable.
Source: spec/wire.md.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Final

from cogx.engine.connection import live
from cogx.engine.parcel import DEFAULT_DATASET, EVERYTHING, Shipment
from cogx.engine.push_delivery import Delivery
from cogx.engine.push_result import PushResult
from cogx.errors import UnknownMode
from cogx.progress import SILENT, Progress
from cogx.remote.credentials import resolve_server
from cogx.remote.runs import wait as wait_for
from cogx.remote.server import Server
from cogx.remote.upload import LONG_SILENCE_S

MODES: Final = ("preserve", "hybrid", "re-derive")


def push_sync(
    dataset: Any = DEFAULT_DATASET,
    *,
    target_dataset: str | None = None,
    mode: str = "preserve",
    run_in_background: bool = False,
    url: str | None = None,
    api_key: str | None = None,
    user: str | None = None,
    since: str | None = None,
    wait: bool = False,
    verify: bool = False,
    dry_run: bool = False,
    split: bool = False,
    allow_empty: bool = False,
    kinds: frozenset[str] = EVERYTHING,
    silence_s: float = LONG_SILENCE_S,
    progress: Progress = SILENT,
) -> PushResult:
    """Upload a graph to a cognee or cogx server, which imports it.

    Args:
        dataset: the name or UUID of a local cognee dataset; a store URI; a graph of networkx or
            any GraphReader; the path of an archive.
        target_dataset: its name there; default the local one's.
        mode: ``preserve`` (no LLM calls there), ``hybrid``, ``re-derive``.
        run_in_background: return once the upload is complete; :func:`wait_sync` tells the end.
        url, api_key: the server; else the live connection, COGNEE_SERVICE_URL and
            COGNEE_API_KEY, or the saved login, in this order.
        user: as whom to read a local cognee.
        since: an archive that the server has already: only what is new or changed is sent.
        wait: stay until a background run ends, and fail if it does.
        verify: stay until it has ended, then look whether the server shows every node, name and
            edge that was sent; what it does not is a loss.
        dry_run: ask, pack and check, but send nothing.
        split: what is over the server's limits is sent in parts, one after the other, each of
            them waited for. After a failure the same call goes on with the part that failed.
        kinds: records of other kinds stay here.
        silence_s: how long the server may say nothing while it imports.

    Raises:
        UnknownMode, NotConnected, UnknownName or StoreError (no such dataset), EmptyGraph,
        BadSetting (a name the server cannot take), LimitExceeded, UnsupportedServer: nothing was
        sent.
        RemoteRefused, RemoteUnavailable, RemoteGarbled: the text says whether an import may have
        happened.
        RunFailed: with ``wait``, the run ended with an error.
    Cost: temporary disk of the packed size, twice that in parts; memory does not grow with the
    graph.
    """
    if mode not in MODES:
        raise UnknownMode(f"Unknown mode {mode!r}. Known: {', '.join(MODES)}.")
    at = resolve_server(url, api_key, live())
    with (
        Shipment(dataset, user=user, progress=progress) as shipment,
        Server(at.url, at.key) as server,
        tempfile.TemporaryDirectory(prefix="cogx-") as directory,
    ):
        push = Delivery(shipment, server, Path(directory), progress)
        push.mode, push.target = mode, target_dataset or shipment.name
        push.silence_s, push.kinds = silence_s, kinds
        result = push.run(
            background=run_in_background,
            since=since,
            dry_run=dry_run,
            split=split,
            allow_empty=allow_empty,
        )
        result.notes += at.notes
        if (wait or verify) and not dry_run:
            _wait(server, result, progress)
        if verify and not dry_run:
            push.verify(result)
    return result


def wait_sync(
    result: PushResult,
    *,
    api_key: str | None = None,
    timeout_s: float | None = None,
    progress: Progress = SILENT,
) -> PushResult:
    """Stay until the run of a push has ended, and return its result with the true status.

    Raises:
        RunFailed: it ended with an error, or is gone.
        RemoteUnavailable: ``timeout_s`` passed, or the server is gone; a retry may help.
    """
    at = resolve_server(result.url, api_key, live())
    with Server(at.url, at.key) as server:
        _wait(server, result, progress, timeout_s)
    return result


def _wait(
    server: Server, result: PushResult, progress: Progress, timeout_s: float | None = None
) -> None:
    for run_id in result.run_ids if not result.finished else ():
        run = wait_for(
            server,
            run_id,
            dataset=result.target_dataset,
            timeout_s=timeout_s,
            progress=progress,
        )
        result.status = "completed" if run.is_done else run.status
        for code, number in run.losses.items():
            result.losses[code] = result.losses.get(code, 0) + number
