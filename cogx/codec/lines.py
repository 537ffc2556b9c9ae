"""Knows how blocks of JSON lines become records and back, at C speed; reports no problems.

For every kind two record layouts are compiled from the models of :mod:`cogx.format.records`:
the canonical one, and the one cognee writes. Decoding checks every type and field; encoding
again and comparing with the bytes then proves all the rest at once: no key twice, no odd
number, no stray space, no unknown field. A block that fails either step is left to the exact,
slower path of :mod:`cogx.codec.strict`.
"""

from __future__ import annotations

import json
import math
import types
from datetime import UTC, datetime
from functools import cache
from operator import attrgetter
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import msgspec
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from cogx.codec.canonical import NotJson, encode, encode_lines
from cogx.codec.typed import to_json
from cogx.format.records import MODEL_OF_KIND, SCOPE_KEYS, AnyRecord, Record, Turn

_RAW_PREFIX: Final = b'{"kind":"raw_node","properties":'
_UTC_ONLY: Final = frozenset({UTC})
_REFUSALS: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, NotJson)
_FIXED: Final = frozenset({"external_id", "subject_ref", "predicate", "object_ref"})
"""Texts that name a record or an edge: whoever makes one has them from its id and its ends."""
_CAREFUL: Final = frozenset({datetime, float})
_LISTS: Final = (list[str], list[Turn])


class RawLine(msgspec.Struct, frozen=True, gc=False):
    """A raw node in a hot path: what RawNode is, without the cost of its model."""

    properties: dict[str, Any]
    kind: str = "raw_node"

    @property
    def external_id(self) -> str:
        """Return the node's id."""
        return str(self.properties["id"])


def decode_block(kind: str, block: bytes) -> tuple[list[Any], bytes] | None:
    """Return the records of a block and their canonical lines, or None if it needs care.

    ``block`` is whole lines, each ended by LF. The records have the attributes of the kind's
    model. The canonical lines are the block itself where it is canonical already.

    Cost: about 1.5 microseconds a record for canonical blocks, twice that for cognee's.
    """
    return _raw_block(block) if kind == "raw_node" else _typed_block(kind, block)


def decode_records(kind: str, block: bytes) -> list[Any] | None:
    """Return the records of a block with their fields checked, or None if it needs care.

    What only encoding again would show (one key twice) is not looked for.

    Cost: about 1 microsecond a record.
    """
    try:
        if kind == "raw_node":
            dicts = _raw_decoder().decode_lines(block)
            return _raw_lines(dicts)
        records = _layout(kind).decoder.decode_lines(block)
        _layout(kind).bring_to_utc(records)
    except (*_REFUSALS, OverflowError):
        return None
    return records


def canonical_line(record: AnyRecord) -> bytes:
    """Return the canonical JSON of one record, without LF, as it stands on its line.

    Takes models and hot-path records alike; typed values must be tagged already.

    Raises:
        NotJson: the record holds something JSON cannot say.
    """
    if record.kind == "raw_node":
        return encode(record.properties)
    if isinstance(record, msgspec.Struct):
        return encode(record)
    return encode(plain_fields(record))


def hashed_form(kind: str, line: bytes) -> bytes:
    """Return the bytes that are hashed for the fingerprint: the kind is always part of them."""
    return _RAW_PREFIX + line + b"}" if kind == "raw_node" else line


def plain_fields(record: Record) -> dict[str, Any]:
    """Return a model's fields as canonical JSON has them: no nulls, no empty containers."""
    fields = dict(record.model_extra or {})
    for name in type(record).model_fields:
        value = getattr(record, name)
        if value is None or (isinstance(value, list | dict) and not value):
            continue
        if name == "turns":
            value = [plain_fields(turn) for turn in value]
        fields[name] = value
    return fields


class _Layout:
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
        careful = [n for n in fields if n in self.not_empty or self.types[n] in _CAREFUL]
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
def _layout(kind: str) -> _Layout:
    return _Layout(kind, cognee=False)


@cache
def _cognee_layout(kind: str) -> _Layout:
    return _Layout(kind, cognee=True)


@cache
def _raw_decoder() -> msgspec.json.Decoder[dict[str, Any]]:
    return msgspec.json.Decoder(dict[str, Any])


def _typed_block(kind: str, block: bytes) -> tuple[list[Any], bytes] | None:
    layout = _layout(kind)
    try:
        records = layout.decoder.decode_lines(block)
        lines = encode_lines(records)
        if lines != block:
            theirs = _cognee_layout(kind)
            if theirs.encode_lines(theirs.decoder.decode_lines(block)) != block:
                return None
        if layout.bring_to_utc(records):
            lines = encode_lines(records)
    except (*_REFUSALS, OverflowError):
        return None
    return records, lines


def _raw_block(block: bytes) -> tuple[list[Any], bytes] | None:
    try:
        dicts = _raw_decoder().decode_lines(block)
        lines = encode_lines(dicts)
    except _REFUSALS:
        return None
    if lines != block and _as_cognee(dicts) != block:
        return None
    records = _raw_lines(dicts)
    return None if records is None else (records, lines)


def _raw_lines(dicts: list[dict[str, Any]]) -> list[Any] | None:
    for properties in dicts:
        if type(properties.get("id")) is not str or not properties["id"]:
            return None
    return [RawLine(properties) for properties in dicts]


def _as_cognee(dicts: list[dict[str, Any]]) -> bytes:
    dump = json.dumps
    return b"".join([dump(properties).encode("ascii") + b"\n" for properties in dicts])


def _struct(model: type[Any], *, cognee: bool) -> type[msgspec.Struct]:
    """Compile a model. Cognee writes empty containers, so there they have no default."""
    fields: list[Any] = []
    for name, field in model.model_fields.items():
        declared = _field_type(name, field, cognee=cognee)
        if field.default_factory is not None and not cognee:
            empty: Any = list if _bare(field.annotation)[0] in _LISTS else dict
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
        gc=False,  # records hold no cycles; tracking them would cost a third of decoding
    )


def _field_type(name: str, field: FieldInfo, *, cognee: bool) -> Any:
    if name == "scope":
        return dict[Literal[SCOPE_KEYS], str]  # type: ignore[valid-type]
    if name == "turns":
        return list[_struct(Turn, cognee=cognee)]  # type: ignore[misc]
    bare, optional = _bare(field.annotation)
    if bare is datetime:
        bare = Annotated[datetime, msgspec.Meta(tz=True)]
    elif _not_empty(field):
        bare = Annotated[str, msgspec.Meta(min_length=1)]
    return bare | None if optional else bare


def _not_empty(field: FieldInfo) -> bool:
    return any(getattr(rule, "min_length", None) for rule in field.metadata)


def _quick_type(field: FieldInfo) -> Any:
    """Return the exact type that makes a value right at one look; lists need a longer one."""
    bare, _ = _bare(field.annotation)
    return {dict[str, Any]: dict}.get(bare, bare)


def _time_fields(model: type[Any]) -> list[str]:
    return [n for n, f in model.model_fields.items() if _bare(f.annotation)[0] is datetime]


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


def _bare(annotation: Any) -> tuple[Any, bool]:
    """Return an annotation without Annotated and without None, and whether None was in it."""
    if get_origin(annotation) is Annotated:
        return _bare(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        inner = [part for part in get_args(annotation) if part is not type(None)]
        return _bare(inner[0])[0], len(inner) < len(get_args(annotation))
    return annotation, False


def line_type(kind: str) -> Any:
    """Return the class of a kind's hot-path records, to make many of them quickly.

    Its instances have the attributes of the kind's model and are not checked when made: times
    must be in UTC, values of the declared types. ``kind`` and ``external_system`` must be given.
    """
    return _layout(kind).struct


def line_struct(kind: str, properties: dict[str, Any], fixed: dict[str, Any]) -> Any | None:
    """Return a hot-path record of a kind, or None if the fields do not make one.

    ``properties`` are fields whose values may be of any type, as in a graph that people
    changed: one of the wrong type moves to the kind's free-form field. ``fixed`` are fields
    that the caller made; none of them is an empty text.
    """
    layout = _layout(kind)
    shape = (*properties, *map(type, properties.values()))
    careful = layout.sound_shapes.get(shape)
    if careful is None:
        careful = layout.learn(properties, shape)
    if careful is not None:
        for name in careful:
            if not _is_sound(properties[name]):
                break
        else:
            return layout.struct(kind=kind, **fixed, **properties)
    return _exact_struct(kind, fixed | properties)


def _is_sound(value: datetime | float | str) -> bool:
    """Tell whether a time is UTC, a number finite, a text not empty: types do not say."""
    if isinstance(value, str):
        return value != ""
    return math.isfinite(value) if isinstance(value, float) else value.tzinfo is UTC


def _exact_struct(kind: str, fields: dict[str, Any]) -> Any | None:
    model = MODEL_OF_KIND[kind]
    free = "attributes" if kind == "entity" else "metadata"
    kept = fields | {"kind": kind}
    moved = dict(kept.get(free, ()))
    for name in fields.keys() & model.model_fields.keys() - {free}:
        if not _fits(model.model_fields[name], fields[name]):
            moved.setdefault(name, to_json(kept.pop(name)))
    if moved:
        kept[free] = moved
    try:
        return model.model_validate(kept)
    except ValidationError:
        return None


def _fits(field: FieldInfo, value: Any) -> bool:
    bare, _ = _bare(field.annotation)
    if bare is datetime:
        return value is None or (isinstance(value, datetime) and value.tzinfo is UTC)
    if bare is float:
        return value is None or (type(value) in (int, float) and math.isfinite(value))
    if bare is int:
        return value is None or type(value) is int
    if bare is str:
        return value is None or type(value) is str
    if bare == list[str]:
        return isinstance(value, list) and all(type(item) is str for item in value)
    return True
