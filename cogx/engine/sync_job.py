"""Knows the order of one sync: what is looked up before it begins, and dataset after dataset.

Never knows who waits for it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any
from uuid import uuid4

from cogx.engine.push import push_sync
from cogx.engine.push_delivery import check_name
from cogx.engine.raw_data import RawSource, raw_sources
from cogx.engine.sync_dataset import DatasetSync
from cogx.engine.sync_delivery import Goal, explained
from cogx.engine.sync_rebuild import Rebuild
from cogx.engine.sync_state import RunFile, SyncedDataset, SyncResult, began_now
from cogx.errors import (
    BadSetting,
    CogxError,
    EmptyGraph,
    Interrupted,
    RemoteGarbled,
    RemoteRefused,
    RemoteUnavailable,
)
from cogx.format.layout import GRAPH_KINDS
from cogx.progress import Progress
from cogx.remote.credentials import ServerAt
from cogx.remote.files import offers_sync, user_id
from cogx.remote.ledger import Ledger, ledger_file
from cogx.remote.probe import Abilities, look
from cogx.remote.server import Server


class SyncJob:
    """One sync: everything is looked up first, then dataset follows dataset.

    Args:
        wanted: as :func:`cogx.engine.raw_data.raw_sources` takes it.
        target: the name there, for a single dataset.
    """

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
            self._work(server, abilities, list(zip(sources, ledgers, strict=True)), file)

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
        abilities: Abilities,
        parts: Sequence[tuple[RawSource, Ledger]],
        file: RunFile,
    ) -> None:
        self.result.status = "in_progress"
        try:
            with_routes = abilities.is_cogx and offers_sync(server)
            for done, (source, ledger) in zip(self.result.datasets, parts, strict=True):
                goal = Goal(server, done.target, with_routes, abilities.piece_bytes)
                self._one(source, goal, ledger, done, lambda: file.write(self.result, now=False))
        except BaseException as error:
            stopped = isinstance(error, Interrupted | KeyboardInterrupt)
            self.result.status = "cancelled" if stopped else "failed"
            self.result.message = f"{str(error) or type(error).__name__} {self._told()}"
            file.write(self.result)
            raise
        self._conclude()
        file.write(self.result)

    def _one(
        self,
        source: RawSource,
        goal: Goal,
        ledger: Ledger,
        done: SyncedDataset,
        moved: Callable[[], None],
    ) -> None:
        """Do one dataset; what goes wrong with it alone does not hold up the next."""
        sync = DatasetSync(source, goal, ledger, done, progress=self._progress, moved=moved)
        try:
            sync.compare(dry_run=self._dry_run)
            if not self._dry_run:
                sync.send()
            if self._graph:
                self._push(source, done)
            elif not self._dry_run:
                rebuild = Rebuild(goal.server, ledger, done, progress=self._progress, moved=moved)
                rebuild.run(self._rebuild)
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
                split=True,
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
        files = "1 file" if result.files_sent == 1 else f"{result.files_sent:,} files"
        wrong = sum(one.error is not None for one in result.datasets)
        more = f" {_datasets(wrong)} with an error." if wrong else ""
        return (
            f"{_datasets(len(result.datasets))} to {self._at.url}: {files} {sent} "
            f"({result.bytes_sent:,} bytes), {unchanged:,} unchanged, "
            f"{result.files_failed:,} failed.{more}"
        )


def _datasets(number: int) -> str:
    return "1 dataset" if number == 1 else f"{number:,} datasets"
