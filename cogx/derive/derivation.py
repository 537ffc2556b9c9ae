"""Knows one run of a deriver over all raw content of a source; not what the result is joined to."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from typing import Any, Final

from cogx.derive.gathering import DERIVED_KINDS, Gathering
from cogx.derive.lexical import LEXICAL_KINDS, LexicalGraph, with_mentions
from cogx.derive.passages import PassageSize, Placed, iter_passages
from cogx.errors import BadSetting
from cogx.ports import Deriver, Passage, RecordSource, Underived
from cogx.progress import Progress

MADE_KINDS: Final = ("raw_node", *DERIVED_KINDS)
"""The kinds that come of deriving: passages as raw nodes, and what derivers make."""
_EXAMPLES: Final = 10


class Derivation:
    """The records that a deriver makes of a source, gathered once.

    ``report`` counts what was read and made; ``examples`` holds a few names for some of its
    counts. Both take in those of the deriver, if it has any. A deriver may read passages ahead,
    as many as it likes to hold in memory; ``passages_not_derived`` counts those it never gave back,
    ``passages_failed`` those of which it says itself that they could not be derived.

    Args:
        lexical_graph: make nodes of passages, and let each mention what is made of it.
    """

    def __init__(
        self,
        source: RecordSource,
        deriver: Deriver,
        size: PassageSize,
        *,
        lexical_graph: bool,
        progress: Progress,
    ) -> None:
        self._source = source
        self._deriver = deriver
        self._size = size
        self._progress = progress
        self._gathered = Gathering(
            (deriver.name, deriver.version), source.system, getattr(deriver, "origin", None)
        )
        self._lexical = LexicalGraph(source.system) if lexical_graph else None
        self._failed: list[str] = []
        self.report: Counter[str] = Counter()
        self.examples: dict[str, list[str]] = {}

    def run(self) -> None:
        """Read every passage, and gather what the deriver makes of it. Called once."""
        self._deriver.prepare(self._source)
        self._progress.begin("derive", total=None, unit="passages")
        waiting: deque[Placed] = deque()
        # A deriver that fails leaves the texts half read; they are let go while they are open.
        with closing(self._passages(waiting)) as passages:
            try:
                for passage, records in self._deriver.derive(passages):
                    self._take(self._placed(passage, waiting), records)
                    self._progress.advance(1)
            finally:
                self._progress.end()
        self.report["passages_not_derived"] += len(waiting)
        self._gathered.finish()
        self.report["entities_differing"] += self._gathered.count_differing()
        self.report += Counter(getattr(self._deriver, "report", {}))
        told = {"passages_failed": self._failed} | dict(getattr(self._deriver, "examples", {}))
        self.examples = {name: list(some) for name, some in told.items() if some}

    def leave_out(self, kind: str, ids: Iterable[str]) -> None:
        """Drop records that are there already under their id. After :meth:`run`."""
        known = list(ids)
        if kind in DERIVED_KINDS:
            self._gathered.leave_out(kind, known)
        if self._lexical is not None and kind in LEXICAL_KINDS:
            self._lexical.leave_out(kind, known)

    def count(self, kind: str) -> int:
        """Return how many records of a kind were made. After :meth:`run`."""
        lexical = 0 if self._lexical is None else self._lexical.count(kind)
        return lexical + (self._gathered.count(kind) if kind in DERIVED_KINDS else 0)

    def count_made(self) -> None:
        """Put into the report how many records there are now."""
        self.report["passage_nodes"] = self.count("raw_node")
        self.report["entities"] = self.count("entity")
        self.report["facts"] = self.count("fact")

    def iter_batches(self, kind: str) -> Iterator[tuple[str, list[Any]]]:
        """Yield (kind, records) of what was made; nothing for kinds that are never derived."""
        if self._lexical is not None:
            yield from self._lexical.iter_batches(kind)
        if kind in DERIVED_KINDS:
            yield from self._gathered.iter_batches(kind)

    def close(self) -> None:
        """Release the temporary disk. May be called twice."""
        self._gathered.close()
        if self._lexical is not None:
            self._lexical.close()

    def _passages(self, waiting: deque[Placed]) -> Generator[Passage, None, None]:
        for placed in iter_passages(self._source, self.report, self._size):
            if self._lexical is not None:
                self._lexical.add(placed)
            waiting.append(placed)
            yield placed.passage

    def _take(self, placed: Placed, records: Sequence[Any] | Underived) -> None:
        if isinstance(records, Underived):
            self.report["passages_failed"] += 1
            if len(self._failed) < _EXAMPLES:
                kind, identity = placed.passage.record
                where = f"{kind} {identity}, passage {placed.passage.at}"
                self._failed.append(f"{where}: {records.reason}")
            return
        if self._lexical is not None:
            records = with_mentions(placed, records)
        self._gathered.add(placed.passage, placed.scope, records)

    def _placed(self, passage: Passage, waiting: deque[Placed]) -> Placed:
        """Return where a passage stands; passages that the deriver left out count."""
        while waiting:
            placed = waiting.popleft()
            if placed.passage.id == passage.id:
                return placed
            self.report["passages_not_derived"] += 1
        raise BadSetting(
            f"The deriver {self._deriver.name!r} gave back a passage of {passage.record[1]!r} that "
            "it was not given, or gave it out of order. Use another one, or tell its author."
        )
