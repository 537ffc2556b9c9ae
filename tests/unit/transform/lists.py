"""Knows a record source made of lists, and short ways to write records down."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from cogx.codec.from_values import line_type
from cogx.codec.lines import RawLine, canonical_line
from cogx.format.layout import KINDS
from cogx.format.records import MODEL_OF_KIND, AnyRecord
from cogx.ports import RecordSource


class Lists:
    """Gives out copies of records, so many at a time."""

    def __init__(self, records: Iterable[Any], *, batch: int = 1000, system: str = "s") -> None:
        self.system = system
        self._records = list(records)
        self._batch = batch

    def iter_batches(self, *kinds: str) -> Iterator[tuple[str, Sequence[Any]]]:
        for kind in kinds or KINDS:
            some = [copy.deepcopy(record) for record in self._records if record.kind == kind]
            for start in range(0, len(some), self._batch):
                yield kind, some[start : start + self._batch]


def made(kind: str, identity: str, **fields: Any) -> Any:
    """Return a hot-path record; times are given as days of January 2024."""
    if kind == "raw_node":
        return RawLine({"id": identity, **fields})
    names = MODEL_OF_KIND[kind].model_fields
    fields = {key: _time(value) if key.endswith("_at") else value for key, value in fields.items()}
    assert fields.keys() <= names.keys()
    return line_type(kind)(
        kind=kind,
        external_system=fields.pop("external_system", "s"),
        external_id=identity,
        **fields,
    )


def entity(identity: str, entity_type: str | None = None, **fields: Any) -> Any:
    return made("entity", identity, **{"name": identity, "entity_type": entity_type} | fields)


def raw(identity: str, **properties: Any) -> Any:
    return made("raw_node", identity, **properties)


def document(identity: str, **fields: Any) -> Any:
    return made("document", identity, **{"content": "text"} | fields)


def fact(identity: str, subject: str, target: str, **fields: Any) -> Any:
    given = {"subject_ref": subject, "object_ref": target, "predicate": "p"} | fields
    return made("fact", identity, **given)


def records_of(source: RecordSource, *kinds: str) -> list[tuple[str, Any]]:
    return [(kind, record) for kind, some in source.iter_batches(*kinds) for record in some]


def ids_in(source: RecordSource, *kinds: str) -> list[str]:
    return [record.external_id for _, record in records_of(source, *kinds)]


def lines_of(source: RecordSource) -> list[tuple[str, bytes]]:
    return [(kind, canonical_line(_plain(record))) for kind, record in records_of(source)]


def _plain(record: Any) -> AnyRecord:
    return record  # type: ignore[no-any-return]


def _time(value: Any) -> Any:
    return datetime(2024, 1, value, tzinfo=UTC) if isinstance(value, int) else value
