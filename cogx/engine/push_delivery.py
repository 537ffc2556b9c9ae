"""Knows one push under way: the server is asked, the graph packed for it, sent once and compared.

Source: spec/wire.md#upload.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from cogx.engine.parcel import DEFAULT_DATASET, EVERYTHING, Parcel, Shipment
from cogx.engine.push_parts import Confirmed, in_parts, refusal, send_parts, too_large
from cogx.engine.push_result import PushResult
from cogx.errors import BadSetting, EmptyGraph, UnsupportedServer
from cogx.format.layout import CONTENT_KINDS, GRAPH_KINDS
from cogx.progress import Progress
from cogx.remote.imported import Imported, imported
from cogx.remote.probe import Abilities, probe
from cogx.remote.server import Server
from cogx.remote.upload import LONG_SILENCE_S, upload_archive

_UNFIT: Final = frozenset(" .")
"""A real cognee chokes on these in a dataset's name, after it has made the dataset."""


class Delivery:
    """One push under way: what it sends, to which dataset, and how."""

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
        """Ask the server, pack for it, and send; raises as :func:`cogx.engine.push.push_sync`."""
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
        for code, number in done.losses.items():
            result.losses[code] = result.losses.get(code, 0) + number
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
