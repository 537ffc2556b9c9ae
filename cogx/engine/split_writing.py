"""Knows how the parts of a plan are written, several in one pass; plans nothing, names no file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from cogx.archive.manifest_file import write_manifest
from cogx.archive.reader import Archive
from cogx.archive.validate import Findings
from cogx.archive.writer import ArchiveWriter
from cogx.engine.split_plan import Bounds, Plan
from cogx.errors import BadSetting
from cogx.format.layout import KIND_OF_MEMBER
from cogx.format.manifest import CutFrom, Extension, Fingerprint, Manifest, MemberInfo
from cogx.generator import GENERATOR
from cogx.progress import Progress

_AT_ONCE: Final = 8
"""Parts that are written in one pass over the archive."""
_SLACK: Final = 512
"""Bytes by which the manifest of a part may be longer than was foreseen."""


class PartWriter:
    """Writes the parts of one archive."""

    def __init__(self, archive: Archive, findings: Findings, progress: Progress) -> None:
        self._archive = archive
        self._template = _template(archive, findings)
        self._progress = progress

    def bounds(self, max_member: int, max_total: int) -> Bounds:
        """Return what is left for records where the manifest takes its share.

        Raises:
            BadSetting: nothing is.
        """
        for name, bound in (("max_member", max_member), ("max_total", max_total)):
            if bound < 1:
                raise BadSetting(f"{name} must be at least 1, not {bound}.")
        own = len(write_manifest(self._template)) + _SLACK
        if own >= max_total:
            raise BadSetting(
                f"The manifest alone may need {own:,} bytes of each part, and {max_total:,} are "
                "allowed in all. Allow larger parts."
            )
        return Bounds(max_member, max_total - own)

    def write(
        self, plan: Plan, paths: Sequence[Path], compression: str, level: int | None
    ) -> list[Manifest]:
        """Write every part, and return their manifests."""
        made: list[Manifest] = []
        passes = -(-len(paths) // _AT_ONCE)
        total = sum(self._archive.counts.values()) * passes
        self._progress.begin("write parts", total=total, unit="records")
        for first in range(0, len(paths), _AT_ONCE):
            with ExitStack() as stack:
                writers = []
                for number, path in enumerate(paths[first : first + _AT_ONCE], first + 1):
                    manifest = self._manifest(number, len(paths))
                    writer = ArchiveWriter(
                        path, manifest=manifest, compression=compression, level=level
                    )
                    writers.append(stack.enter_context(writer))
                self._fill(writers, plan.placements(first, first + len(writers) - 1), first)
                made += [writer.publish() for writer in writers]
        self._progress.end()
        return made

    def _fill(
        self, writers: Sequence[ArchiveWriter], placements: Iterator[tuple[int, int]], first: int
    ) -> None:
        """Give parts that follow each other the records that go into them."""
        record, part = next(placements, (-1, 0))
        before = 0
        for block in self._archive.iter_blocks():
            after = before + len(block.records)
            chosen: list[list[Any]] = [[] for _ in writers]
            while before <= record < after:
                chosen[part - first].append(block.records[record - before])
                record, part = next(placements, (-1, 0))
            for writer, records in zip(writers, chosen, strict=True):
                writer.write_batch(block.kind, records)
            self._progress.advance(len(block.records))
            before = after

    def _manifest(self, number: int, of: int) -> Manifest:
        manifest = self._template.model_copy(deep=True)
        assert manifest.cogx is not None and manifest.cogx.part is not None
        manifest.cogx.part.number, manifest.cogx.part.of = number, of
        return manifest


def unpacked_bytes(manifest: Manifest) -> list[int]:
    """Return the bytes of each member of an archive that was written, its manifest's last."""
    assert manifest.cogx is not None
    own = len(write_manifest(manifest))
    return [*(member.bytes for member in manifest.cogx.members.values()), own]


def _template(archive: Archive, findings: Findings) -> Manifest:
    """Return the manifest that parts have, but for what differs among them.

    It is as long as any of theirs: what the writer fills in is that of the whole.
    """
    manifest = (archive.manifest or Manifest()).model_copy(deep=True)
    extension = manifest.cogx or Extension(generator=GENERATOR)
    whole = Fingerprint(**findings.fingerprint.hex())
    extension.generator = GENERATOR
    extension.canonical = True
    extension.part = CutFrom(number=1, of=1, fingerprint=whole, complete=extension.complete)
    extension.complete = False
    extension.fingerprint = whole
    extension.members = {
        name: MemberInfo(bytes=facts.bytes, records=facts.records, sha256=facts.sha256)
        for name, facts in findings.members.items()
        if name in KIND_OF_MEMBER
    }
    manifest.counts = dict(findings.counts)
    manifest.cogx = extension
    return manifest
