"""Knows how a server is made to build a graph of the files it was sent, once, to its true end.

Source: spec/wire.md#sync.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from cogx.engine.sync_state import SyncedDataset
from cogx.errors import RemoteError, RemoteGarbled, RemoteRefused, RunFailed
from cogx.progress import Progress
from cogx.remote.files import start_rebuild
from cogx.remote.ledger import Ledger
from cogx.remote.runs import Run, find_run
from cogx.remote.runs import wait as wait_for
from cogx.remote.server import Server

REBUILDS: Final = ("wait", "start", "none")
UNBUILT: Final = "unbuilt"
"""What the ledger keeps while the server has files that no graph was made of: the run's id."""
NO_RUN: Final = "?"


class Rebuild:
    """The graph of one dataset, which the server is to build."""

    def __init__(
        self,
        server: Server,
        ledger: Ledger,
        done: SyncedDataset,
        *,
        progress: Progress,
        moved: Callable[[], None],
    ) -> None:
        self._server = server
        self._ledger = ledger
        self._done = done
        self._progress = progress
        self._moved = moved

    def run(self, how: str) -> None:
        """Have it built, if anything is new there; ``how`` is one of :data:`REBUILDS`.

        What goes wrong stands in the result; the next sync starts it again.

        Raises:
            RemoteUnavailable: the server is gone.
        """
        run_id = self._ledger.told(UNBUILT)
        dataset_id = self._done.target_id
        if run_id is None or dataset_id is None:
            self._done.rebuild = "not needed"
            return
        if how == "none":
            return
        try:
            self._build(dataset_id, run_id, wait=how == "wait")
        except (RemoteRefused, RemoteGarbled, RunFailed) as error:
            self._ledger.keep(UNBUILT, NO_RUN)
            self._done.rebuild = "failed"
            self._done.error = (
                "The files are stored there, but the server made no whole graph of them: "
                f"{_why(error)} Its log says more; without a language model it cannot build one. "
                "The next sync lets it try again."
            )
        self._moved()

    def _build(self, dataset_id: str, run_id: str, *, wait: bool) -> None:
        if self._done.files_sent or not self._goes_on(dataset_id, run_id):
            if self._done.rebuild == "completed":
                return
            started = start_rebuild(self._server, dataset_id)
            self._ledger.keep(UNBUILT, started or NO_RUN)
            self._done.rebuild_run_id = started
        self._done.rebuild = "started"
        self._moved()
        if wait and self._done.rebuild_run_id is not None:
            run = wait_for(
                self._server,
                self._done.rebuild_run_id,
                dataset=dataset_id,
                progress=self._progress,
            )
            self._is_built(run)

    def _goes_on(self, dataset_id: str, run_id: str) -> bool:
        """Tell whether the run of an earlier sync is still at work, with all that is there now."""
        run = find_run(self._server, run_id, dataset_id) if run_id != NO_RUN else None
        if run is not None and run.is_done and not run.losses:
            self._is_built(run)
        if run is None or run.is_over:
            return False
        self._done.rebuild_run_id = run_id
        return True

    def _is_built(self, run: Run) -> None:
        """Take the graph for whole, unless the server says what it lacks."""
        if run.losses:
            told = ", ".join(f"{number:,} {code}" for code, number in run.losses.items())
            raise RunFailed(f"it lacks {told}.", run_id=run.run_id)
        self._ledger.keep(UNBUILT, None)
        self._done.rebuild = "completed"


def _why(error: RemoteError) -> str:
    status = error.context.get("status") if isinstance(error, RunFailed) else None
    if status is None:
        return str(error)
    kind = error.context.get("error_class") or "no reason given"
    return f"run {error.context.get('run_id')} ended with {status} ({kind})."
