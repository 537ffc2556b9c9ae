"""Knows what GraphML shows of attributes, and how they are read back exactly; no file.

XML cannot hold most control characters, and a parser gives carriage returns back as line
feeds; networkx cannot read attributes that are named like its parameters.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final

from cogx.codec.canonical import NotJson, encode
from cogx.codec.typed import DECLARABLE, TAG, UnreadableValue, from_json, read_tagged, to_json
from cogx.errors import StoreRefused

_UNFIT: Final = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_UNFIT_NAME: Final = re.compile("[^\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAMES_OF_NETWORKX: Final = frozenset({"self", "node_for_adding", "_cogx"})
_LONG: Final = 1 << 63
_JSON: Final = "json"
Shown = str | int | float | bool


def is_fit_name(text: str) -> bool:
    """Tell whether a text may stand in an XML attribute and comes back the same."""
    return _UNFIT_NAME.search(text) is None


def json_text(value: Any) -> str:
    """Return JSON in ASCII, which XML can hold whatever it says; NotJson if there is none."""
    encode(value)
    return json.dumps(value)


def shown_attributes(
    owner: str, attributes: dict[str, Any], note: dict[str, Any]
) -> dict[str, Shown]:
    """Return attributes as GraphML can hold them.

    Args:
        owner: the id, for messages.
        attributes: those of networkx; ``_cogx`` is an object with ``rest`` and ``properties``.
        note: what else ``_cogx`` is to say.

    Raises:
        StoreRefused: a value that no JSON can say, such as half a surrogate pair.
    """
    ours = attributes.get("_cogx") or {}
    hidden = dict(ours.get("properties") or {})
    shown: dict[str, Shown] = {}
    types: dict[str, str] = {}
    try:
        for name, value in attributes.items():
            if name == "_cogx":
                continue
            if name in _NAMES_OF_NETWORKX or not is_fit_name(name):
                hidden[name] = value
                continue
            shown[name], tag = _shown(value)
            if tag is not None:
                types[name] = tag
        properties = {name: to_json(value) for name, value in hidden.items()}
        parts = {"properties": properties, "types": types}
        cell = note | {name: part for name, part in parts.items() if part}
        if "rest" in ours:
            cell["rest"] = ours["rest"]
        if cell:
            shown["_cogx"] = json_text(cell)
    except (NotJson, TypeError) as error:
        raise StoreRefused(
            f"{owner!r:.80}: a value cannot be stored ({error}). Change or drop that property."
        ) from error
    return shown


def exact_attributes(attributes: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return (attributes as networkx has them, what else ``_cogx`` says).

    Raises:
        ValueError, TypeError, AttributeError: ``_cogx`` is not what cogx writes.
    """
    note = json.loads(attributes.get("_cogx", "{}"))
    types = note.pop("types", {})
    exact = {
        name: _exact(value, types.get(name))
        for name, value in attributes.items()
        if name != "_cogx"
    }
    ours = {name: note.pop(name) for name in ("rest", "properties") if name in note}
    if "properties" in ours:
        ours["properties"] = {name: from_json(v) for name, v in ours["properties"].items()}
    if "id" in note:
        ours["id"] = note["id"]
    if ours:
        exact["_cogx"] = ours
    return exact, note


def _shown(value: Any) -> tuple[Shown, str | None]:
    """Return what GraphML shows of a value, and the type to read it back by if not its own."""
    kind = type(value)
    if kind is bool or (kind is int and -_LONG <= value < _LONG):
        return value, None
    if kind is float and math.isfinite(value):
        return value, None
    if kind is str and _UNFIT.search(value) is None:
        return value, None
    tagged = to_json(value)
    # An object may have that key too, with anything under it.
    if not isinstance(value, dict) and type(tagged) is dict and tagged[TAG] in DECLARABLE:
        return str(tagged["value"]), str(tagged[TAG])
    return json_text(tagged), _JSON


def _exact(value: Any, tag: str | None) -> Any:
    """Return the value that is shown; what a person made of it where its type no longer fits."""
    if tag is None or type(value) is not str:
        return value
    try:
        return from_json(json.loads(value)) if tag == _JSON else read_tagged(tag, value)
    except (UnreadableValue, ValueError, RecursionError):
        return value
