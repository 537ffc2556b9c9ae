"""Knows the compiled layout of each kind's lines, made from the models; reads no line itself.

A layout is a struct whose decoder checks every type and field at C speed. The canonical layout
has its fields sorted and leaves out what is empty; cognee's has the models' order and writes
empty containers. Source: spec/format.md#records.
"""

from __future__ import annotations

import types
from datetime import UTC, datetime
from functools import cache
from operator import attrgetter
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import msgspec
from pydantic.fields import FieldInfo

from cogx.codec.canonical import encode_lines
from cogx.format.records import MODEL_OF_KIND, SCOPE_KEYS, Turn

CAREFUL: Final = frozenset({datetime, float})
"""Types that do not say all: a time may not be UTC, a number not finite."""
_UTC_ONLY: Final = frozenset({UTC})
_LISTS: Final = (list[str], list[Turn])
_FIXED: Final = frozenset({"external_id", "subject_ref", "predicate", "object_ref"})
"""Texts that name a record or an edge: whoever makes one has them from its id and its ends."""


class Layout:
    """The compiled struct of a kind and its decoder."""

    def __init__(self, kind: str, *, cognee: bool) -> None:
        self.struct = _struct(MODEL_OF_KIND[kind], cognee=cognee)
        self.decoder = msgspec.json.Decoder(self.struct)
        self.encode_lines = encode_lines if not cognee else msgspec.json.Encoder().encode_lines
        self.times = _time_fields(MODEL_OF_KIND[kind])
        self.turn_times = _time_fields(Turn) if kind == "episode" else []
        model = MODEL_OF_KIND[kind].model_fields
        self.types = {name: _quick_type(field) for name, field in model.items() if name != "kind"}
        self.not_empty = {n for n, f in model.items() if _not_empty(f)}
        self.required = {n for n, f in model.items() if f.is_required()} - _FIXED
        self.sound_shapes: dict[tuple[Any, ...], list[str]] = {}

    def learn(self, fields: dict[str, Any], shape: tuple[Any, ...]) -> list[str] | None:
        """Return the fields whose values need a look, None if the types alone are wrong.

        There are few shapes of names and types, so each is judged once and remembered.
        """
        if any(type(value) is not self.types.get(name) for name, value in fields.items()):
            return None
        careful = [n for n in fields if n in self.not_empty or self.types[n] in CAREFUL]
        if not self.required <= fields.keys():
            return None
        self.sound_shapes[shape] = careful
        return careful

    def bring_to_utc(self, records: list[Any]) -> bool:
        """Make every timestamp UTC, in place; tell whether one was not.

        Other offsets survive decoding and encoding, so bytes alone do not show them.
        """
        changes = [_to_utc(records, name) for name in self.times]
        changed = any(changes)
        for name in self.turn_times:
            changed |= _to_utc([turn for record in records for turn in record.turns], name)
        return changed


@cache
def canonical_layout(kind: str) -> Layout:
    """Return the layout in which cogx writes a kind; compiled once."""
    return Layout(kind, cognee=False)


@cache
def cognee_layout(kind: str) -> Layout:
    """Return the layout in which cognee writes a kind; compiled once."""
    return Layout(kind, cognee=True)


def _struct(model: type[Any], *, cognee: bool) -> type[msgspec.Struct]:
    """Compile a model. Cognee writes empty containers, so there they have no default."""
    fields: list[Any] = []
    for name, field in model.model_fields.items():
        declared = _field_type(name, field, cognee=cognee)
        if field.default_factory is not None and not cognee:
            empty: Any = list if bare_type(field.annotation)[0] in _LISTS else dict
            fields.append((name, declared, msgspec.field(default_factory=empty)))
        elif field.default is None:
            fields.append((name, declared, None))
        else:
            fields.append((name, declared))
    if not cognee:
        fields.sort()  # the canonical order; names are unique, so nothing else is compared
    return msgspec.defstruct(
        f"{model.__name__}Line",
        fields,
        namespace={"model_extra": None},
        forbid_unknown_fields=True,
        omit_defaults=True,
        kw_only=True,
        gc=False,  # records hold no cycles; tracking them would cost a tenth of decoding
    )


def _field_type(name: str, field: FieldInfo, *, cognee: bool) -> Any:
    if name == "scope":
        return dict[Literal[SCOPE_KEYS], str]  # type: ignore[valid-type]
    if name == "turns":
        return list[_struct(Turn, cognee=cognee)]  # type: ignore[misc]
    bare, optional = bare_type(field.annotation)
    if bare is datetime:
        bare = Annotated[datetime, msgspec.Meta(tz=True)]
    elif _not_empty(field):
        bare = Annotated[str, msgspec.Meta(min_length=1)]
    return bare | None if optional else bare


def _not_empty(field: FieldInfo) -> bool:
    return any(getattr(rule, "min_length", None) for rule in field.metadata)


def _quick_type(field: FieldInfo) -> Any:
    """Return the exact type that makes a value right at one look; lists need a longer one."""
    bare, _ = bare_type(field.annotation)
    return {dict[str, Any]: dict}.get(bare, bare)


def _time_fields(model: type[Any]) -> list[str]:
    return [n for n, f in model.model_fields.items() if bare_type(f.annotation)[0] is datetime]


def _to_utc(records: list[Any], name: str) -> bool:
    if not any(map(attrgetter(name), records)):
        return False
    moments = list(map(attrgetter(name), records))
    if {moment.tzinfo for moment in moments if moment is not None} <= _UTC_ONLY:
        return False
    for record, moment in zip(records, moments, strict=True):
        if moment is not None:
            setattr(record, name, moment.astimezone(UTC))
    return True


def bare_type(annotation: Any) -> tuple[Any, bool]:
    """Return an annotation without Annotated and without None, and whether None was in it."""
    if get_origin(annotation) is Annotated:
        return bare_type(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        inner = [part for part in get_args(annotation) if part is not type(None)]
        return bare_type(inner[0])[0], len(inner) < len(get_args(annotation))
    return annotation, False
