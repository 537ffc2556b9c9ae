"""Knows how an archive's entities are proposed for merging, and how a review is carried out."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from cogx.archive.lenient import checked_lenient
from cogx.archive.reader import Archive, Source, archive_in
from cogx.archive.validate import validate_container
from cogx.archive.writer import ArchiveWriter, Target, exported_now
from cogx.container import open_container
from cogx.engine.header import header_of, manifest_of
from cogx.engine.receipt import Meter, Receipt
from cogx.engine.record_sources import ArchiveRecords
from cogx.errors import AlreadyThere, BadSetting, UnknownName
from cogx.format.manifest import Manifest
from cogx.limits import Limits
from cogx.progress import SILENT, Progress
from cogx.transform.id_map import IdMap
from cogx.transform.resolution.groups import is_merged
from cogx.transform.resolution.proposals import AT_LEAST, propose
from cogx.transform.resolution.resolved import POLICIES, Resolved
from cogx.transform.resolution.review import MERGE, Line, read_review, write_review


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
    _check_score(auto_above)
    with _proven(source, lenient, limits, progress) as (archive, name):
        progress.begin("propose", total=archive.counts.get("entity"), unit="entities")
        lines = propose(ArchiveRecords(archive), at_least=at_least, progress=progress)
        progress.end()
    for line in lines:
        line.decision = MERGE if is_merged(line, auto_above) else ""
    write_review(review, lines, force=force)
    reasons = Counter(line.reason for line in lines)
    return Proposed(
        source=name,
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
    Cost: three passes over the archive at least; see :class:`Resolved` for memory.
    """
    meter = Meter()
    _check(auto_above, on_conflict, review, id_map)
    decided = None if review is None else read_review(review)
    with _proven(source, lenient, limits, progress) as (archive, name):
        records = ArchiveRecords(archive)
        lines = _auto(records, auto_above) if decided is None else decided
        receipt = Receipt(source=name, target=_name_of(target))
        with Resolved(
            records, lines, auto_above=auto_above, on_conflict=on_conflict, review=review
        ) as resolved:
            resolved.prepare()
            manifest = manifest_of(header_of(archive.manifest), exported_now())
            with ArchiveWriter(
                target, manifest=manifest, compression=compression, level=level, force=force
            ) as writer:
                _write(resolved, writer, archive, progress)
                written = writer.publish()
            _tell(receipt, resolved, written, id_map)
    receipt.usage = meter.usage()
    return receipt


def _check(
    auto_above: float | None,
    on_conflict: str,
    review: str | os.PathLike[str] | None,
    id_map: str | None,
) -> None:
    _check_score(auto_above)
    if on_conflict not in POLICIES:
        raise UnknownName("way to settle conflicts", on_conflict, POLICIES)
    if review is None and auto_above is None:
        raise BadSetting(
            "Nothing says which entities are one. Name a review with --apply, or a score with "
            "--auto-above."
        )
    if id_map is not None and os.path.lexists(id_map):
        raise AlreadyThere(f"{id_map} exists already. Give the id map another name.")


def _auto(records: ArchiveRecords, auto_above: float | None) -> Sequence[Line]:
    return [] if auto_above is None else propose(records, at_least=auto_above)


def _write(resolved: Resolved, writer: ArchiveWriter, archive: Archive, progress: Progress) -> None:
    progress.begin("resolve", total=sum(archive.counts.values()), unit="records")
    for kind, batch in resolved.iter_batches():
        writer.write_batch(kind, batch)
        progress.advance(len(batch))
    progress.end()


def _tell(receipt: Receipt, resolved: Resolved, written: Manifest, id_map: str | None) -> None:
    extension = written.cogx
    assert extension is not None and extension.fingerprint is not None
    receipt.dataset = extension.dataset
    receipt.counts = dict(written.counts)
    receipt.fingerprint = extension.fingerprint.model_dump()
    receipt.changes = {code: n for code, n in resolved.changes.items() if n}
    receipt.examples = dict(resolved.examples)
    if not receipt.changes:
        receipt.notes.append("No line decides to merge: the archive holds what it held.")
    if id_map is not None:
        IdMap.write(id_map, resolved.iter_id_changes())
        receipt.id_map = id_map


def _check_score(auto_above: float | None) -> None:
    if auto_above is not None and not AT_LEAST <= auto_above <= 100:
        raise BadSetting(
            f"--auto-above {auto_above:g} is not between {AT_LEAST:g} and 100. What is less alike "
            "is for a person to decide."
        )


@contextmanager
def _proven(
    source: Source, lenient: frozenset[str], limits: Limits | None, progress: Progress
) -> Iterator[tuple[Archive, str]]:
    """Open an archive, judge it, and give it out with its name, if it is valid."""
    limits = limits or Limits()
    lenient = checked_lenient(lenient)
    with open_container(source, limits) as container:
        findings = validate_container(container, lenient=lenient, limits=limits, progress=progress)
        findings.raise_for_errors()
        archive = archive_in(container, lenient=lenient, limits=limits)
        archive.trust(
            {name: member.sha256 for name, member in findings.members.items()},
            findings.counts,
            proving=bool(lenient) or "time.precision" in findings.log.totals,
        )
        yield archive, findings.name


def _name_of(target: Target) -> str:
    return str(target) if isinstance(target, str | os.PathLike) else "<archive>"
