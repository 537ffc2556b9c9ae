"""Knows how one archive becomes several that are each complete, within bounds, and lose nothing.

Source: spec/format.md#parts.
"""

from __future__ import annotations

import os
from collections import Counter
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from cogx.archive.reader import Archive, Source
from cogx.archive.validate import Findings
from cogx.engine.proven import proven
from cogx.engine.split_files import ENDINGS, PartFiles
from cogx.engine.split_index import SplitIndex
from cogx.engine.split_plan import Bounds, Plan
from cogx.engine.split_writing import PartWriter, unpacked_bytes
from cogx.errors import BadSetting, EmptyGraph
from cogx.format.layout import KIND_OF_MEMBER, MANIFEST
from cogx.format.manifest import Manifest
from cogx.limits import Limits
from cogx.progress import SILENT, Progress

MAX_MEMBER: Final = 512 << 20
MAX_TOTAL: Final = 2 << 30
"""What a cognee server takes, unpacked."""


@dataclass(slots=True)
class ArchivePart:
    """One part: where it is, its records by kind, its bytes there, and unpacked."""

    path: str
    counts: dict[str, int]
    size_bytes: int
    unpacked_bytes: int
    fingerprint: dict[str, str]


@dataclass(slots=True)
class SplitResult:
    """What became of an archive that was split.

    ``counts`` and ``fingerprint`` are those of the whole; ``repeated`` counts by kind what stands
    in more parts than one, once for each further part; ``left_out`` are members without records.
    """

    source: str
    counts: dict[str, int]
    fingerprint: dict[str, str]
    parts: list[ArchivePart] = field(default_factory=list)
    repeated: dict[str, int] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return the result as plain JSON."""
        return asdict(self)


def split(
    source: Source,
    target: str | os.PathLike[str],
    *,
    max_member: int = MAX_MEMBER,
    max_total: int = MAX_TOTAL,
    limits: Limits | None = None,
    compression: str = "gz",
    level: int | None = None,
    force: bool = False,
    progress: Progress = SILENT,
) -> SplitResult:
    """Split an archive into parts, each of them an archive by itself.

    Content records stand in one part each, and so do facts; an entity or a raw node stands in each
    part that has a fact of it. Importing all parts, in any order, gives the graph of the whole.

    Args:
        source: as for :func:`cogx.archive.reader.open_archive`.
        target: a directory (one that is there, or a name that ends in ``/``), or how the names of
            the parts begin; ``.part-1-of-3.cogx.tar.gz`` and so on is added.
        max_member, max_total: the most bytes of a part, unpacked: in a member of records, and
            in all with the manifest.
        limits: bounds on what is read.
        compression: ``gz``, ``zst`` or ``tar``.
        level: of gz 0 to 3, of zst 1 to 19.
        force: replace parts that are there.

    Raises:
        BadSetting: records that must stand together are over the bounds.
        InvalidArchive: the archive breaks the specification; nothing is written.
        EmptyGraph: it holds no record.
        AlreadyThere: a part exists and ``force`` is not set; nothing is written.
    Cost: two passes over the archive and one for every eight parts; temporary disk of about 100
    bytes a record; memory does not grow with the archive.
    """
    if compression not in ENDINGS:
        raise BadSetting(f"Parts are written as {', '.join(ENDINGS)}, not as {compression!r}.")
    with ExitStack() as stack:
        archive, findings = stack.enter_context(proven(source, limits=limits, progress=progress))
        if not findings.counts.total():
            raise EmptyGraph(f"{findings.name} holds no record, so there is nothing to split.")
        index = stack.enter_context(SplitIndex())
        work = PartWriter(archive, findings, progress)
        plan = _planned(archive, index, work.bounds(max_member, max_total), progress)
        files = stack.enter_context(
            PartFiles(target, findings.name, plan.parts, compression, force=force)
        )
        manifests = work.write(plan, files.paths, compression, level)
        _check(manifests, max_member, max_total)
        result = _result(findings, files, manifests)
        files.publish()
    return result


def _planned(archive: Archive, index: SplitIndex, bounds: Bounds, progress: Progress) -> Plan:
    progress.begin("index", total=sum(archive.counts.values()), unit="records")
    for block in archive.iter_blocks():
        index.add(block)
        progress.advance(len(block.records))
    progress.end()
    progress.begin("plan parts", total=None, unit="records")
    index.resolve()
    plan = Plan(index, bounds)
    progress.end()
    return plan


def _check(manifests: list[Manifest], max_member: int, max_total: int) -> None:
    """Make sure that no part is over the bounds, whatever its manifest came to hold."""
    for number, manifest in enumerate(manifests, 1):
        *members, own = unpacked_bytes(manifest)
        if max(members) > max_member or sum(members) + own > max_total:
            raise BadSetting(
                f"Part {number} is {sum(members) + own:,} bytes with its manifest, and "
                f"{max(members):,} in one member, which is over the bounds. Allow larger parts."
            )


def _result(findings: Findings, files: PartFiles, manifests: list[Manifest]) -> SplitResult:
    result = SplitResult(findings.name, dict(findings.counts), findings.fingerprint.hex())
    total: Counter[str] = Counter()
    for path, final, manifest in zip(files.paths, files.finals, manifests, strict=True):
        assert manifest.cogx is not None and manifest.cogx.fingerprint is not None
        part = ArchivePart(
            path=str(final),
            counts=dict(manifest.counts),
            size_bytes=path.stat().st_size,
            unpacked_bytes=sum(unpacked_bytes(manifest)),
            fingerprint=manifest.cogx.fingerprint.model_dump(),
        )
        result.parts.append(part)
        total.update(part.counts)
    result.repeated = dict(total - findings.counts)
    result.left_out = sorted(findings.members.keys() - KIND_OF_MEMBER.keys() - {MANIFEST})
    return result
