"""Knows what of a source is new against an archive that somebody has already: a RecordSource."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from cogx.codec.fingerprint import digest_lines
from cogx.codec.lines import canonical_line
from cogx.engine.proven import proven
from cogx.format.identity import normalise_name
from cogx.format.layout import KINDS
from cogx.ports import RecordSource

Words = npt.NDArray[np.uint64]


class Since:
    """A source's records that an older archive does not hold as they are.

    The things at the ends of a new fact come along in full, for a server looks for them in what it
    is sent. What is gone from the source is not taken back anywhere: ``gone`` counts it, once
    all kinds were gone through.

    Cost: one pass over the archive and one over the source's facts; 8 bytes of memory for each
    record of the archive and for each end of a new fact.
    """

    def __init__(self, source: RecordSource, archive: str) -> None:
        self.system = source.system
        self._source = source
        self._known = _digests_of(archive)
        self._met = 0
        self._ends = self._ends_of_new_facts()

    @property
    def gone(self) -> int:
        """Return how many records of the archive the source has no more."""
        return len(self._known) - self._met

    def iter_batches(self, *kinds: str) -> Iterator[tuple[str, Sequence[Any]]]:
        """Yield (kind, records) of what is new or changed, and what new facts need."""
        self._met = 0
        for kind, records in self._source.iter_batches(*kinds or KINDS):
            new = self._is_new(kind, records)
            self._met += len(records) - int(new.sum())
            needed = new if kind == "fact" else new | self._is_needed(kind, records)
            chosen = [record for record, wanted in zip(records, needed, strict=True) if wanted]
            if chosen:
                yield kind, chosen

    def _is_new(self, kind: str, records: Sequence[Any]) -> npt.NDArray[np.bool_]:
        lines = [canonical_line(record) for record in records]
        return ~_is_among(_words(digest_lines(kind, lines)), self._known)

    def _is_needed(self, kind: str, records: Sequence[Any]) -> npt.NDArray[np.bool_]:
        needed = _is_among(_hashes([record.external_id for record in records]), self._ends)
        if kind == "entity":
            names = _hashes([normalise_name(record.name) for record in records])
            needed |= _is_among(names, self._ends)
        return needed

    def _ends_of_new_facts(self) -> Words:
        found = [np.empty(0, np.uint64)]
        for kind, facts in self._source.iter_batches("fact"):
            new = self._is_new(kind, facts)
            refs = [
                text
                for fact, wanted in zip(facts, new, strict=True)
                if wanted
                for ref in (fact.subject_ref, fact.object_ref)
                for text in {ref, normalise_name(ref)}
            ]
            found.append(_hashes(refs))
        return np.unique(np.concatenate(found))


def _digests_of(path: str) -> Words:
    found = [np.empty(0, np.uint64)]
    with proven(path) as (archive, _):
        for block in archive.iter_blocks():
            if block.records:
                found.append(_words(digest_lines(block.kind, block.lines)))
    return np.unique(np.concatenate(found))


def _words(digests: list[bytes]) -> Words:
    """Return 64 bits of each digest: two of ten million meet by chance once in 300,000 times."""
    return np.frombuffer(b"".join(digests), np.uint64).reshape(-1, 4)[:, 0]


def _hashes(texts: Sequence[str]) -> Words:
    return np.fromiter(map(hash, texts), np.int64, len(texts)).view(np.uint64)


def _is_among(values: Words, known: Words) -> npt.NDArray[np.bool_]:
    if not len(known):
        return np.zeros(len(values), np.bool_)
    at = np.minimum(np.searchsorted(known, values), len(known) - 1)
    found: npt.NDArray[np.bool_] = known[at] == values
    return found
