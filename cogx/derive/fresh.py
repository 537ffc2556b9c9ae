"""Knows what is left of a source when its graph is ignored: raw content, and how things are called.

Entities come without their ids, descriptions and facts: each under the id that its name gives,
so that a derived graph does not depend on the one that was thrown away.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, Final

from cogx.codec.from_values import line_type
from cogx.derive.digests import DIGESTS, is_digest, iter_digests
from cogx.derive.patterns import pattern_of
from cogx.derive.streams import iter_followed
from cogx.derive.texts import TEXT_KINDS
from cogx.format.identity import entity_id
from cogx.ports import RecordSource

_KINDS: Final = (*TEXT_KINDS, "entity")
_RESERVED: Final = tuple(digest.id for digest in DIGESTS)


class Fresh:
    """A RecordSource of the content records of another one, and of the names in its graph.

    Two things of one name keep two ids here, so that a deriver sees that the name is ambiguous.

    Args:
        keep_facts_as_text: add documents that say what the graph said; see
            :mod:`cogx.derive.digests`.

    Cost: 100 bytes of memory for each name while names are read.
    """

    def __init__(self, source: RecordSource, *, keep_facts_as_text: bool = False) -> None:
        self._source = source
        self._digests = keep_facts_as_text
        self.system = source.system

    def iter_batches(self, *kinds: str) -> Iterator[tuple[str, Sequence[Any]]]:
        """Yield (kind, records), as the protocol says; there are no raw nodes and no facts."""
        for are_texts, group in groupby(kinds or _KINDS, key=TEXT_KINDS.__contains__):
            some = list(group)
            if are_texts:
                yield from self._texts(some)
            elif "entity" in some:
                yield from self._names()

    def _texts(self, kinds: Sequence[str]) -> Iterator[tuple[str, Sequence[Any]]]:
        """Yield content records, and the digests behind the documents.

        Digests of an older graph make room for those of this one.
        """
        taken: set[str] = set()

        def kept() -> Iterator[tuple[str, Sequence[Any]]]:
            for kind, batch in self._source.iter_batches(*kinds):
                if kind == "document" and self._digests:
                    batch = [document for document in batch if not is_digest(document)]
                    taken.update(
                        d.external_id for d in batch if d.external_id.startswith(_RESERVED)
                    )
                if batch:
                    yield kind, batch

        def digests(kind: str) -> Iterator[tuple[str, Sequence[Any]]]:
            if kind == "document" and self._digests:
                yield from iter_digests(self._source, taken)

        yield from iter_followed(kept(), kinds, digests)

    def _names(self) -> Iterator[tuple[str, Sequence[Any]]]:
        owners: dict[bytes, str] = {}
        for kind, batch in self._source.iter_batches("entity", "raw_node"):
            made = [_named(kind, record, owners, self.system) for record in batch]
            found = [record for record in made if record is not None]
            if found:
                yield "entity", found


def _named(kind: str, record: Any, owners: dict[bytes, str], system: str) -> Any:
    if kind == "entity":
        name, entity_type, aliases = record.name, record.entity_type, record.aliases
    else:
        name, entity_type, aliases = (
            record.properties.get("name"),
            record.properties.get("type"),
            [],
        )
        if not isinstance(name, str) or not name:
            return None
        entity_type = entity_type if isinstance(entity_type, str) else None
    if pattern_of(name, entity_type) is not None:
        return None  # found by its form, under the id of that
    identity = entity_id(name)
    own = str(identity)
    if owners.setdefault(identity.bytes, record.external_id) != record.external_id:
        own = f"{own}#{record.external_id}"
    return line_type("entity")(
        kind="entity",
        external_system=system,
        external_id=own,
        name=name,
        entity_type=entity_type,
        aliases=list(aliases),
    )
