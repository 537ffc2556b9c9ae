"""Knows how several entity records become one that says what all of them say.

Must never decide which records belong together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from cogx.codec import canonical
from cogx.codec.from_values import line_struct
from cogx.codec.lines import decode_block
from cogx.codec.strict import read_line
from cogx.limits import Limits

Conflict = Callable[[str], None]
"""Called with the name of a field or property of which the later value gave way."""

_SIMPLE = ("external_system", "entity_type")
_UNITED = ("attributes", "metadata", "scope")


def merged(entities: Sequence[Any], identity: str, conflict: Conflict) -> Any:
    """Return the one entity of several; a single one only gets the id.

    The first name stays and the others become aliases; the first type and system stay;
    descriptions are joined by newlines unless the joined one holds them already; attributes,
    metadata, scope and unknown fields are united; the earliest creation and the latest change
    stay. Free-form values may be shared with the entities given.
    """
    first = entities[0]
    if len(entities) == 1:
        first.external_id = identity
        return first
    fixed: dict[str, Any] = {"external_id": identity}
    for name in _SIMPLE:
        fixed[name] = _first(name, entities, conflict)
    for name in _UNITED:
        fixed[name] = _united(f"{name}.", [getattr(one, name) for one in entities], conflict)
    fields: dict[str, Any] = {
        "name": first.name,
        "description": _joined(entities),
        "aliases": _aliases(entities),
        "created_at": _extreme(min, (one.created_at for one in entities)),
        "updated_at": _extreme(max, (one.updated_at for one in entities)),
    }
    fields = {name: value for name, value in fields.items() if value is not None}
    unknown = _united("", [one.model_extra or {} for one in entities], conflict)
    made = line_struct("entity", unknown | fields, fixed)
    assert made is not None, "fields of entities make an entity"
    return made


def decoded(kind: str, line: bytes) -> Any:
    """Return the hot-path record of a canonical line without LF, typed values tagged inline."""
    block = decode_block(kind, line + b"\n")
    if block is not None:
        return block[0][0]
    read = read_line(
        kind, line, lambda *_: None, typed=True, lenient=frozenset(), limits=Limits.none()
    )
    assert read is not None, "a canonical line reads back"
    return read.record


def _first(name: str, entities: Sequence[Any], conflict: Conflict) -> Any:
    kept: Any = None
    for entity in entities:
        value = getattr(entity, name)
        if kept is None or kept == "":
            kept = value if value is not None else kept
        elif value and value != kept:
            conflict(name)
    return kept


def _united(prefix: str, parts: Sequence[Mapping[str, Any]], conflict: Conflict) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part in parts:
        for key, value in part.items():
            if key not in found:
                found[key] = value
            elif canonical.encode(found[key]) != canonical.encode(value):
                conflict(f"{prefix}{key}")
    return found


def _joined(entities: Sequence[Any]) -> str | None:
    joined: str | None = None
    for entity in entities:
        text = entity.description
        if not joined:
            joined = text if text is not None else joined
        elif text and text not in joined:
            joined = f"{joined}\n{text}"
    return joined


def _aliases(entities: Sequence[Any]) -> list[str]:
    """Return the first one's aliases as they are, then every other name and alias once."""
    aliases = list(entities[0].aliases)
    known = {entities[0].name, *aliases}
    for entity in entities[1:]:
        for name in (entity.name, *entity.aliases):
            if name not in known:
                known.add(name)
                aliases.append(name)
    return aliases


def _extreme(
    choose: Callable[[Iterator[datetime]], datetime], moments: Iterator[datetime | None]
) -> datetime | None:
    known = [moment for moment in moments if moment is not None]
    return choose(iter(known)) if known else None
