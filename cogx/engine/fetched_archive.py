"""Knows how the archive that a cogx server sends becomes the one that was asked for; proves it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from cogx.archive.pack import pack
from cogx.archive.reader import open_archive
from cogx.archive.writer import ArchiveWriter, Target, exported_now
from cogx.engine.header import header_of, manifest_of
from cogx.engine.proven import proven
from cogx.engine.receipt import Receipt
from cogx.engine.record_sources import ArchiveRecords
from cogx.engine.rewriting import Rewriting
from cogx.engine.stages import Stages
from cogx.errors import EmptyGraph
from cogx.format.manifest import Manifest
from cogx.progress import Progress
from cogx.remote.dataset import RemoteDataset, refuse_text
from cogx.remote.download import download


def fetch_archive(
    remote: RemoteDataset,
    place: Path,
    target: Target,
    rewriting: Rewriting,
    progress: Progress,
    *,
    name: str | None,
    notes: tuple[str, ...],
    allow_empty: bool,
    silence_s: float,
    **writing: Any,
) -> Receipt:
    """Fetch an archive, validate it, and write it to its target as it is or as is asked.

    Args:
        place: where it may lie meanwhile.
        name: the dataset's name in the archive; None as it is.
        silence_s: how long the server may say nothing before it begins.
        writing: compression, level and force of the target.

    Raises:
        RemoteError: it could not be fetched.
        InvalidArchive, DamagedArchive: what came is not valid; nothing is written.
        EmptyGraph: it holds nothing.
    """
    progress.begin("fetch archive", total=None, unit="bytes")
    download(
        remote.server,
        remote.export_path,
        place,
        params={"format": "cogx"},
        advance=progress.advance,
        check=refuse_text,
        silence_s=silence_s,
    )
    progress.end()
    with open_archive(place) as archive:
        manifest = archive.manifest
        held = sum(archive.counts.values())
    if not held and not allow_empty:
        raise EmptyGraph(f"Dataset {remote.name!r} holds nothing, so there is nothing to pull.")
    if rewriting.changes_nothing and name is None and not notes:
        return _as_it_is(place, target, manifest, progress, writing)
    return _changed(place, target, rewriting, progress, name=name, notes=notes, writing=writing)


def _as_it_is(
    place: Path,
    target: Target,
    manifest: Manifest | None,
    progress: Progress,
    writing: Mapping[str, Any],
) -> Receipt:
    """Write every member byte for byte."""
    findings = pack(place, target, plain=True, progress=progress, **writing)
    receipt = Receipt("", "")
    receipt.counts = {kind: number for kind, number in findings.counts.items() if number}
    receipt.fingerprint = findings.fingerprint.hex()
    extension = manifest.cogx if manifest else None
    receipt.dataset = extension.dataset if extension else None
    for problem in findings.problems:
        receipt.warnings[problem.code] = receipt.warnings.get(problem.code, 0) + 1
    return receipt


def _changed(
    place: Path,
    target: Target,
    rewriting: Rewriting,
    progress: Progress,
    *,
    name: str | None,
    notes: tuple[str, ...],
    writing: Mapping[str, Any],
) -> Receipt:
    """Write what the stages make of it."""
    receipt = Receipt("", "")
    with (
        proven(place, progress=progress) as (archive, _),
        closing(Stages(ArchiveRecords(archive), rewriting)) as stages,
    ):
        header = header_of(archive.manifest, name)
        header["source_system"] = stages.system
        if rewriting.profile != "portable":
            header["profile"] = rewriting.profile
        exported_at: datetime | None = archive.manifest.exported_at if archive.manifest else None
        made = manifest_of(
            header, exported_at or exported_now(), notes=notes, selection=stages.selection
        )
        with ArchiveWriter(target, manifest=made, **writing) as writer:
            if not stages.fill(writer, progress, total=sum(archive.counts.values())):
                raise EmptyGraph(f"Nothing in the dataset is {stages.selection}. Ask for more.")
            manifest = writer.publish()
        stages.tell(receipt)
        receipt.id_map = stages.write_id_map()
    receipt.take(manifest)
    return receipt
