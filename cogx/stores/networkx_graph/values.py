"""Knows which values of networkx graphs COGX can carry, and the text of an id; no graph."""

from __future__ import annotations

import json
from numbers import Integral, Rational, Real
from typing import Any, Final

from cogx.codec.typed import TAG, to_json
from cogx.errors import StoreRefused

_PLAIN: Final = frozenset({str, int, bool, float, type(None)})


def value_of(owner: str, name: object, value: Any) -> Any:
    """Return a value that COGX can carry; numbers and text of numpy become Python's.

    Raises:
        StoreRefused: neither JSON nor one of the typed values, or a name that is not text.
    """
    if type(name) is not str:
        raise StoreRefused(
            f"{owner!r:.80}: the attribute name {name!r:.80} is not text. Rename it."
        )
    if type(value) in _PLAIN:
        return value
    if isinstance(value, str):
        return str.__str__(value)  # an enum's own text, not its name
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real) and not isinstance(value, Rational):
        return float(value)
    try:
        to_json(value)
    except TypeError as error:
        raise StoreRefused(
            f"{owner!r:.80}: its attribute {name!r:.80} cannot be carried ({error}). "
            "Change or drop it."
        ) from error
    return value


def plain(owner: str, name: str, value: Any) -> Any:
    """Return a value as JSON with typed values tagged inline; raises as value_of."""
    return to_json(value_of(owner, name, value))


def id_text(key: Any) -> str:
    """Return the text of a node's id: itself, the text of a UUID or a date, else its JSON.

    Raises:
        StoreRefused: there is none, as for a set or an object.
    """
    if type(key) is str:
        return key
    try:
        tagged = to_json(value_of("nodes", "id", key))
    except StoreRefused as error:
        raise StoreRefused(
            f"The node {key!r:.80} has no text that could be its id. "
            "Give it another one (networkx.relabel_nodes)."
        ) from error
    if isinstance(tagged, dict) and TAG in tagged:
        return str(tagged["value"])
    return json.dumps(tagged, ensure_ascii=False, sort_keys=True)
