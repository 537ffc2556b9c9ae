"""Knows how to make up every value, record and archive that COGX allows; judges nothing.

For hypothesis. What is drawn stays small and is awkward on purpose: line separators that are
none, empty and astral texts, floats at the borders of notations, objects that look like tags.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from typing import Any, Final, cast

from hypothesis import strategies as st

from cogx.format.layout import KINDS
from cogx.format.manifest import Manifest
from cogx.format.records import MODEL_OF_KIND, SCOPE_KEYS, AnyRecord, RawNode, Turn

_TEXTS: Final = (
    "", "a", "\u2028", "\u2029x", "\x85", "\0", "\x1f\t\n\r", "\U0001f600", "e\u0301", "\u00e9",
    "\ufeff", "\uffff", '"\\/', "$cogx", "value", "NaN", "2026-01-02", "null", " ", "0",
)  # fmt: skip
_IDS: Final = ("a", "b", "Ann Lee", "ann_lee", "e\u0301", "\u00e9", "c\n\u2028", "\0", " d")
_KEYS: Final = (
    "$cogx", "value", "id", "type", "kind", "name", "content", "text", "created_at", "metadata",
    "scope", "turns", "attributes", "stub",
)  # fmt: skip
_FLOATS: Final = (
    -0.0, 0.0, 1.0, 5e-324, 2.2250738585072014e-308, 1e-5, 9.999e-6, 1e15, 9999999999999998.0,
    1e16, 1e17, 1e22, 0.1, -1.7976931348623157e308,
)  # fmt: skip
_INTEGERS: Final = (0, -1, 2**53 + 1, 2**63, 2**64, -(2**63) - 1, 10**40)

Values = st.SearchStrategy[Any]


@cache
def texts(*, min_size: int = 0) -> st.SearchStrategy[str]:
    """Return texts of any Unicode but halves of surrogate pairs."""
    awkward = st.sampled_from([text for text in _TEXTS if len(text) >= min_size])
    return awkward | st.text(min_size=min_size, max_size=8)


@cache
def ids() -> st.SearchStrategy[str]:
    """Return ids and references: few, so that they meet."""
    return st.sampled_from(_IDS) | texts(min_size=1)


@cache
def instants() -> st.SearchStrategy[datetime]:
    """Return times of typed fields: in UTC, or with another offset of whole minutes."""
    first, last = datetime(1, 1, 2), datetime(9999, 12, 30)
    return st.datetimes(first, last, timezones=st.just(UTC) | _zones())


@cache
def json_values() -> Values:
    """Return values of plain JSON types, at some depth; floats are finite."""
    return st.recursive(_json_scalars(), _containers, max_leaves=5)


@cache
def typed_scalars() -> Values:
    """Return values that JSON lacks, some of every tag."""
    return st.one_of(
        st.datetimes(timezones=st.none() | st.just(UTC) | _zones()),
        st.dates(),
        st.times(timezones=st.none() | st.just(UTC) | _zones()),
        st.timedeltas(),
        st.binary(max_size=8),
        st.decimals(allow_nan=False),
        st.uuids(),
        st.sampled_from((math.nan, math.inf, -math.inf)),
    )


@cache
def values() -> Values:
    """Return every free-form value: JSON and typed ones, mixed at any depth."""
    return st.recursive(_json_scalars() | typed_scalars(), _containers, max_leaves=5)


@cache
def records(kind: str, *, typed: bool = True, unknown: bool = True) -> st.SearchStrategy[AnyRecord]:
    """Return records of a kind, as models.

    Args:
        kind: one of ``layout.KINDS``.
        typed: whether free-form values may be such that JSON lacks.
        unknown: whether fields may occur that COGX does not define.
    """
    free = values() if typed else json_values()
    if kind == "raw_node":
        made = _objects({"id": ids()}, {"type": texts() | free}, free)
        return made.map(lambda properties: RawNode(properties=properties))
    model = MODEL_OF_KIND[kind]
    others = free if unknown else None
    fields = {name: make(free) for name, make in _FIELDS.items() if name in model.model_fields}
    fields["scope"] = _scopes(others)
    if kind == "episode":
        fields["turns"] = st.lists(_turns(others), max_size=2)
    fixed = {name: fields.pop(name) for name, f in model.model_fields.items() if f.is_required()}
    made = _objects(fixed, fields, others, taken=frozenset(model.model_fields))
    return made.map(lambda fields: cast("AnyRecord", model.model_validate(fields)))


@cache
def any_records(*, typed: bool = True, unknown: bool = True) -> st.SearchStrategy[AnyRecord]:
    """Return records of every kind; see :func:`records`."""
    return st.one_of([records(kind, typed=typed, unknown=unknown) for kind in KINDS])


@cache
def archives(*, typed: bool = True, unknown: bool = True) -> st.SearchStrategy[list[AnyRecord]]:
    """Return the records of a valid archive: twins, repeats, names, dangling ends and all.

    Within a kind an id occurs once, or several times with equal content.
    """
    made = st.lists(
        any_records(typed=typed, unknown=unknown),
        max_size=8,
        unique_by=lambda record: (record.kind, record.external_id),
    )
    repeats = st.lists(st.integers(0, 7), max_size=2)
    return st.builds(
        lambda made, again: made + [made[i] for i in again if i < len(made)], made, repeats
    )


@cache
def manifests() -> st.SearchStrategy[Manifest]:
    """Return manifests without our key, unknown keys among them."""
    known = {
        "source_system": texts(),
        "exported_at": instants() | st.none(),
        "embedding_model": st.none() | texts(),
        "migration_revision": st.none() | texts(),
        "notes": st.lists(texts(), max_size=2),
    }
    taken = frozenset(Manifest.model_fields)
    return _objects({}, known, json_values(), taken=taken).map(Manifest.model_validate)


@cache
def _json_scalars() -> Values:
    return st.one_of(
        st.none(),
        st.booleans(),
        st.sampled_from(_INTEGERS) | st.integers(),
        st.sampled_from(_FLOATS) | st.floats(allow_nan=False, allow_infinity=False),
        texts(),
    )


def _containers(inner: Values) -> Values:
    keys = st.sampled_from(("$cogx", "value")) | texts()
    lookalikes = st.fixed_dictionaries({"$cogx": inner, "value": inner})
    return st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=3), lookalikes
    )


@cache
def _zones() -> st.SearchStrategy[timezone]:
    return st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@cache
def properties(inner: Values) -> st.SearchStrategy[dict[str, Any]]:
    """Return objects of free-form values, whose keys are often those of fields."""
    return st.dictionaries(st.sampled_from(_KEYS) | texts(), inner, max_size=3)


@cache
def _scopes(others: Values | None) -> Values:
    known = {key: st.none() | texts() for key in SCOPE_KEYS}
    return _objects({}, known, others, taken=frozenset(SCOPE_KEYS))


@cache
def _turns(others: Values | None) -> st.SearchStrategy[Turn]:
    fixed = {"role": texts(), "content": texts()}
    optional = {"occurred_at": st.none() | instants()}
    made = _objects(fixed, optional, others, taken=frozenset(Turn.model_fields))
    return made.map(Turn.model_validate)


def _objects(
    fixed: dict[str, Values],
    optional: dict[str, Values],
    others: Values | None,
    *,
    taken: frozenset[str] = frozenset(),
) -> Values:
    """Return objects with fixed, optional and (seldom) other members."""
    known = st.fixed_dictionaries(fixed, optional=optional)
    if others is None:
        return known
    taken |= fixed.keys() | optional.keys()
    names = st.sampled_from([key for key in _KEYS if key not in taken]) | texts().filter(
        lambda name: name not in taken
    )
    return st.builds(
        lambda first, second: first | second,
        known,
        st.just({}) | st.dictionaries(names, others, max_size=2),
    )


_Make = Callable[[Values], Values]
_FIELDS: Final[dict[str, _Make]] = {
    "external_id": lambda _: ids(),
    "external_system": lambda _: texts(),
    "created_at": lambda _: st.none() | instants(),
    "updated_at": lambda _: st.none() | instants(),
    "valid_at": lambda _: st.none() | instants(),
    "invalid_at": lambda _: st.none() | instants(),
    "metadata": properties,
    "attributes": properties,
    "name": lambda _: ids(),
    "subject_ref": lambda _: ids(),
    "predicate": lambda _: texts(min_size=1),
    "object_ref": lambda _: ids(),
    "content": lambda _: texts(),
    "value": lambda _: texts(),
    "label": lambda _: texts(),
    "title": lambda _: st.none() | texts(),
    "mime_type": lambda _: st.none() | texts(),
    "entity_type": lambda _: st.none() | st.sampled_from(("", "Person", "Place")) | texts(),
    "description": lambda _: st.none() | texts(),
    "fact_text": lambda _: st.none() | texts(),
    "aliases": lambda _: st.lists(texts(), max_size=2),
    "categories": lambda _: st.lists(texts(), max_size=2),
    "provenance": lambda _: st.lists(ids(), max_size=2),
    "confidence": lambda _: st.none() | st.floats(allow_nan=False, allow_infinity=False),
    "limit": lambda _: st.none() | st.integers(),
}
"""Per field of a typed record: how its values are made, given the free-form values."""
