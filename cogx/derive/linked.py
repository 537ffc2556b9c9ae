"""Knows which derived entities are known already, by their names; derives nothing itself.

It stands outside the cache: what a text says is kept, what is known beside it changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import NAMESPACE_OID, uuid5

import msgspec
from pydantic import BaseModel

from cogx.derive.around import Around
from cogx.derive.spellings import Spellings, Thing, only_meant
from cogx.ports import Deriver, Passage, RecordSource

_EXAMPLES: Final = 10


class Linked(Around):
    """A deriver around one that calls entities by their names' ids; known ones get their own.

    The name decides, by the rules by which names are found in texts, then the aliases. A name
    that several known things bear stands for none of them: its entity gets an id of its own, and
    ``ambiguous`` counts it. ``entities_linked`` counts those that are known.

    Cost: the names in memory, about 1 KB each.
    """

    def __init__(self, deriver: Deriver) -> None:
        super().__init__(deriver)
        self._spellings = Spellings()

    def prepare(self, known: RecordSource) -> None:
        """Learn the names of what is known, and let the deriver look at it."""
        self._spellings.learn(known)
        super().prepare(known)

    def _changed(self, passage: Passage, records: Sequence[Any]) -> list[Any]:
        """Return them with known entities under their own ids."""
        ids: dict[str, str] = {}
        made = [self._entity(one, ids) if one.kind == "entity" else one for one in records]
        return [_joined(one, ids) if one.kind == "fact" else one for one in made]

    def _entity(self, entity: Any, ids: dict[str, str]) -> Any:
        thing, is_ambiguous = self._known(entity)
        if thing is not None:
            self._counts["entities_linked"] += 1
            ids[entity.external_id] = thing.id
            names = dict.fromkeys((entity.name, *entity.aliases))
            return _with(
                entity,
                external_id=thing.id,
                name=thing.name,
                aliases=[name for name in names if name != thing.name],
                entity_type=entity.entity_type or thing.entity_type,
            )
        if is_ambiguous:
            # The id of the name may be that of one of them.
            own = str(uuid5(NAMESPACE_OID, f"cogx:ambiguous:{entity.external_id}"))
            ids[entity.external_id] = own
            return _with(entity, external_id=own)
        return entity

    def _known(self, entity: Any) -> tuple[Thing | None, bool]:
        """Return what an entity is known as, and whether that cannot be told."""
        for name in (entity.name, *entity.aliases):
            things = [one for one in self._spellings.meant(name) if one is None or not one.is_text]
            if not things:
                continue
            thing = only_meant(things)
            if thing is None:
                self._counts["ambiguous"] += 1
                self._examples.note("ambiguous", name, most=_EXAMPLES)
            return thing, thing is None
        return None, False


def _joined(fact: Any, ids: dict[str, str]) -> Any:
    ends = {end: ids.get(getattr(fact, end)) for end in ("subject_ref", "object_ref")}
    changed = {end: identity for end, identity in ends.items() if identity is not None}
    return _with(fact, **changed) if changed else fact


def _with(record: Any, **fields: Any) -> Any:
    if isinstance(record, BaseModel):
        return record.model_copy(update=fields)
    return msgspec.structs.replace(record, **fields)
