"""Knows archives, and parts of a source, as RecordSources; changes no record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from cogx.archive.reader import Archive
from cogx.format.layout import KINDS
from cogx.ports import RecordSource


class OnlyKinds:
    """The records of some kinds of a source: a RecordSource."""

    def __init__(self, source: RecordSource, kinds: frozenset[str]) -> None:
        self._source = source
        self._kinds = kinds
        self.system = source.system

    def iter_batches(self, *kinds: str) -> Iterator[tuple[str, Sequence[Any]]]:
        """Yield (kind, records) of these kinds."""
        wanted = [kind for kind in kinds or KINDS if kind in self._kinds]
        if wanted:
            yield from self._source.iter_batches(*wanted)


class ArchiveRecords:
    """The records of an open archive: a RecordSource."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        manifest = archive.manifest
        self.system = manifest.source_system if manifest else "unknown"

    def iter_batches(self, *kinds: str) -> Iterator[tuple[str, Sequence[Any]]]:
        """Yield (kind, records), kind by kind in the order asked for."""
        for block in self._archive.iter_blocks(*kinds):
            if block.records:
                yield block.kind, block.records
