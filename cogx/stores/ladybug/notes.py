"""Knows the ``_cogx`` cell of a row: what no column holds, and when a column overrules it.

A cell is null, or a JSON object with ``rest`` (the row's rest, as it was) and ``properties``
(each a value in the inline tags of typed JSON). A note counts only while its column still
shows what the writer put there: once a person changed the column, the column is the truth.
"""

from __future__ import annotations

from typing import Any

import msgspec

from cogx.codec import canonical
from cogx.codec.canonical import NotJson
from cogx.codec.typed import from_json, to_json
from cogx.errors import StoreRefused
from cogx.stores.ladybug.kinds import Kind, shown


def write_note(
    row_id: str, rest: dict[str, Any] | None, properties: dict[str, Any] | None
) -> str | None:
    """Return the cell for a row, None if its columns say everything.

    Raises:
        StoreRefused: a value that no JSON can say, such as half a surrogate pair.
    """
    if rest is None and not properties:
        return None
    note: dict[str, Any] = {}
    try:
        if rest is not None:
            note["rest"] = rest
        if properties:
            note["properties"] = {name: to_json(value) for name, value in properties.items()}
        return canonical.encode(note).decode()
    except (NotJson, TypeError) as error:
        raise StoreRefused(
            f"{row_id!r:.80}: a value cannot be stored ({error}). Change or drop that property."
        ) from error


def read_note(
    row_id: str, cell: str, properties: dict[str, Any], kinds: dict[str, Kind]
) -> dict[str, Any] | None:
    """Merge a cell into ``properties`` and return the row's rest.

    Args:
        properties: what the columns hold, by property; changed in place.
        kinds: the kind of each property that has a column.

    Raises:
        StoreRefused: the cell is not what cogx writes.
    """
    try:
        note = msgspec.json.decode(cell)
        rest, noted = note.get("rest"), note.get("properties") or {}
        for name, tagged in noted.items():
            exact = from_json(tagged)
            kind = kinds.get(name)
            expected = None if kind is None else shown(kind, exact)
            found = properties.get(name)
            if found == expected and type(found) is type(expected):
                properties[name] = exact
    except (ValueError, AttributeError, TypeError) as error:
        raise StoreRefused(
            f"{row_id!r:.80}: its _cogx cell is not what cogx writes. "
            "Restore it, or set it to null to drop what it holds."
        ) from error
    if rest is not None and not isinstance(rest, dict):
        raise StoreRefused(f"{row_id!r:.80}: the rest in its _cogx cell is not an object.")
    return rest
