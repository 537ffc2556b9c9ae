"""Knows how an archive's entities are proposed for merging, and how a review is carried out."""

from __future__ import annotations

import os
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field

from cogx.archive.reader import Source
from cogx.archive.writer import ArchiveWriter, Target, exported_now
from cogx.engine.header import header_of, manifest_of
from cogx.engine.proven import proven
from cogx.engine.receipt import Meter, Receipt
from cogx.engine.record_sources import ArchiveRecords
from cogx.engine.resolving import Resolving, check_score
from cogx.engine.rewriting import Rewriting
from cogx.engine.stages import Stages
from cogx.errors import BadSetting
from cogx.limits import Limits
from cogx.progress import SILENT, Progress
from cogx.transform.resolution.groups import is_merged
from cogx.transform.resolution.proposals import AT_LEAST, propose
from cogx.transform.resolution.review import MERGE, write_review


@dataclass(slots=True)
class Proposed:
    """What was proposed: pairs, by reason, and how many of them a score decided already."""

    source: str
    review: str
    pairs: int = 0
    decided: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    usage: dict[str, float] = field(default_factory=dict)


def propose_merges(
    source: Source,
    review: str | os.PathLike[str],
    *,
    at_least: float = AT_LEAST,
    auto_above: float | None = None,
    force: bool = False,
    lenient: frozenset[str] = frozenset(),
    limits: Limits | None = None,
    progress: Progress = SILENT,
) -> Proposed:
    """Write a review file of the entities of an archive that may be one; nothing is merged.

    Args:
        review: a new file, .jsonl or .csv.
        at_least: the lowest score that is proposed, 50 to 100.
        auto_above: write the decision ``merge`` where the score is at least this; default nowhere.

    Raises:
        InvalidArchive: the archive breaks the specification.
        AlreadyThere: the file exists and ``force`` is not set.
        MissingExtra: rapidfuzz is not installed.
    Cost: as :func:`cogx.transform.resolution.proposals.propose`.
    """
    meter = Meter()
    check_score(auto_above)
    with proven(source, lenient=lenient, limits=limits, progress=progress) as (archive, found):
        progress.begin("propose", total=archive.counts.get("entity"), unit="entities")
        lines = propose(ArchiveRecords(archive), at_least=at_least, progress=progress)
        progress.end()
    for line in lines:
        line.decision = MERGE if is_merged(line, auto_above) else ""
    write_review(review, lines, force=force)
    reasons = Counter(line.reason for line in lines)
    return Proposed(
        source=found.name,
        review=os.fspath(review),
        pairs=len(lines),
        decided=sum(line.decision == MERGE for line in lines),
        reasons=dict(sorted(reasons.items(), key=lambda one: (-one[1], one[0]))),
        usage=meter.usage(),
    )


def resolve_archive(
    source: Source,
    target: Target,
    *,
    review: str | os.PathLike[str] | None = None,
    auto_above: float | None = None,
    on_conflict: str = "merge",
    id_map: str | None = None,
    compression: str | None = None,
    level: int | None = None,
    force: bool = False,
    lenient: frozenset[str] = frozenset(),
    limits: Limits | None = None,
    progress: Progress = SILENT,
) -> Receipt:
    """Write an archive anew in which the entities that were decided to be one are one.

    Args:
        review: the file with the decisions; without it ``auto_above`` decides alone.
        auto_above: merge undecided pairs of at least this score; default none.
        on_conflict: ``merge`` keeps a value that gives way in metadata, ``fail`` ends the work.
        id_map: a new file for the ids of merged entities.

    Raises:
        BadSetting: no rule at all, or lines that are not right, contradict each other, or name what
            is not in the archive; all are told, nothing is written.
        IdentityConflict: values differ, and ``on_conflict`` is ``fail``.
        AlreadyThere: target or id map exist; only the target may be overwritten by ``force``.
    Cost: three passes over the archive at least; see
    :class:`cogx.transform.resolution.resolved.Resolved` for memory.
    """
    meter = Meter()
    resolving = Resolving.of(review, auto_above, on_conflict)
    if resolving is None:
        raise BadSetting(
            "Nothing says which entities are one. Name a review with --apply, or a score with "
            "--auto-above."
        )
    rewriting = Rewriting.of(resolving=resolving, id_map=id_map)
    with proven(source, lenient=lenient, limits=limits, progress=progress) as (archive, found):
        receipt = Receipt(source=found.name, target=_name_of(target))
        manifest = manifest_of(header_of(archive.manifest), exported_now())
        with (
            closing(Stages(ArchiveRecords(archive), rewriting)) as stages,
            ArchiveWriter(
                target, manifest=manifest, compression=compression, level=level, force=force
            ) as writer,
        ):
            stages.fill(writer, progress, task="resolve", total=sum(archive.counts.values()))
            receipt.take(writer.publish())
            stages.tell(receipt)
            receipt.id_map = stages.write_id_map()
    receipt.usage = meter.usage()
    return receipt


def _name_of(target: Target) -> str:
    return str(target) if isinstance(target, str | os.PathLike) else "<archive>"
