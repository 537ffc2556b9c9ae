"""Knows how a deriver learns what a dataset's graph knows already, beside what is new.

What comes in is an archive of its own; the names that it may mention are in the store.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

from cogx.codec.from_values import line_type
from cogx.codec.lines import RawLine
from cogx.ports import Deriver, Passage, RecordSource
from cogx.server.index import Index, Item

_BATCH: Final = 1000
_KINDS: Final = ("entity", "raw_node")


class WithKnownNames:
    """A deriver around another one, which gets the names of a graph to know, too."""

    def __init__(self, deriver: Deriver, index: Index) -> None:
        self._deriver = deriver
        self._index = index
        self.name = deriver.name
        self.version = deriver.version

    def __getattr__(self, name: str) -> Any:
        """Return what else the deriver says of itself: report, examples, calls, origin."""
        return getattr(self._deriver, name)

    def prepare(self, known: RecordSource) -> None:
        """Let it learn both."""
        self._deriver.prepare(_Both(known, self._index))

    def derive(self, passages: Iterable[Passage]) -> Iterator[tuple[Passage, Any]]:
        """Derive as it does."""
        return iter(self._deriver.derive(passages))


class _Both:
    """The records of a source, and then the named nodes of an index."""

    def __init__(self, known: RecordSource, index: Index) -> None:
        self._known = known
        self._index = index
        self.system = known.system

    def iter_batches(self, *kinds: str) -> Iterator[tuple[str, Sequence[Any]]]:
        """Yield (kind, records)."""
        yield from self._known.iter_batches(*kinds)
        for kind in _KINDS:
            if not kinds or kind in kinds:
                where = "WHERE i.kind = ? AND i.name IS NOT NULL"
                items = self._index.iter_items(where, (kind,))
                while batch := [self._record(item) for item in islice(items, _BATCH)]:
                    yield kind, batch

    def _record(self, item: Item) -> Any:
        if item.kind == "raw_node":
            return RawLine({"id": item.id, "type": item.type, "name": item.name})
        aliases = item.properties.get("aliases")
        return line_type("entity")(
            kind="entity",
            external_system=self.system,
            external_id=item.id,
            name=item.name,
            entity_type=item.type,
            aliases=aliases if isinstance(aliases, list) else [],
        )
