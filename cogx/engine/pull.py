"""Knows how a dataset of a server becomes an archive: asked for, kept on disk, exported, compared.

A cognee shows a graph without the properties of edges, and its files one by one; what it does not
give is named and counted. A server that speaks COGX gives the archive itself.
Source: spec/wire.md#pull.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cogx.archive.writer import Target
from cogx.container import create_container
from cogx.engine.connection import live
from cogx.engine.export import export_graph
from cogx.engine.fetched_archive import fetch_archive
from cogx.engine.gathering import Found, Gathering
from cogx.engine.graph_spool import GraphSpool
from cogx.engine.pull_receipt import PullReceipt, compare, receipt_of, tell
from cogx.engine.pull_site import PullSite
from cogx.engine.pulled import PulledReader
from cogx.engine.receipt import Meter
from cogx.engine.rewriting import Rewriting
from cogx.errors import RemoteError
from cogx.progress import SILENT, Progress
from cogx.remote.credentials import resolve_server
from cogx.remote.dataset import RemoteDataset, find_dataset, speaks_cogx
from cogx.remote.server import Server

SILENCE_S: Final = 600.0
"""A cognee gathers the whole graph before it says the first word of it."""
NO_FILES: Final = "without the raw files"
_BROKEN: Final = frozenset({"pull.files", "pull.graph", "pull.interrupted"})
"""Losses that another pull may make good, for which what was fetched is kept."""
_KEPT: Final = (
    "What was fetched is kept beside the archive: the same command goes on from there, and "
    "--partial writes what there is."
)
_WHOLE: Final = (
    "The server sent an archive, which has no files apart: its texts are in it. Choose records "
    "with --only instead."
)
_TEXTS: Final = (
    "Files are carried as cognee keeps them: where it made a text of one (a PDF), as that text."
)


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
    portable: bool = False,
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
        only, as_of, map_predicate, remap_scope, profile, id_map, portable, notes, compression,
            level, force, allow_empty: as for :func:`cogx.export_graph`.
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
    rewriting: dict[str, Any] = {
        "only": only,
        "as_of": as_of,
        "map_predicate": map_predicate,
        "remap_scope": remap_scope,
        "profile": profile,
        "id_map": id_map,
        "portable": portable,
    }
    writing: dict[str, Any] = {"compression": compression, "level": level, "force": force}
    pull = _Pull(archive, rewriting, writing, Rewriting.of(**rewriting), progress)
    pull.name, pull.notes, pull.allow_empty = name, notes, allow_empty
    pull.with_files, pull.partial, pull.silence_s = files, partial, silence_s
    create_container(archive, **writing).abort()  # says now what it would say at the end
    at = resolve_server(url, api_key, live())
    with Server(at.url, at.key) as server:
        receipt = pull.run(server, dataset, fresh=fresh)
    receipt.notes = [*at.notes, *receipt.notes]
    receipt.usage = meter.usage()
    return receipt


@dataclass(slots=True)
class _Pull:
    """One pull: what was asked for."""

    archive: Target
    rewriting: Mapping[str, Any]
    writing: Mapping[str, Any]
    stages: Rewriting
    progress: Progress
    name: str | None = None
    notes: tuple[str, ...] = ()
    allow_empty: bool = False
    with_files: bool = True
    partial: bool = False
    silence_s: float = SILENCE_S

    def run(self, server: Server, dataset: str, *, fresh: bool) -> PullReceipt:
        remote = find_dataset(server, dataset)
        from_server = self._from_cogx if speaks_cogx(server) else self._from_cognee
        place = Path(self.archive) if isinstance(self.archive, str | os.PathLike) else None
        site = PullSite(place, f"dataset {remote.id} on {server.url}", fresh=fresh)
        done = False
        try:
            receipt = from_server(remote, site)
            done = self.with_files and not _BROKEN & receipt.losses.keys()
        except RemoteError as error:
            if site.close():
                error.args = (f"{error} {_KEPT}",)
            raise
        finally:
            site.close(done=done)
        return receipt

    def _from_cogx(self, remote: RemoteDataset, site: PullSite) -> PullReceipt:
        receipt = fetch_archive(
            remote,
            site.place.archive,
            self.archive,
            self.stages,
            self.progress,
            name=self.name,
            notes=self.notes,
            allow_empty=self.allow_empty,
            silence_s=self.silence_s,
            **self.writing,
        )
        if not self.with_files:
            receipt.notes.append(_WHOLE)
        return receipt_of(receipt, remote, self.archive, from_cogx=True)

    def _from_cognee(self, remote: RemoteDataset, site: PullSite) -> PullReceipt:
        with closing(GraphSpool(site.place.graph)) as spool:
            gathering = Gathering(
                remote,
                site,
                spool,
                partial=self.partial,
                silence_s=self.silence_s,
                progress=self.progress,
            )
            schema = gathering.run(with_files=self.with_files)
            found = gathering.found
            exported = export_graph(
                PulledReader(
                    spool,
                    site if self.with_files else None,
                    self._header(remote, found, schema),
                ),
                self.archive,
                dataset=self.name,
                notes=self.notes,
                allow_empty=self.allow_empty,
                progress=self.progress,
                **self.rewriting,
                **self.writing,
            )
            receipt = receipt_of(exported, remote, self.archive)
            tell(receipt, found, spool)
            if self.stages.changes_nothing:
                compare(receipt, spool)
        return receipt

    def _header(
        self, remote: RemoteDataset, found: Found, schema: dict[str, Any]
    ) -> dict[str, Any]:
        """Return what the manifest will say."""
        lacks = found.lacks if self.with_files else [NO_FILES, *found.lacks]
        header: dict[str, Any] = {
            "source_system": "cognee",
            "dataset": remote.name,
            "notes": [f"Pulled from {remote.server.url}, dataset {remote.name!r}."],
        }
        if found.received.get("files listed"):
            header["notes"].append(_TEXTS)
        if lacks:
            header |= {"complete": False, "selection": "; ".join(lacks)}
        if schema:
            header["dataset_schema"] = schema
        return header
