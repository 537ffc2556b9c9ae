"""Knows how to open an archive and stream its records; writes nothing, judges little.

Reading checks what cannot be read on without (container, framing, JSON, fields) and each
member against its digest; :mod:`cogx.archive.validate` judges everything.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO, Self

from cogx.archive.lenient import checked_lenient
from cogx.archive.manifest_file import read_manifest
from cogx.archive.reading import Block, RecordReader
from cogx.archive.value_types import ValueTypes
from cogx.container import Container, Member, open_container
from cogx.errors import DigestMismatch, InvalidArchive, MissingMember, UnsupportedVersion
from cogx.format.layout import KIND_OF_MEMBER, KINDS, MANIFEST, MEMBER_OF_KIND
from cogx.format.manifest import Manifest
from cogx.format.version import READ
from cogx.limits import Limits
from cogx.problems import CODES, Problem, Severity

Source = str | os.PathLike[str] | bytes | BinaryIO | Mapping[str, bytes]


def _ignore(problem: Problem) -> None:
    """Hear a problem and say nothing: a first pass has told it already, or a later one will."""


class Archive:
    """An archive that is open for reading. Get one from :func:`open_archive`.

    ``manifest`` is None only if it is missing and ``lenient`` allows that.
    """

    def __init__(
        self,
        container: Container,
        manifest: Manifest | None,
        *,
        problems: list[Problem],
        lenient: frozenset[str],
        limits: Limits,
    ) -> None:
        self.container = container
        self.manifest = manifest
        self.manifest_problems = problems
        self.limits = limits
        self.lenient = lenient
        self.extension = manifest.cogx if manifest is not None else None
        members = self.extension.members if self.extension else {}
        self.expected_digests = {name: info.sha256 for name, info in members.items()}
        self.counts: Mapping[str, int] = manifest.counts if manifest is not None else {}
        # Digests that vouch for canonical lines leave nothing that a second look would show.
        vouched = self.extension is not None and self.extension.canonical and bool(members)
        self.proving = not vouched

    def trust(
        self, digests: Mapping[str, str], counts: Mapping[str, int], *, proving: bool
    ) -> None:
        """Take what validation found, instead of what the manifest says.

        Args:
            digests: of every member there is.
            counts: records by kind; other kinds have no member.
            proving: whether lines must still be held against their canonical form, since the
                quick reading does not see all that was found in them.
        """
        self.expected_digests = dict(digests)
        self.counts = counts
        self.proving = proving

    def reader(self, report: Callable[[Problem], None]) -> RecordReader:
        """Return the record reader that this archive's manifest calls for."""
        declared = self.extension.value_types if self.extension else ()
        return RecordReader(
            report,
            ValueTypes(declared),
            typed=self.extension is not None,
            proving=self.proving,
            lenient=self.lenient,
            limits=self.limits,
        )

    def iter_blocks(self, *kinds: str) -> Iterator[Block]:
        """Yield blocks of the given kinds (default all), kind by kind in the order given.

        Lines whose manifest calls them canonical, and names their digests, are read quickly:
        their fields are checked, and their bytes are those that were written.

        Raises:
            InvalidArchive: a line cannot be read; said at the line, records before it were
                yielded. Prove an archive with ``validate`` before acting on its records.
            DigestMismatch: a member is not what the manifest says; said at the member's end.
            DamagedArchive: the container is cut or corrupt, or a member is gone.
        Cost: one pass over the container for each kind that stands before the one ahead of
        it; archives in the specified order take one pass, two if nothing is counted.
        """
        asked = kinds or KINDS
        unwanted = self._uncounted()
        wanted = [kind for kind in asked if kind not in unwanted]
        present: set[str] = set()
        while wanted or not present:
            present = {MANIFEST}
            for member in self.container.members(self._refuse):
                kind = KIND_OF_MEMBER.get(member.name, "")
                present.add(kind)
                if kind in unwanted and kind in asked:
                    self._demand_none(kind, member)
                if wanted and kind == wanted[0]:
                    yield from self._member_blocks(kind, member)
                    wanted.pop(0)
                    if kinds and not wanted:
                        return
            for kind in wanted:
                if self.counts.get(kind) and kind not in present:
                    raise MissingMember(f"{MEMBER_OF_KIND[kind]} is counted, but not there.")
            wanted = [kind for kind in wanted if kind in present]

    def _demand_none(self, kind: str, member: Member) -> None:
        if any(block.records for block in self._member_blocks(kind, member)):
            message = "records that the manifest does not count"
            self._refuse(Problem("manifest.count", message, member.name))

    def _uncounted(self) -> set[str]:
        """Return the kinds of which there is no record, so that no pass must look for them."""
        if not self.counts or "manifest.count" in self.lenient:
            return set()
        return {kind for kind in KINDS if not self.counts.get(kind)}

    def records(self, *kinds: str) -> Iterator[Any]:
        """Yield records one by one, as hot-path values with the attributes of their models."""
        for block in self.iter_blocks(*kinds):
            yield from block.records

    def _member_blocks(self, kind: str, member: Member) -> Iterator[Block]:
        digest = hashlib.sha256()

        def counted() -> Iterator[bytes]:
            for chunk in member.chunks():
                digest.update(chunk)
                yield chunk

        yield from self.reader(self._refuse).iter_blocks(kind, member.name, counted())
        expected = self.expected_digests.get(member.name)
        if expected is not None and expected != digest.hexdigest():
            raise DigestMismatch(member.name, expected, digest.hexdigest())

    def _refuse(self, problem: Problem) -> None:
        if problem.severity is Severity.ERROR and problem.code not in self.lenient:
            raise InvalidArchive(f"{problem} {problem.remedy}", [problem])

    def close(self) -> None:
        """Release the container. May be called twice."""
        self.container.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_archive(
    source: Source, *, lenient: frozenset[str] = frozenset(), limits: Limits | None = None
) -> Archive:
    """Open an archive and read its manifest; the caller closes it.

    Args:
        source: a path (directory or tarball of any supported compression), a tarball's bytes,
            a binary stream (one that cannot seek is spooled to disk once), or a mapping of
            member names to bytes.
        lenient: problem codes that do not refuse the archive; see spec/codes.md.
        limits: bounds; the default suits archives from strangers.

    Raises:
        BadSetting: nothing is at the path, or a code cannot be lenient.
        UnsupportedVersion: the manifest names a version this cogx does not read.
        InvalidArchive: the manifest is missing or cannot be used.
    Cost: reads up to the manifest, which cogx puts first.
    """
    limits = limits or Limits()
    lenient = checked_lenient(lenient)
    container = open_container(source, limits)
    try:
        return archive_in(container, lenient=lenient, limits=limits)
    except BaseException:
        container.close()
        raise


def archive_in(
    container: Container, *, lenient: frozenset[str] = frozenset(), limits: Limits | None = None
) -> Archive:
    """Return the archive in a container that is open already; see :func:`open_archive`."""
    limits = limits or Limits()
    manifest, problems = find_manifest(container, limits)
    errors = [p for p in problems if p.severity is Severity.ERROR and p.code not in lenient]
    for problem in errors:
        if problem.code == "manifest.version":
            raise UnsupportedVersion(problem.message, READ)
    if errors:
        raise InvalidArchive(f"{container.name}: {errors[0]} {errors[0].remedy}", errors)
    return Archive(container, manifest, problems=problems, lenient=lenient, limits=limits)


def find_manifest(container: Container, limits: Limits) -> tuple[Manifest | None, list[Problem]]:
    """Read the manifest wherever it stands; a missing one is a problem, not an exception."""
    for member in container.members(_ignore):
        if member.name == MANIFEST:
            if member.size > limits.manifest_bytes:
                message = f"manifest.json is longer than {limits.manifest_bytes:,} bytes"
                return None, [Problem("container.limit", message, MANIFEST)]
            return read_manifest(b"".join(member.chunks()), limits)
    code = "manifest.missing"
    return None, [Problem(code, CODES[code].title)]
