"""Knows one run of a deriver over all raw content of a source; not what the result is joined to."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from typing import Any

from cogx.derive.gathering import DERIVED_KINDS, Gathering
from cogx.derive.passages import iter_passages
from cogx.errors import BadSetting
from cogx.ports import Deriver, Passage, RecordSource
from cogx.progress import Progress


class Derivation:
    """The records that a deriver makes of a source, gathered once.

    ``report`` counts what was read and made; ``examples`` holds a few names for some of its
    counts. Both take in those of the deriver, if it has any. A deriver may read passages ahead,
    as many as it likes to hold in memory; ``passages_not_derived`` counts those it never gave back.
    """

    def __init__(
        self, source: RecordSource, deriver: Deriver, *, characters: int, progress: Progress
    ) -> None:
        self._source = source
        self._deriver = deriver
        self._characters = characters
        self._progress = progress
        self.gathered = Gathering((deriver.name, deriver.version), source.system)
        self.report: Counter[str] = Counter()
        self.examples: dict[str, list[str]] = {}

    def run(self) -> None:
        """Read every passage, and gather what the deriver makes of it. Called once."""
        self._deriver.prepare(self._source)
        self._progress.begin("derive", total=None, unit="passages")
        waiting: deque[tuple[str, dict[str, Any]]] = deque()
        try:
            for passage, records in self._deriver.derive(self._passages(waiting)):
                self.gathered.add(passage, self._scope_of(passage, waiting), records)
                self._progress.advance(1)
        finally:
            self._progress.end()
        self.report["passages_not_derived"] += len(waiting)
        self.gathered.finish()
        self.report["entities_differing"] += self.gathered.count_differing()
        self.report += Counter(getattr(self._deriver, "report", {}))
        self.examples = {
            name: list(some)
            for name, some in getattr(self._deriver, "examples", {}).items()
            if some
        }

    def count_made(self) -> None:
        """Put into the report how many entities and facts there are now."""
        self.report["entities"] = self.gathered.count("entity")
        self.report["facts"] = self.gathered.count("fact")

    def iter_batches(self, kind: str) -> Iterator[tuple[str, list[Any]]]:
        """Yield (kind, records) of what was made; nothing for kinds that are never derived."""
        if kind in DERIVED_KINDS:
            yield from self.gathered.iter_batches(kind)

    def _passages(self, waiting: deque[tuple[str, dict[str, Any]]]) -> Iterator[Passage]:
        for passage, scope in iter_passages(self._source, self.report, characters=self._characters):
            waiting.append((passage.id, scope))
            yield passage

    def _scope_of(
        self, passage: Passage, waiting: deque[tuple[str, dict[str, Any]]]
    ) -> dict[str, Any]:
        """Return the scope of a passage's record; passages that the deriver left out count."""
        while waiting:
            identity, scope = waiting.popleft()
            if identity == passage.id:
                return scope
            self.report["passages_not_derived"] += 1
        raise BadSetting(
            f"The deriver {self._deriver.name!r} gave back a passage of {passage.record[1]!r} that "
            "it was not given, or gave it out of order. Use another one, or tell its author."
        )
