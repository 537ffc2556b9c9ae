"""Knows what a record by itself has of what is asked; never its neighbours.

How facts and what they join meet criteria for each other's sake is known by
:mod:`cogx.transform.neighbours`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np

from cogx.codec.typed import UnreadableValue, from_json
from cogx.format.timestamps import UnreadableTimestamp, parse_timestamp
from cogx.transform.criteria import Criteria
from cogx.transform.hashes import Mask

Test = Callable[[Any], bool]
_TIMES: Final = ("updated_at", "created_at")


class Matching:
    """Holds records against criteria. ``met`` gathers the terms that any record had."""

    def __init__(self, criteria: Criteria, system: str) -> None:
        self._criteria = criteria
        self._system = system
        self.met: set[tuple[str, str]] = set()

    def alone(self, kind: str, records: Sequence[Any]) -> Mask:
        """Tell, for each record, whether it meets the keys that need no other record, no time.

        A fact is asked for predicate, system, scope and as_of; another record for type, id,
        system and scope.
        """
        tests = list(self._tests(kind))
        if not tests:
            return np.ones(len(records), np.bool_)
        if len(tests) == 1:
            return np.fromiter(map(tests[0], records), np.bool_, len(records))
        met = (all(test(record) for test in tests) for record in records)
        return np.fromiter(met, np.bool_, len(records))

    def timely(self, kind: str, records: Sequence[Any]) -> tuple[Mask, Mask] | None:
        """Tell, for each record, whether its time is asked for, and whether it has none.

        None if no time is asked for.
        """
        since, until = self._criteria.since, self._criteria.until
        if since is None and until is None:
            return None
        times = [time_of(kind, record) for record in records]
        met = (
            time is not None
            and (since is None or time >= since)
            and (until is None or time < until)
            for time in times
        )
        without = (time is None for time in times)
        count = len(records)
        return np.fromiter(met, np.bool_, count), np.fromiter(without, np.bool_, count)

    def typed(self, kind: str, records: Sequence[Any]) -> Mask:
        """Tell, for each record, whether it is of a type that is asked for."""
        return np.fromiter(map(self._type_test(kind), records), np.bool_, len(records))

    def _tests(self, kind: str) -> Iterator[Test]:
        asked = self._criteria
        if kind == "fact":
            if asked.predicates:
                yield self._text("predicate", asked.predicates, lambda fact: fact.predicate)
            if asked.as_of is not None:
                yield _holds_at(asked.as_of)
        else:
            if asked.types:
                yield self._type_test(kind)
            if asked.ids:
                yield self._text("ids", asked.ids, lambda record: record.external_id)
        if asked.systems:
            yield self._text("system", asked.systems, self._system_of(kind))
        for key, values in asked.scope.items():
            yield self._text(f"scope.{key}", values, _scope_of(kind, key))

    def _type_test(self, kind: str) -> Test:
        return self._text("type", self._criteria.types, lambda record: type_of(kind, record))

    def _text(self, key: str, values: frozenset[str], look: Callable[[Any], Any]) -> Test:
        met = self.met

        def test(record: Any) -> bool:
            value = look(record)
            if value not in values:
                return False
            met.add((key, value))
            return True

        return test

    def _system_of(self, kind: str) -> Callable[[Any], Any]:
        system = self._system
        return (lambda _: system) if kind == "raw_node" else lambda record: record.external_system


def type_of(kind: str, record: Any) -> str | None:
    """Return what sort of thing a record calls itself, None if it does not say."""
    if kind == "entity":
        return str(record.entity_type) if record.entity_type is not None else None
    said = record.properties.get("type") if kind == "raw_node" else None
    return said if isinstance(said, str) else None


def time_of(kind: str, record: Any) -> datetime | None:
    """Return when a record was changed, else when it was made, None if it does not say.

    A raw node says so in its properties, in any form that record timestamps or tags have.
    """
    if kind != "raw_node":
        moment: datetime | None = record.updated_at or record.created_at
        return moment
    for name in _TIMES:
        moment = _instant(record.properties.get(name))
        if moment is not None:
            return moment
    return None


def _instant(value: Any) -> datetime | None:
    if isinstance(value, dict):
        try:
            value = from_json(value)
        except UnreadableValue:
            return None
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return parse_timestamp(value)[0]
    except UnreadableTimestamp:
        return None


def _scope_of(kind: str, key: str) -> Callable[[Any], Any]:
    if kind == "raw_node":
        return lambda _: None
    return lambda record: record.scope.get(key)


def _holds_at(moment: datetime) -> Test:
    def holds(fact: Any) -> bool:
        begins, ends = fact.valid_at, fact.invalid_at
        return (begins is None or begins <= moment) and (ends is None or ends > moment)

    return holds
