"""Knows how to ask a server for a run, from any process."""

from __future__ import annotations

from cogx.engine.connection import live
from cogx.errors import RunFailed
from cogx.progress import SILENT, Progress
from cogx.remote.credentials import resolve_server
from cogx.remote.runs import Run, find_run, runs_of
from cogx.remote.runs import wait as wait_for
from cogx.remote.server import Server


def runs_sync(
    dataset: str | None = None,
    *,
    url: str | None = None,
    api_key: str | None = None,
    most: int = 20,
) -> list[Run]:
    """Return the last runs on a server, the newest first: for a push whose answer was lost.

    Args:
        dataset: only those that go into this dataset.
        most: how many at the most.

    Raises:
        RemoteError: the server cannot be reached, or refuses.
    """
    at = resolve_server(url, api_key, live())
    with Server(at.url, at.key) as server:
        return runs_of(server, dataset, limit=most)


def status_sync(
    run_id: str,
    *,
    dataset: str | None = None,
    url: str | None = None,
    api_key: str | None = None,
    wait: bool = False,
    timeout_s: float | None = None,
    progress: Progress = SILENT,
) -> Run:
    """Return how a run on a server goes, or how it ended.

    Args:
        dataset: the dataset it goes into, where known: quicker to find.
        url, api_key: the server; else as for :func:`cogx.engine.push.push_sync`.
        wait: stay until it has ended; a failure is returned, not raised.

    Raises:
        RunFailed: the server knows no such run.
        RemoteError: the server cannot be reached, or refuses.
    """
    at = resolve_server(url, api_key, live())
    with Server(at.url, at.key) as server:
        if wait:
            try:
                return wait_for(
                    server, run_id, dataset=dataset, timeout_s=timeout_s, progress=progress
                )
            except RunFailed:
                pass  # how it failed is what was asked for
        run = find_run(server, run_id, dataset)
    if run is None:
        raise RunFailed(
            f"{at.url} knows no run {run_id}. Check the id and the server; an old run may be gone.",
            run_id=run_id,
        )
    return run
