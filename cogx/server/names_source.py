"""Knows the named nodes of a dataset's graph as records, for a deriver to know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final

from cogx.codec.from_values import line_type
from cogx.codec.lines import RawLine
from cogx.server.index import Index, Item

_BATCH: Final = 1000
_KINDS: Final = ("entity", "raw_node")


class NamesSource:
    """The named entities and raw nodes of an index, with no more than their names and types."""

    def __init__(self, index: Index, system: str) -> None:
        self._index = index
        self.system = system

    def iter_batches(self, *kinds: str) -> Iterator[tuple[str, Sequence[Any]]]:
        """Yield (kind, records)."""
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
