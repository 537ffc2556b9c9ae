"""Knows how to prove that an archive and a store hold the same graph, or to name what differs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

from cogx.archive.reader import Archive, Source
from cogx.codec.fingerprint import digest_lines
from cogx.codec.lines import canonical_line
from cogx.disk_index import DiskIndex
from cogx.engine.holdings import holdings_of, iter_batches, system_of
from cogx.engine.proven import proven
from cogx.engine.uris import reading
from cogx.graph.datasets import reader_of
from cogx.graph.reconcile import differing
from cogx.limits import Limits
from cogx.ports import GraphReader
from cogx.progress import SILENT, Progress

MOST_SHOWN: Final = 100


@dataclass(slots=True)
class Difference:
    """One record that is not the same on both sides.

    ``what`` is ``only in archive``, ``only in store`` or ``changed``; ``fields`` maps the path
    of each changed value to its two readings, None standing for an absent one.
    """

    what: str
    kind: str
    id: str
    fields: dict[str, tuple[Any, Any]] = field(default_factory=dict)


@dataclass(slots=True)
class Comparison:
    """The outcome: equal fingerprints, or how many records differ and the first of them."""

    archive: str
    store: str
    archive_fingerprint: dict[str, str]
    store_fingerprint: dict[str, str]
    counts: Counter[str] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)

    @property
    def equal(self) -> bool:
        """Tell whether both hold the same records."""
        return self.archive_fingerprint == self.store_fingerprint

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as plain JSON."""
        plain = asdict(replace(self, counts=Counter()))
        return {"equal": self.equal} | plain | {"counts": dict(self.counts)}


def verify(
    source: Source,
    store: str | GraphReader,
    *,
    dataset: str | None = None,
    lenient: frozenset[str] = frozenset(),
    limits: Limits | None = None,
    progress: Progress = SILENT,
) -> Comparison:
    """Compare an archive with a store, record by record, by what the store holds now.

    Args:
        dataset: which dataset of the store; default its own.

    Raises:
        InvalidArchive: the archive cannot be trusted, so nothing can be proven with it.
        StoreError: the store cannot be read.
    Cost: one pass over each side; only if they differ a second one, with room on temporary
    disk for one digest a record.
    """
    with (
        reading(store) as whole,
        proven(source, lenient=lenient, limits=limits, progress=progress) as (archive, found),
    ):
        reader = reader_of(whole, dataset)
        comparison = Comparison(
            archive=found.name,
            store=store if isinstance(store, str) else type(store).__name__,
            archive_fingerprint=found.fingerprint.hex(),
            store_fingerprint=holdings_of(reader, progress).sums.hex(),
        )
        if not comparison.equal:
            _name_differences(archive, reader, comparison)
    return comparison


def _name_differences(archive: Archive, reader: GraphReader, comparison: Comparison) -> None:
    system = system_of(reader)
    with DiskIndex() as waiting:
        for block in archive.iter_blocks():
            digests = digest_lines(block.kind, block.lines)
            waiting.add(
                (f"{block.kind}\n{identity}", digest.hex())
                for identity, digest in zip(block.ids(), digests, strict=True)
            )
        loose: dict[str, list[bytes]] = {}
        for key, digest, line in _lines_of(reader, system):
            if waiting.take(key, digest):
                continue
            comparison.counts["in store"] += 1
            if len(loose) < MOST_SHOWN:
                loose.setdefault(key, []).append(line)
        _match(archive, waiting, loose, comparison)


def _lines_of(reader: GraphReader, system: str) -> Iterator[tuple[str, str, bytes]]:
    for kind, batch in iter_batches(reader, system):
        lines = [canonical_line(record) for record in batch]
        for record, line, digest in zip(batch, lines, digest_lines(kind, lines), strict=True):
            yield f"{kind}\n{record.external_id}", digest.hex(), line


def _match(
    archive: Archive, waiting: DiskIndex, loose: dict[str, list[bytes]], comparison: Comparison
) -> None:
    """Pair what is left on both sides by kind and id; what has no pair stands alone."""
    left = 0
    wanted: set[str] = set()
    for key in waiting.keys():  # noqa: SIM118 - a table, not a dict
        left += len(waiting.get(key))
        if len(wanted) < MOST_SHOWN:
            wanted.add(key)
    comparison.counts["in archive"] = left
    originals = _originals(archive, waiting, wanted | loose.keys())
    for key in sorted(wanted | loose.keys()):
        kind, _, identity = key.partition("\n")
        ours, theirs = originals.get(key, []), loose.get(key, [])
        for old, new in zip(ours, theirs, strict=False):
            fields = dict(differing(json.loads(old), json.loads(new)))
            comparison.differences.append(Difference("changed", kind, identity, fields))
        for _ in ours[len(theirs) :]:
            comparison.differences.append(Difference("only in archive", kind, identity))
        for _ in theirs[len(ours) :]:
            comparison.differences.append(Difference("only in store", kind, identity))


def _originals(archive: Archive, waiting: DiskIndex, wanted: set[str]) -> dict[str, list[bytes]]:
    """Fetch the archive's lines of the records that were left over."""
    found: dict[str, list[bytes]] = {}
    for block in archive.iter_blocks():
        for identity, line in zip(block.ids(), block.lines, strict=True):
            key = f"{block.kind}\n{identity}"
            if key in wanted and waiting.take(key, digest_lines(block.kind, [line])[0].hex()):
                found.setdefault(key, []).append(line)
    return found
