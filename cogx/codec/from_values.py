"""Knows how a hot-path record is made from loose values, as a graph store gives them.

In a graph that people changed, or that cogx did not write, anything may stand under any name.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from cogx.codec.layouts import bare_type, canonical_layout
from cogx.codec.typed import to_json
from cogx.format.records import MODEL_OF_KIND


def line_type(kind: str) -> Any:
    """Return the class of a kind's hot-path records, to make many of them quickly.

    Its instances have the attributes of the kind's model and are not checked when made: times
    must be in UTC, values of the declared types. ``kind`` and ``external_system`` must be given.
    """
    return canonical_layout(kind).struct


def line_struct(kind: str, properties: dict[str, Any], fixed: dict[str, Any]) -> Any | None:
    """Return a hot-path record of a kind, or None if the fields do not make one.

    ``properties`` are fields whose values may be of any type, as in a graph that people
    changed: one of the wrong type moves to the kind's free-form field. ``fixed`` are fields
    that the caller made; none of them is an empty text.
    """
    layout = canonical_layout(kind)
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
    bare, _ = bare_type(field.annotation)
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
