"""Knows how to judge a whole archive against the specification; shares no code with the writer.

Every problem is reported, not only the first; import is exactly as strict, because it runs
this before it loads anything.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Final

from cogx.archive.lenient import checked_lenient
from cogx.archive.reader import Source, find_manifest
from cogx.archive.reading import Block, RecordReader
from cogx.archive.references import Joins, LooseEnds, References
from cogx.archive.value_types import ValueTypes
from cogx.codec.fingerprint import FingerprintSums, digest_lines
from cogx.container import Container, Member, open_container
from cogx.errors import DamagedArchive, InvalidArchive, LimitExceeded
from cogx.format.layout import KIND_OF_MEMBER, MANIFEST, MEMBER_OF_KIND, PERMISSIONS
from cogx.format.manifest import EXTENSION, Extension, Manifest
from cogx.format.rules import iter_notices
from cogx.limits import Limits
from cogx.problems import CODES, Problem, ProblemLog
from cogx.progress import SILENT, Progress

_WRAPPED: Final = b'{"$cogx":"object",'


@dataclass(slots=True)
class MemberFacts:
    """What was found in one member."""

    bytes: int = 0
    records: int = 0
    refused: int = 0
    sha256: str = ""


@dataclass(slots=True)
class Findings:
    """What validation found: the problems, and what the archive holds.

    ``valid`` is False if there is an error that is not lenient. ``fingerprint`` is that of
    the records that could be read. ``wrapped`` says whether any of them holds an object
    that itself has the key ``$cogx``.
    """

    name: str
    log: ProblemLog
    lenient: frozenset[str] = frozenset()
    manifest: Manifest | None = None
    counts: Counter[str] = field(default_factory=Counter)
    members: dict[str, MemberFacts] = field(default_factory=dict)
    fingerprint: FingerprintSums = field(default_factory=FingerprintSums)
    joins: Joins | None = None
    loose_ends: LooseEnds | None = None
    wrapped: bool = False

    @property
    def valid(self) -> bool:
        """Tell whether nothing was found that refuses the archive."""
        return not self.log.errors(self.lenient)

    @property
    def problems(self) -> list[Problem]:
        """Return the kept problems, in the order they were found."""
        return self.log.kept

    def raise_for_errors(self) -> None:
        """Raise InvalidArchive if the archive is not valid; its text names the first errors."""
        if self.valid:
            return
        errors = [p for p in self.problems if p.severity == "error" and p.code not in self.lenient]
        total = self.log.errors(self.lenient)
        shown = "\n".join(f"  {problem}\n    {problem.remedy}" for problem in errors[:5])
        more = f"\n  ... and {total - 5:,} more; cogx validate shows all" if total > 5 else ""
        raise InvalidArchive(f"{self.name} has {total:,} errors:\n{shown}{more}", errors)


def validate(
    source: Source,
    *,
    lenient: frozenset[str] = frozenset(),
    limits: Limits | None = None,
    cap: int = 100,
    progress: Progress = SILENT,
) -> Findings:
    """Judge an archive; nothing is raised for what is wrong with it, all of it is reported.

    Args:
        source: as for :func:`cogx.archive.reader.open_archive`.
        lenient: codes that are reported but do not make the archive invalid.
        cap: problems kept per code; all are counted.

    Raises:
        BadSetting: there is nothing at ``source``, or a code cannot be lenient.
    Cost: one pass, two if the manifest does not come first; about 4 microseconds a record;
    memory does not grow with the archive (ids are hashed, and spilled to disk past a million).
    """
    limits = limits or Limits()
    lenient = checked_lenient(lenient)
    try:
        container = open_container(source, limits)
    except InvalidArchive as error:
        log = ProblemLog(cap)
        for problem in error.problems:
            log.add(problem)
        return Findings(_name(source), log, lenient)
    with container:
        return validate_container(
            container, lenient=lenient, limits=limits, cap=cap, progress=progress
        )


def validate_container(
    container: Container,
    *,
    lenient: frozenset[str] = frozenset(),
    limits: Limits | None = None,
    cap: int = 100,
    progress: Progress = SILENT,
) -> Findings:
    """Judge an archive whose container is open already; see :func:`validate`."""
    return _Validation(container, ProblemLog(cap), lenient, limits or Limits(), progress).run()


class _Validation:
    def __init__(
        self,
        container: Container,
        log: ProblemLog,
        lenient: frozenset[str],
        limits: Limits,
        progress: Progress,
    ) -> None:
        self.container = container
        self.log = log
        self.limits = limits
        self.progress = progress
        self.references = References()
        self.found = Findings(container.name, log, lenient)

    def run(self) -> Findings:
        try:
            manifest, problems = find_manifest(self.container, self.limits)
        except (DamagedArchive, LimitExceeded, InvalidArchive):
            manifest, problems = None, []  # the pass below meets the same damage and reports it
        for problem in problems:
            self.log.add(problem)
        self.found.manifest = manifest
        extension = manifest.cogx if manifest else None
        reader = RecordReader(
            self.log.add,
            ValueTypes(extension.value_types if extension else ()),
            typed=extension is not None,
            lenient=self.found.lenient,
            limits=self.limits,
        )
        with closing(self.references):
            if not self._pass(reader):
                return self.found
            self._judge_references()
        if manifest is not None:
            self._judge_manifest(manifest)
        return self.found

    def _pass(self, reader: RecordReader) -> bool:
        """Read everything once; False if the container broke and nothing more can be said."""
        self.progress.begin("validate", total=self.container.size, unit="bytes")
        try:
            for member in self.container.members(self.log.add):
                self._member(member, reader)
        except (DamagedArchive, LimitExceeded, InvalidArchive):
            return False  # reported by the container before it raised
        finally:
            self.progress.end()
        return True

    def _member(self, member: Member, reader: RecordReader) -> None:
        facts = self.found.members[member.name] = MemberFacts()
        chunks = _measured(member, facts)
        kind = KIND_OF_MEMBER.get(member.name)
        if member.name == PERMISSIONS:
            self.log.add(Problem("member.secret", CODES["member.secret"].title, member.name))
        if kind is None:
            for _ in chunks:
                pass
            return
        place = self.container.position()
        extension = self.found.manifest.cogx if self.found.manifest else None
        vouched = extension is not None and extension.canonical
        for block in reader.iter_blocks(kind, member.name, chunks):
            if block.records:
                self._block(block)
            facts.records += len(block.records)
            facts.refused += block.refused
            if vouched and not block.canonical and not block.refused:
                vouched = False
                message = f"{member.name} has a line that is not canonical"
                place_in = f"{EXTENSION}.canonical"
                self.log.add(Problem("manifest.extension", message, MANIFEST, None, place_in))
            self.progress.advance(self.container.position() - place)
            place = self.container.position()
        self.found.counts[kind] += facts.records

    def _block(self, block: Block) -> None:
        ids = block.ids()
        if block.tagged and not self.found.wrapped:
            self.found.wrapped = any(_WRAPPED in line for line in block.lines)
        digests = digest_lines(block.kind, block.lines)
        self.found.fingerprint.add(block.kind, digests)
        for index, code, message, place in iter_notices(block.kind, block.records, ids):
            self.log.add(Problem(code, message, block.member, block.numbers[index], place))
        self.references.add(block.kind, ids, digests, block.numbers)
        if block.kind == "entity":
            self.references.add_names([entity.name for entity in block.records])
        elif block.kind == "fact":
            self.references.add_ends(block.records, block.numbers)

    def _judge_references(self) -> None:
        for again in self.references.repeats():
            code = "record.repeated" if again.same else "record.duplicate-id"
            message = f"the id of line {again.first_line} again"
            self.log.add(Problem(code, message, MEMBER_OF_KIND[again.kind], again.line))
        for kind, line in self.references.folded_repeats():
            message = "equals another id after Unicode normalisation"
            self.log.add(Problem("record.id-form", message, MEMBER_OF_KIND[kind], line))
        loose = self.references.loose_ends()
        for line, place in loose.read(loose.dangling):
            code = "fact.provenance" if place == "provenance" else "fact.dangling"
            message = "names nothing in the archive"
            self.log.add(Problem(code, message, MEMBER_OF_KIND["fact"], line, place))
        self.found.loose_ends = loose
        self.found.joins = self.references.joins()

    def _judge_manifest(self, manifest: Manifest) -> None:
        counts = manifest.counts
        for kind in MEMBER_OF_KIND:
            self._judge_count(kind, counts)
        for kind in counts.keys() - set(MEMBER_OF_KIND):
            if counts[kind]:
                message = f"{counts[kind]:,} records of a kind that COGX does not define"
                self.log.add(Problem("manifest.count", message, MANIFEST, None, f"counts.{kind}"))
        if manifest.cogx is not None:
            self._judge_extension(manifest.cogx)

    def _judge_count(self, kind: str, counts: dict[str, int]) -> None:
        member, found = MEMBER_OF_KIND[kind], self.found.counts[kind]
        if member in self.found.members:
            # A line that was refused is reported already; it is not missing as well.
            found += self.found.members[member].refused
        said = counts.get(kind)
        if said is None:
            # A manifest that counts some kinds leaves out those it has none of.
            said = 0 if counts else found
        if said and member not in self.found.members:
            message = f"{said:,} records are counted, the member is not there"
            self.log.add(Problem("member.missing", message, member))
        elif said != found:
            message = f"{found:,} records, the manifest says {said:,}"
            self.log.add(Problem("manifest.count", message, member, None, f"counts.{kind}"))

    def _judge_extension(self, extension: Extension) -> None:
        for name, info in extension.members.items():
            facts = self.found.members.get(name)
            if facts is None:
                counted = self.found.manifest.counts if self.found.manifest else {}
                if info.bytes and not counted.get(KIND_OF_MEMBER.get(name, "")):
                    self.log.add(Problem("member.missing", "listed, but not there", name))
                continue
            if info.records is not None and info.records != facts.records + facts.refused:
                message = f"{facts.records:,} records, the manifest says {info.records:,}"
                self.log.add(Problem("manifest.count", message, name))
            if facts.bytes != info.bytes:
                message = f"{facts.bytes:,} bytes, the manifest says {info.bytes:,}"
                self.log.add(Problem("manifest.bytes", message, name))
            elif facts.sha256 != info.sha256:
                message = f"sha256 is {facts.sha256}, the manifest says {info.sha256}"
                self.log.add(Problem("manifest.digest", message, name))
        for name in self.found.members.keys() & KIND_OF_MEMBER.keys() - extension.members.keys():
            if extension.members:
                place = f"{EXTENSION}.members"
                self.log.add(
                    Problem("manifest.extension", f"{name} is not named", MANIFEST, None, place)
                )
        said = extension.fingerprint
        # After any error the sums differ of course, and the error says more.
        if (
            said is not None
            and not self.log.errors()
            and {"graph": said.graph, "content": said.content} != self.found.fingerprint.hex()
        ):
            self.log.add(Problem("manifest.fingerprint", "the records give another one", MANIFEST))


def _measured(member: Member, facts: MemberFacts) -> Iterator[bytes]:
    digest = hashlib.sha256()
    for chunk in member.chunks():
        digest.update(chunk)
        facts.bytes += len(chunk)
        yield chunk
    facts.sha256 = digest.hexdigest()


def _name(source: Source) -> str:
    return str(source) if isinstance(source, str) or hasattr(source, "__fspath__") else "<archive>"
