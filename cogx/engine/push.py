"""Knows how a graph gets into a server: asked first, packed, sent once, looked at afterwards.

The verb of cognee's ``push()``, with its names and its errors, made reliable.
Source: spec/wire.md.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from cogx.engine.connection import live
from cogx.engine.parcel import DEFAULT_DATASET, EVERYTHING, Parcel, Shipment
from cogx.engine.push_parts import Confirmed, in_parts, refusal, send_parts, too_large
from cogx.engine.push_result import PushResult
from cogx.errors import BadSetting, EmptyGraph, UnknownMode, UnsupportedServer
from cogx.format.layout import CONTENT_KINDS, GRAPH_KINDS
from cogx.progress import SILENT, Progress
from cogx.remote.credentials import resolve_server
from cogx.remote.imported import Imported, imported
from cogx.remote.probe import Abilities, probe
from cogx.remote.runs import wait as wait_for
from cogx.remote.server import Server
from cogx.remote.upload import LONG_SILENCE_S, upload_archive

MODES: Final = ("preserve", "hybrid", "re-derive")
_UNFIT: Final = frozenset(" .")
"""A real cognee chokes on these in a dataset's name, after it has made the dataset."""


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
        push = _Push(shipment, server, Path(directory), progress)
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


class _Push:
    """One push under way."""

    mode = "preserve"
    target = DEFAULT_DATASET
    silence_s = LONG_SILENCE_S
    kinds = EVERYTHING

    def __init__(
        self, shipment: Shipment, server: Server, directory: Path, progress: Progress
    ) -> None:
        self._shipment = shipment
        self._server = server
        self._directory = directory
        self._sent: list[Path] = []
        self._progress = progress
        self._piece_bytes: int | None = None

    def run(
        self,
        *,
        background: bool,
        since: str | None,
        dry_run: bool,
        split: bool,
        allow_empty: bool,
    ) -> PushResult:
        abilities = probe(self._server)
        check_name(self.target, abilities)
        self._piece_bytes = abilities.piece_bytes
        stages = _since(since)
        with self._packed(abilities, stages=stages) as parcel:
            self._check(parcel, abilities, allow_empty=allow_empty, since=since)
            parts = self._parts(parcel, abilities, split=split, background=background)
            result = self._result(parcel, abilities, dry_run=dry_run)
            if parts:
                result.parts = len(parts)
                result.size_bytes = sum(part.size_bytes for part in parts)
            if dry_run:
                return result
            if parts:
                self._send_parts(parts, result)
            elif background and self.mode == "preserve" and not abilities.background_preserve_works:
                self._around_the_defect(parcel, abilities, result, stages)
            else:
                self._send(parcel, result, mode=self.mode, background=background)
        return result

    def verify(self, result: PushResult) -> None:
        """Add to a result what the server does not show."""
        from cogx.engine.push_check import missing_there  # noqa: PLC0415 - only if asked for

        lost = missing_there(self._server, self.target, self._sent, self._progress)
        for code, number in lost.items():
            result.losses[code] = result.losses.get(code, 0) + number
        result.verified = not result.losses

    def _packed(
        self,
        abilities: Abilities,
        *,
        kinds: frozenset[str] = EVERYTHING,
        stages: list[Callable[[Any], Any]],
    ) -> Any:
        return self._shipment.packed(
            self._directory,
            for_cognee=not abilities.is_cogx,
            mode=self.mode,
            target=self.target,
            kinds=kinds & self.kinds,
            before=stages,
        )

    def _check(
        self, parcel: Parcel, abilities: Abilities, *, allow_empty: bool, since: str | None
    ) -> None:
        """Refuse what the server would refuse, or take without a word."""
        empty = not parcel.nodes and (self.mode == "preserve" or not parcel.contents)
        if empty and since is None and not allow_empty:
            raise EmptyGraph(
                f"{self._shipment.name!r} has 0 nodes, so there is no graph to push; nothing was "
                "sent. Build it first (cognee: cognify or remember), or check the name."
            )
        if self.mode not in abilities.modes:
            raise UnsupportedServer(
                f"{self._server.url} does not know the import mode {self.mode}; nothing was sent. "
                f"It knows {', '.join(abilities.modes)}.",
                abilities.version,
                self.mode,
            )

    def _parts(
        self, parcel: Parcel, abilities: Abilities, *, split: bool, background: bool
    ) -> list[Parcel]:
        """Return the parts that the server takes, none if it takes the parcel as it is."""
        limit = too_large(parcel, abilities)
        if limit is None:
            return []
        if not split:
            raise refusal(self._server, limit)
        if background:
            raise BadSetting(
                f"{self._shipment.name!r} is too large for one archive there, and parts are sent "
                "one after the other, each of them waited for; nothing was sent. Leave "
                "--background out."
            )
        parts = in_parts(parcel, abilities, self._directory, self._progress)
        if self.mode == "re-derive" and not abilities.is_cogx:
            # A cognee looks at nothing but content then, and fails where there is none.
            parts = [part for part in parts if part.contents]
        return parts

    def _send_parts(self, parts: list[Parcel], result: PushResult) -> None:
        confirmed = Confirmed(self._server, self.target, self.mode, parts)
        unfinished: list[str] = []

        def send(part: Parcel) -> Imported:
            done = self._send(part, result, mode=self.mode, background=False)
            if not done.finished:
                unfinished.append(done.status)
            return done

        before = send_parts(parts, send, confirmed)
        self._sent = [part.path for part in parts]
        result.status = unfinished[0] if unfinished else "completed"
        if before:
            result.notes.append(
                f"Not sent again, since the server confirmed them to an earlier push: part"
                f"{'s' if len(before) > 1 else ''} {', '.join(map(str, before))} of {len(parts)}. "
                "--verify looks whether they are there still."
            )

    def _result(self, parcel: Parcel, abilities: Abilities, *, dry_run: bool) -> PushResult:
        asks_model = self.mode != "preserve" and abilities.has_model
        return PushResult(
            status="not sent" if dry_run else "unknown",
            dataset_name=self._shipment.name,
            target_dataset=self.target,
            num_nodes=parcel.nodes,
            num_edges=parcel.counts.get("fact", 0),
            remote_response={},
            pipeline_run_id=None,
            url=self._server.url,
            mode=self.mode,
            dry_run=dry_run,
            server_version=abilities.version,
            server_name=abilities.name,
            sent=parcel.counts,
            size_bytes=parcel.size_bytes,
            llm_calls=parcel.contents if asks_model else 0,
            declared=parcel.declared,
            changes=parcel.changes,
        )

    def _send(self, parcel: Parcel, result: PushResult, *, mode: str, background: bool) -> Imported:
        answer = upload_archive(
            self._server,
            parcel.path,
            dataset=self.target,
            mode=mode,
            background=background,
            sha256=parcel.sha256,
            # Of this sending alone: to a key that it knows a server answers and imports nothing.
            idempotency_key=uuid4().hex,
            silence_s=self.silence_s,
            progress=self._progress,
            piece_bytes=self._piece_bytes,
        )
        if parcel.path not in self._sent:
            self._sent.append(parcel.path)
        done = imported(answer)
        result.remote_response = answer
        result.status = done.status
        result.pipeline_run_id = done.pipeline_run_id
        for run_id in (done.pipeline_run_id, done.graph_run_id):
            if not done.finished and run_id is not None and run_id not in result.run_ids:
                result.run_ids.append(run_id)
        result.skipped_facts += done.skipped_facts
        result.deduped_facts += done.deduped_edges
        self._compare(parcel, done, result)
        return done

    def _compare(self, parcel: Parcel, done: Imported, result: PushResult) -> None:
        """Hold what the server says it read against what was sent."""
        for kind, number in parcel.counts.items():
            missing = number - done.record_counts.get(kind, 0)
            if missing > 0:
                code = f"push.not-read.{kind}"
                result.losses[code] = result.losses.get(code, 0) + missing
        if done.skipped_facts:
            result.losses["push.skipped-facts"] = result.skipped_facts
        if done.deduped_edges:
            # A real cognee keeps one edge for each source, predicate and target.
            result.declared["push.deduped-facts"] = result.deduped_facts

    def _around_the_defect(
        self,
        whole: Parcel,
        abilities: Abilities,
        result: PushResult,
        stages: list[Callable[[Any], Any]],
    ) -> None:
        """Send the content now and the graph as a background hybrid import without content.

        Up to cognee 1.6.5 a background preserve import always fails after it was accepted. An
        archive without content is imported the same way in hybrid, without a call to an LLM.
        """
        result.notes.append(
            f"Background imports in preserve mode fail on cognee {abilities.version}: the content "
            "was sent first and waited for, the graph after it as hybrid, which calls no LLM "
            "where there is no content."
        )
        if whole.contents:
            with self._packed(abilities, kinds=CONTENT_KINDS, stages=stages) as content:
                self._send(content, result, mode="preserve", background=False)
        with self._packed(abilities, kinds=GRAPH_KINDS, stages=stages) as graph:
            self._send(graph, result, mode="hybrid", background=True)


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


def _since(path: str | None) -> list[Callable[[Any], Any]]:
    if path is None:
        return []
    from cogx.engine.since import Since  # noqa: PLC0415 - only if asked for

    return [lambda source: Since(source, path)]


def check_name(name: str, abilities: Abilities) -> None:
    """Refuse a dataset's name that the server could not take.

    Raises:
        BadSetting: an empty name; a space or a dot towards a real cognee.
    """
    if not name.strip():
        raise BadSetting("The target dataset has no name. Give one with --target-dataset.")
    unfit = sorted(_UNFIT.intersection(name))
    if unfit and not abilities.is_cogx:
        shown = " and ".join({" ": "a space", ".": "a dot"}[one] for one in unfit)
        raise BadSetting(
            f"The dataset name {name!r} has {shown}, and a cognee server refuses that after it has "
            f"made the dataset. Give another with --target-dataset, such as "
            f"{''.join('_' if one in _UNFIT else one for one in name)!r}."
        )
