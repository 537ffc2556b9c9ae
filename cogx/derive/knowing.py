"""Knows how a deriver learns what is known elsewhere, beside the source it derives from.

What comes into a store may be an archive of a few texts; what they speak of is in the store.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from cogx.derive.around import Around
from cogx.ports import Deriver, RecordSource


class Knowing(Around):
    """A deriver around another one, which gets the records of a second source to know, too."""

    def __init__(self, deriver: Deriver, known: RecordSource) -> None:
        super().__init__(deriver)
        self._known = known

    def prepare(self, known: RecordSource) -> None:
        """Let it look at both."""
        super().prepare(_Both(known, self._known))


class _Both:
    """The records of one source, and then those of another."""

    def __init__(self, first: RecordSource, second: RecordSource) -> None:
        self._sources = first, second
        self.system = first.system

    def iter_batches(self, *kinds: str) -> Iterator[tuple[str, Sequence[Any]]]:
        """Yield (kind, records), as the protocol says for each."""
        for source in self._sources:
            yield from source.iter_batches(*kinds)
