"""Knows how to tell what is inside an archive, in one pass; judges and changes nothing.

What cannot be read is counted as a problem and passed over: a damaged archive is just the one
that people want to look into. The content of permissions.json is never looked at.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from cogx.archive.inspection import Inspection, MemberSummary, Span
from cogx.archive.reader import Source, find_manifest
from cogx.archive.reading import Block, RecordReader
from cogx.archive.value_types import ValueTypes, type_of
from cogx.codec.fingerprint import FingerprintSums
from cogx.container import Container, Member, open_container
from cogx.errors import DamagedArchive, InvalidArchive, LimitExceeded
from cogx.format.layout import KIND_OF_MEMBER, KINDS, PERMISSIONS
from cogx.format.manifest import Manifest
from cogx.limits import Limits
from cogx.problems import Problem, ProblemLog
from cogx.progress import SILENT, Progress

MOST_NAMES: Final = 10_000
"""Types and predicates counted by name; further ones are counted together."""

_TIMES: Final = ("created_at", "updated_at", "valid_at", "invalid_at")


def inspect_archive(
    source: Source, *, limits: Limits | None = None, progress: Progress = SILENT
) -> Inspection:
    """Tell what is inside an archive.

    Raises:
        BadSetting: nothing is at ``source``.
        InvalidArchive: it is no container of members at all.
    Cost: one pass, two if the manifest does not come first; flat memory.
    """
    limits = limits or Limits()
    with open_container(source, limits) as container:
        return _Look(container, limits, progress).run()


class _Look:
    def __init__(self, container: Container, limits: Limits, progress: Progress) -> None:
        self.container = container
        self.limits = limits
        self.progress = progress
        self.log = ProblemLog(cap=1)
        self.sums = FingerprintSums()
        self.counts: Counter[str] = Counter()
        self.tallies = {"node_types": Tally(), "predicates": Tally()}
        self.found = Inspection(container.name, container.form, container.size)

    def run(self) -> Inspection:
        self.found.manifest = self._manifest()
        extension = self.found.manifest.cogx if self.found.manifest else None
        reader = RecordReader(
            self.log.add,
            ValueTypes(extension.value_types if extension else ()),
            typed=extension is not None,
            limits=self.limits,
        )
        self.progress.begin("inspect", total=self.container.size, unit="bytes")
        try:
            for member in self.container.members(self.log.add):
                self._member(member, reader)
        except (DamagedArchive, LimitExceeded, InvalidArchive):
            pass  # in the log already; what was read until here is worth showing
        finally:
            self.progress.end()
        return self._summed_up()

    def _manifest(self) -> Manifest | None:
        try:
            manifest, problems = find_manifest(self.container, self.limits)
        except (DamagedArchive, LimitExceeded):
            return None  # the pass meets the same damage
        for problem in problems:
            self.log.add(problem)
        return manifest

    def _member(self, member: Member, reader: RecordReader) -> None:
        summary = self.found.members[member.name] = MemberSummary()
        chunks = self._measured(member, summary)
        kind = KIND_OF_MEMBER.get(member.name)
        if kind is None:
            self.found.secrets |= member.name == PERMISSIONS
            for _ in chunks:
                pass
            return
        summary.records = 0
        for block in reader.iter_blocks(kind, member.name, chunks):
            summary.records += len(block.records)
            self.counts[kind] += len(block.records)
            self._block(block)

    def _block(self, block: Block) -> None:
        if not block.records:
            return
        self.sums.add_lines(block.kind, block.lines)
        if block.kind == "fact":
            self.tallies["predicates"].add(fact.predicate for fact in block.records)
        elif block.kind in ("entity", "raw_node"):
            names = (type_of(block.kind, record) for record in block.records)
            self.tallies["node_types"].add(names)
        if block.kind != "raw_node":
            self._times(block.records)

    def _times(self, records: Sequence[Any]) -> None:
        for name in _TIMES:
            moments = [m for r in records if (m := getattr(r, name, None)) is not None]
            if not moments:
                continue
            span = self.found.times.setdefault(name, Span(moments[0], moments[0]))
            span.first = min(span.first, *moments)
            span.last = max(span.last, *moments)

    def _measured(self, member: Member, summary: MemberSummary) -> Iterator[bytes]:
        digest = hashlib.sha256()
        place = self.container.position()
        for chunk in member.chunks():
            digest.update(chunk)
            summary.bytes += len(chunk)
            yield chunk
            self.progress.advance(self.container.position() - place)
            place = self.container.position()
        summary.sha256 = digest.hexdigest()

    def _summed_up(self) -> Inspection:
        found = self.found
        found.counts = {kind: self.counts[kind] for kind in KINDS if self.counts[kind]}
        found.node_types = self.tallies["node_types"].ordered()
        found.predicates = self.tallies["predicates"].ordered()
        found.unnamed = {name: t.others for name, t in self.tallies.items() if t.others}
        found.times = {name: found.times[name] for name in _TIMES if name in found.times}
        found.fingerprint = self.sums.hex()
        extension = found.manifest.cogx if found.manifest else None
        if extension is not None:
            for name, info in extension.members.items():
                if name in found.members:
                    found.members[name].as_declared = info.sha256 == found.members[name].sha256
                elif info.bytes:
                    self.log.add(Problem("member.missing", "listed, but not there", name))
            if extension.fingerprint is not None:
                said = extension.fingerprint.model_dump(include={"graph", "content"})
                found.fingerprint_as_declared = said == found.fingerprint
        found.problems = dict(self.log.totals)
        return found


class Tally:
    """Counts names, the first :data:`MOST_NAMES` different ones each, the others together."""

    def __init__(self) -> None:
        self.names: Counter[str] = Counter()
        self.others = 0

    def add(self, names: Iterable[str]) -> None:
        """Count some names."""
        for name, number in Counter(names).items():
            if name in self.names or len(self.names) < MOST_NAMES:
                self.names[name] += number
            else:
                self.others += number

    def ordered(self) -> dict[str, int]:
        """Return the names, the most frequent first, equals by name."""
        return dict(sorted(self.names.items(), key=lambda item: (-item[1], item[0])))
