"""Knows how a dataset of a server becomes an archive: asked for, kept on disk, exported, compared.

A cognee shows a graph without the properties of edges, and its files one by one; what it does not
give is named and counted. A server that speaks COGX gives the archive itself.
Source: spec/wire.md#pull.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from cogx.archive.writer import Target
from cogx.container import create_container
from cogx.engine.connection import live
from cogx.engine.export import export_graph
from cogx.engine.fetched_archive import fetch_archive
from cogx.engine.gathering import Found, Gathering
from cogx.engine.graph_spool import GraphSpool
from cogx.engine.pull_site import PullSite
from cogx.engine.pulled import PulledReader
from cogx.engine.receipt import Meter, Receipt
from cogx.engine.rewriting import Rewriting
from cogx.errors import RemoteError
from cogx.progress import SILENT, Progress
from cogx.remote.credentials import resolve_server
from cogx.remote.dataset import RemoteDataset, find_dataset, speaks_cogx
from cogx.remote.server import Server

SILENCE_S: Final = 600.0
"""A cognee gathers the whole graph before it says the first word of it."""
NO_FILES: Final = "without the raw files"
_KEPT: Final = (
    "What was fetched is kept beside the archive: the same command goes on from there, and "
    "--partial writes what there is."
)
_TEXTS: Final = (
    "Files are carried as cognee keeps them: where it made a text of one (a PDF), as that text."
)


@dataclass(slots=True)
class PullReceipt(Receipt):
    """A receipt that also says what came from the server.

    ``received`` counts nodes, edges, files and bytes; ``failed`` names files that the server
    lists and did not give, with its reason; ``lossless`` is not what the server could say of the
    dataset if it is a cognee: see ``declared``.
    """

    received: dict[str, int] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    from_cogx: bool = False


def pull_sync(
    url: str | None,
    dataset: str,
    archive: Target,
    *,
    api_key: str | None = None,
    name: str | None = None,
    only: Sequence[str] = (),
    as_of: str | None = None,
    map_predicate: Sequence[str] = (),
    remap_scope: Sequence[str] = (),
    profile: str = "portable",
    id_map: str | None = None,
    notes: tuple[str, ...] = (),
    files: bool = True,
    partial: bool = False,
    fresh: bool = False,
    compression: str | None = None,
    level: int | None = None,
    force: bool = False,
    allow_empty: bool = False,
    silence_s: float = SILENCE_S,
    progress: Progress = SILENT,
) -> PullReceipt:
    """Pull a dataset from a cognee or cogx server into an archive.

    The archive appears under its name only when it is whole. What was fetched until a pull breaks
    off is kept in ``.NAME.cogx-pull`` beside it, and the next one goes on from there.

    Args:
        url: the server; None: the live connection, COGNEE_SERVICE_URL or the saved login.
        dataset: its name or UUID there.
        archive: as for :func:`cogx.export_graph`; a stream keeps nothing for a next time.
        api_key: else COGNEE_API_KEY, or the key saved for this server.
        name: what the archive calls the dataset; default as the server does.
        only, as_of, map_predicate, remap_scope, profile, id_map, notes, compression, level,
            force, allow_empty: as for :func:`cogx.export_graph`.
        files: fetch the raw files; a cogx server's archive holds what it holds.
        partial: write an archive, marked so, of what could be had where the connection breaks.
        fresh: forget what an earlier pull has kept.
        silence_s: how long the server may say nothing before it begins with the graph.

    Returns:
        The receipt: ``declared`` counts what a cognee does not give, ``losses`` what is missing.

    Raises:
        NotConnected, UnknownName (no such dataset), BadSetting (the name means several),
        AlreadyThere: nothing was fetched.
        RemoteUnavailable, RemoteRefused, RemoteGarbled: the pull broke off; no archive was made.
        EmptyGraph: the dataset holds nothing.
        InvalidArchive: a cogx server sent one that is not valid.
    Cost: disk for the files and the graph beside the archive meanwhile; memory does not grow.
    """
    meter = Meter()
    asked: dict[str, Any] = {
        "only": only,
        "as_of": as_of,
        "map_predicate": map_predicate,
        "remap_scope": remap_scope,
        "profile": profile,
        "id_map": id_map,
    }
    rewriting = Rewriting.of(**asked)
    writing: dict[str, Any] = {"compression": compression, "level": level, "force": force}
    create_container(archive, **writing).abort()  # says now what it would say at the end
    at = resolve_server(url, api_key, live())
    place = Path(archive) if isinstance(archive, str | os.PathLike) else None
    with Server(at.url, at.key) as server:
        remote = find_dataset(server, dataset)
        is_cogx = speaks_cogx(server)
        site = PullSite(place, f"dataset {remote.id} on {server.url}", fresh=fresh)
        done = False
        try:
            if is_cogx:
                receipt = _from_cogx(
                    remote,
                    site,
                    archive,
                    rewriting,
                    progress,
                    name=name,
                    notes=notes,
                    allow_empty=allow_empty,
                    silence_s=silence_s,
                    **writing,
                )
            else:
                options = asked | writing | {"notes": notes, "allow_empty": allow_empty}
                pull = _Pull(remote, site, progress, files=files, partial=partial)
                pull.silence_s = silence_s
                receipt = pull.run(archive, name, options, exact=rewriting.changes_nothing)
            done = "pull.files" not in receipt.losses
        except RemoteError as error:
            if site.close():
                error.args = (f"{error} {_KEPT}",)
            raise
        finally:
            site.close(done=done)
    receipt.notes = [*at.notes, *receipt.notes]
    receipt.usage = meter.usage()
    return receipt


def _from_cogx(
    remote: RemoteDataset,
    site: PullSite,
    archive: Target,
    rewriting: Rewriting,
    progress: Progress,
    **options: Any,
) -> PullReceipt:
    receipt = fetch_archive(remote, site.archive_file, archive, rewriting, progress, **options)
    return _named(receipt, remote, archive, from_cogx=True)


class _Pull:
    """One pull from a cognee."""

    silence_s = SILENCE_S

    def __init__(
        self,
        remote: RemoteDataset,
        site: PullSite,
        progress: Progress,
        *,
        files: bool,
        partial: bool,
    ) -> None:
        self._remote = remote
        self._site = site
        self._progress = progress
        self._with_files = files
        self._partial = partial

    def run(
        self, archive: Target, name: str | None, options: Mapping[str, Any], *, exact: bool
    ) -> PullReceipt:
        with closing(GraphSpool(self._site.graph_file)) as spool:
            gathering = Gathering(
                self._remote,
                self._site,
                spool,
                partial=self._partial,
                silence_s=self.silence_s,
                progress=self._progress,
            )
            found = gathering.found
            schema = gathering.schema()
            left_out = None if self._with_files else self._remote.count_files()
            if self._with_files:
                gathering.list_files()
            gathering.graph()
            if self._with_files:
                gathering.files()
            reader = PulledReader(
                spool, self._site if self._with_files else None, self._header(found, schema)
            )
            exported = export_graph(
                reader, archive, dataset=name, progress=self._progress, **options
            )
            receipt = _named(exported, self._remote, archive)
            _tell(receipt, found, spool)
            if left_out:
                receipt.left_out["document"] = receipt.left_out.get("document", 0) + left_out
            if exact:
                _compare(receipt, spool)
        return receipt

    def _header(self, found: Found, schema: dict[str, Any]) -> dict[str, Any]:
        lacks = found.lacks if self._with_files else [NO_FILES, *found.lacks]
        server = self._remote.server.url
        header: dict[str, Any] = {
            "source_system": "cognee",
            "dataset": self._remote.name,
            "notes": [f"Pulled from {server}, dataset {self._remote.name!r}."],
        }
        if found.received.get("files listed"):
            header["notes"].append(_TEXTS)
        if lacks:
            header |= {"complete": False, "selection": "; ".join(lacks)}
        if schema:
            header["dataset_schema"] = schema
        return header


def _tell(receipt: PullReceipt, found: Found, spool: GraphSpool) -> None:
    """Say what came, what did not, and what a cognee never gives."""
    receipt.received = dict(found.received)
    receipt.failed = list(found.failed)
    receipt.losses |= found.losses
    receipt.warnings |= found.warnings
    receipt.notes += found.notes
    nodes, _ = spool.counts()
    bare, ends = spool.bare_edges(), spool.missing_ends()
    never = {
        "pull.edge-properties": bare,
        "pull.timestamps": nodes,
        "pull.provenance": nodes,
        "pull.nulls": nodes,
        "pull.file-details": found.received.get("files listed", 0),
    }
    receipt.declared |= {code: number for code, number in never.items() if number}
    if ends:
        receipt.warnings["pull.missing-ends"] = ends


def _compare(receipt: PullReceipt, spool: GraphSpool) -> None:
    """Hold what is in the archive against what came."""
    nodes, edges = spool.counts()
    written = {kind: receipt.counts.get(kind, 0) for kind in ("entity", "raw_node", "fact")}
    missing = nodes - written["entity"] - written["raw_node"], edges - written["fact"]
    for code, number in zip(("pull.nodes", "pull.edges"), missing, strict=True):
        if number:
            receipt.losses[code] = abs(number)


def _named(
    receipt: Receipt, remote: RemoteDataset, archive: Target, *, from_cogx: bool = False
) -> PullReceipt:
    plain = {one.name: getattr(receipt, one.name) for one in fields(Receipt)}
    plain["source"] = f"{remote.server.url} dataset {remote.name}"
    plain["target"] = str(archive) if isinstance(archive, str | os.PathLike) else "<archive>"
    return PullReceipt(**plain, from_cogx=from_cogx)
