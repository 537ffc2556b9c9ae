"""Knows what each import mode takes from a source and what from a deriver; never how either works.

Both classes are RecordSources: gone through any number of times, the same records each time.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final, Self

from cogx.derive.derivation import MADE_KINDS, Derivation
from cogx.derive.fresh import Fresh
from cogx.derive.passages import PassageSize
from cogx.derive.plan import Plan, plan
from cogx.derive.streams import iter_followed
from cogx.derive.texts import TEXT_KINDS
from cogx.errors import EmptyGraph
from cogx.format.layout import KINDS
from cogx.ports import Deriver, RecordSource
from cogx.progress import SILENT, Progress

_BOTH_KINDS: Final = (*TEXT_KINDS, *MADE_KINDS)
_THERE: Final = {
    "raw_node": ("passage_nodes_there", "passage_nodes"),
    "entity": ("entities_there", "entities"),
    "fact": ("facts_there", "facts"),
}
_DEFAULT_SIZE: Final = PassageSize()


class _Mode(ABC):
    """What both modes share: a derivation that runs once, when it is first needed."""

    def __init__(
        self,
        known: RecordSource,
        deriver: Deriver,
        size: PassageSize,
        *,
        lexical_graph: bool,
        progress: Progress,
    ) -> None:
        self._known = known
        self._deriver = deriver
        self._size = size
        self._derivation = Derivation(
            known, deriver, size, lexical_graph=lexical_graph, progress=progress
        )
        self._done = False
        self._failure: BaseException | None = None
        self.system = known.system

    @property
    def report(self) -> Counter[str]:
        """What was read, made and left out, by name; complete after :meth:`derive`."""
        return self._derivation.report

    @property
    def examples(self) -> dict[str, list[str]]:
        """A few cases of some counts of the report, for people."""
        return self._derivation.examples

    @property
    def cost(self) -> float | None:
        """What the calls have cost, None if there were none or the deriver knows no prices."""
        read, written = self.report["tokens_in"], self.report["tokens_out"]
        cost_of = getattr(self._deriver, "cost_of", None)
        return cost_of(read, written) if cost_of is not None and read + written else None

    def derive(self) -> None:
        """Run the deriver now; else the first records that are asked for do it.

        May be called again: nothing is derived twice, and what failed once fails again.

        Raises:
            EmptyGraph: see the mode.
            BadSetting: the deriver breaks its protocol.
        """
        if self._failure is not None:
            raise self._failure
        if self._done:
            return
        try:
            self._run()
        except BaseException as error:
            self._failure = error
            raise
        self._done = True

    @abstractmethod
    def _run(self) -> None:
        """Derive, and see to what the mode asks of the result."""

    def plan(self) -> Plan:
        """Say what deriving will take, without doing it. Cost: one pass over the raw content."""
        return plan(self._known, self._deriver, self._size)

    def close(self) -> None:
        """Release the temporary disk. May be called twice."""
        self._derivation.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Hybrid(_Mode):
    """All records of a source as they are, and what a deriver makes of its raw content.

    Where the source has a record already (an entity of that id, a derived fact of an earlier
    run), it stays as it is and the derived one is left out: ``entities_there``, ``facts_there``.
    Without raw content nothing is derived and the records are those of the source.

    Args:
        size: how the texts are cut.
        lexical_graph: make nodes of passages, too; see :mod:`cogx.derive.lexical`.

    Cost: three passes over the source before the first record; see the deriver for memory.
    """

    def __init__(
        self,
        source: RecordSource,
        deriver: Deriver,
        *,
        size: PassageSize = _DEFAULT_SIZE,
        lexical_graph: bool = True,
        progress: Progress = SILENT,
    ) -> None:
        super().__init__(source, deriver, size, lexical_graph=lexical_graph, progress=progress)
        self._source = source

    @property
    def notes(self) -> list[str]:
        """What a person should know, one sentence each; complete after :meth:`derive`."""
        if self.report["texts"]:
            return []
        return ["There is no raw text to derive from: the result is that of --mode preserve."]

    def _run(self) -> None:
        self._derivation.run()
        made = {kind: self._derivation.count(kind) for kind in MADE_KINDS}
        if any(made.values()):
            for kind, batch in self._source.iter_batches(*KINDS):
                ids = [record.external_id for record in batch]
                for taken in ("fact",) if kind == "fact" else ("entity", "raw_node"):
                    self._derivation.leave_out(taken, ids)
        self._derivation.count_made()
        for kind, (there, name) in _THERE.items():
            self.report[there] = made[kind] - self.report[name]

    def iter_batches(self, *kinds: str) -> Iterator[tuple[str, Sequence[Any]]]:
        """Yield (kind, records): of each kind those of the source, then the derived ones."""
        self.derive()
        asked = kinds or KINDS
        ours = self._source.iter_batches(*asked)
        yield from iter_followed(ours, asked, self._derivation.iter_batches)


class Rederived(_Mode):
    """The raw content of a source, and the graph that a deriver makes of it; the source's is not.

    The names of the old graph are known to the deriver, its ids and facts are not: derived
    entities get the ids of their names.

    Args:
        keep_facts_as_text: tell the old graph in documents beside the others, and derive from
            them too; see :mod:`cogx.derive.digests`.
        size: how the texts are cut.
        lexical_graph: make nodes of passages, too; see :mod:`cogx.derive.lexical`.
        allow_empty: take a source without raw text, whose graph would be lost.

    Raises (when it derives):
        EmptyGraph: the source holds no raw text, and ``allow_empty`` is not set.
    Cost: two passes over the source before the first record; see the deriver for memory.
    """

    def __init__(
        self,
        source: RecordSource,
        deriver: Deriver,
        *,
        keep_facts_as_text: bool = False,
        size: PassageSize = _DEFAULT_SIZE,
        lexical_graph: bool = True,
        allow_empty: bool = False,
        progress: Progress = SILENT,
    ) -> None:
        fresh = Fresh(source, keep_facts_as_text=keep_facts_as_text)
        super().__init__(fresh, deriver, size, lexical_graph=lexical_graph, progress=progress)
        self._allow_empty = allow_empty

    @property
    def notes(self) -> list[str]:
        """What a person should know, one sentence each; complete after :meth:`derive`."""
        return []

    def _run(self) -> None:
        self._derivation.run()
        self._derivation.count_made()
        if not self.report["texts"] and not self._allow_empty:
            raise EmptyGraph(
                "There is no raw text to derive a graph from, and re-derive would drop the one "
                "that is there. Import with --mode preserve."
            )

    def iter_batches(self, *kinds: str) -> Iterator[tuple[str, Sequence[Any]]]:
        """Yield (kind, records): content records of the source, then what was derived."""
        self.derive()
        asked = kinds or _BOTH_KINDS
        texts = [kind for kind in asked if kind in TEXT_KINDS]
        ours = self._known.iter_batches(*texts) if texts else ()
        yield from iter_followed(ours, asked, self._derivation.iter_batches)
