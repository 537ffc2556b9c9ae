"""Knows how a deriver learns what is known elsewhere, beside the source it derives from.

What comes into a store may be an archive of a few texts; what they speak of is in the store.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from cogx.ports import Deriver, Passage, RecordSource, Underived


class Knowing:
    """A deriver around another one, which gets the records of a second source to know, too."""

    def __init__(self, deriver: Deriver, known: RecordSource) -> None:
        self._deriver = deriver
        self._known = known
        self.name = deriver.name
        self.version = deriver.version

    def __getattr__(self, name: str) -> Any:
        """Return what else the deriver has: its report, estimates, origin."""
        if name.startswith("_"):  # not there yet, while a copy is made
            raise AttributeError(name)
        return getattr(self._deriver, name)

    def prepare(self, known: RecordSource) -> None:
        """Let it look at both."""
        self._deriver.prepare(_Both(known, self._known))

    def derive(
        self, passages: Iterable[Passage]
    ) -> Iterator[tuple[Passage, Sequence[Any] | Underived]]:
        """Derive as it does."""
        yield from self._deriver.derive(passages)


class _Both:
    """The records of one source, and then those of another."""

    def __init__(self, first: RecordSource, second: RecordSource) -> None:
        self._sources = first, second
        self.system = first.system

    def iter_batches(self, *kinds: str) -> Iterator[tuple[str, Sequence[Any]]]:
        """Yield (kind, records), as the protocol says for each."""
        for source in self._sources:
            yield from source.iter_batches(*kinds)
