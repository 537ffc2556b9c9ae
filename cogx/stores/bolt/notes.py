"""Knows the ``_cogx`` text of a row: what no property holds, and when a property overrules it.

It is absent, or a JSON object with ``rest`` (the row's rest, as it was), ``properties`` (each a
value in the inline tags of typed JSON), ``shown`` (names of those that a property shows as text:
whole numbers beyond 64 bit, decimals, UUIDs) and ``labels``. A note counts only while the row
shows what cogx wrote beside it: that text, or nothing. Once a person set the property, or took
away what it showed, that is the truth.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from cogx.codec.canonical import NotJson, encode
from cogx.codec.typed import from_json, to_json
from cogx.errors import StoreRefused
from cogx.stores.bolt.dialect import Dialect
from cogx.stores.bolt.values import UNFIT, shown, to_bolt

STUB_NOTE: Final = '{"rest":{"stub":true}}'
"""The note of a node that only holds the place of one that is elsewhere."""
_SAME: Final = frozenset({str, bool, float})
_read_object: Final = msgspec.json.Decoder(dict[str, Any]).decode


class Labels(msgspec.Struct, omit_defaults=True):
    """A node's type and further labels in their order, and those of them that are labels."""

    type: str
    more: list[str]
    real: list[str]


def write_row(
    row_id: str,
    properties: dict[str, Any],
    rest: dict[str, Any] | None,
    dialect: Dialect,
    labels: Labels | None = None,
) -> dict[str, Any]:
    """Return what the server shall hold for a row, its note included.

    Raises:
        StoreRefused: a value that no JSON can say, such as half a surrogate pair.
    """
    row: dict[str, Any] = {"id": row_id}
    noted: dict[str, Any] = {}
    texts: list[str] = []
    for name, value in properties.items():
        if name == "id" or not dialect.allows(name):
            noted[name] = value
            continue
        held = value if type(value) in _SAME else to_bolt(value, dialect.unfit_kinds)
        if held is UNFIT:
            noted[name] = value
            held = shown(value)
            if held is None:
                continue
            texts.append(name)
        row[name] = held
    if rest is not None or noted or labels is not None:
        row["_cogx"] = _note(row_id, rest, noted, texts, labels)
    return row


def read_row(
    row_id: str, held: dict[str, Any], note_text: Any
) -> tuple[dict[str, Any] | None, Labels | None]:
    """Merge a note into the properties that were read; return the row's rest and its labels.

    Args:
        held: the properties, without what is reserved; changed in place.

    Raises:
        StoreRefused: the note is not what cogx writes.
    """
    if note_text is None:
        return None, None
    try:
        note = _read_object(note_text)
        texts = note.get("shown", ())
        for name, tagged in note.get("properties", {}).items():
            exact = from_json(tagged)
            if held.get(name) == (shown(exact) if name in texts else None):
                held[name] = exact
        rest, labels = note.get("rest"), note.get("labels")
        if rest is not None and not isinstance(rest, dict):
            raise TypeError("rest must be an object")
        return rest, None if labels is None else msgspec.convert(labels, Labels)
    except (ValueError, TypeError, AttributeError) as error:
        raise StoreRefused(
            f"{row_id!r:.80}: its _cogx is not what cogx writes ({error}). "
            "Restore it, or remove it to drop what it holds."
        ) from error


def _note(
    row_id: str,
    rest: dict[str, Any] | None,
    noted: dict[str, Any],
    texts: list[str],
    labels: Labels | None,
) -> str:
    note: dict[str, Any] = {}
    try:
        if rest is not None:
            note["rest"] = rest
        if noted:
            note["properties"] = {name: to_json(value) for name, value in noted.items()}
        if texts:
            note["shown"] = texts
        if labels is not None:
            note["labels"] = msgspec.to_builtins(labels)
        return encode(note).decode()
    except (NotJson, TypeError) as error:
        raise StoreRefused(
            f"{row_id!r:.80}: a value cannot be stored ({error}). Change or drop that property."
        ) from error
