"""Knows how nodes and edges become lines of COPY and come back as rows; asks no database.

``properties`` is an object with typed values tagged inline. ``_cogx`` is null, or an object with
``rest`` (the row's rest, as it was) and ``negative_zeros`` (paths from properties or rest on).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from cogx.codec.typed import TAG, from_json, to_json
from cogx.errors import StoreRefused
from cogx.ports import Edge, Node
from cogx.stores.postgresql.exact_json import (
    FIRST_LONG_FLOAT,
    Path,
    jsonb_text,
    negative_zeros,
    plain_text,
    put_negative_zero,
)
from cogx.stores.postgresql.names import read_name, write_name

_PLAIN: Final = frozenset({str, int, bool, type(None)})
_TAG_TEXT: Final = f'"{TAG}"'
_NULL: Final = rb"\N"
_COPY_SPECIAL: Final = re.compile(rb"[\\\n\r\t]")
_COPY_ESCAPES: Final = {b"\\": rb"\\", b"\n": rb"\n", b"\r": rb"\r", b"\t": rb"\t"}
_LONGEST_NAME_BYTES: Final = 2600
"""An entry of an index may have 2,704 bytes."""
_SURELY_SHORT: Final = _LONGEST_NAME_BYTES // 4
_SPECIAL: Final = re.compile("[\x00\x01\\\\\n\r]")
_ITEM_ESCAPES: Final = str.maketrans({"\\": r"\\", '"': r"\""})
_read_object: Final = msgspec.json.Decoder(dict[str, Any]).decode


class _Cell(msgspec.Struct, forbid_unknown_fields=True):
    rest: dict[str, Any] | None = None
    negative_zeros: list[Path] = []


_read_cell: Final = msgspec.json.Decoder(_Cell).decode


def node_line(node: Node) -> bytes:
    """Return the line of a node for COPY, in the order of NODE_COLUMNS.

    Raises:
        StoreRefused: a value that cannot be kept, such as half a surrogate pair.
    """
    try:
        properties, cell = _objects(node.properties, node.rest)
        labels = _array(node.labels) if node.labels else b"{}"
        return b"\t".join((_names(node.id, node.type), labels, properties, cell))
    except (ValueError, TypeError) as error:
        raise _unfit(node.id, error) from error


def edge_line(edge: Edge) -> bytes:
    """Return the line of an edge, in the order of EDGE_COLUMNS; raises as node_line."""
    try:
        properties, cell = _objects(edge.properties, edge.rest)
        names = _names(edge.id, edge.source, edge.target, edge.predicate)
        return b"\t".join((names, properties, cell))
    except (ValueError, TypeError) as error:
        raise _unfit(edge.id, error) from error


def node_of_row(row: Sequence[Any], added: Sequence[str]) -> Node:
    """Return the node of a row: NODE_COLUMNS, then the columns that somebody added.

    Raises:
        StoreRefused: a cell is not what cogx writes.
    """
    node_id, node_type, labels, text, cell = row[:5]
    try:
        properties, rest = _read_objects(text, cell)
        further = tuple(map(_label, labels)) if labels else ()
        node = Node(read_name(node_id), read_name(node_type), properties, rest, further)
    except (ValueError, TypeError) as error:
        raise _unreadable("node", node_id, error) from error
    if added:
        _add(properties, added, row[5:])
    return node


def edge_of_row(row: Sequence[Any], added: Sequence[str]) -> Edge:
    """Return the edge of a row: EDGE_COLUMNS, then added columns; raises as node_of_row."""
    edge_id, source, target, predicate, text, cell = row[:6]
    try:
        properties, rest = _read_objects(text, cell)
        ends = read_name(source), read_name(target)
        edge = Edge(read_name(edge_id), *ends, read_name(predicate), properties, rest)
    except (ValueError, TypeError) as error:
        raise _unreadable("edge", edge_id, error) from error
    if added:
        _add(properties, added, row[6:])
    return edge


def names_of(ids: Sequence[str]) -> list[str]:
    """Return ids as their column holds them, to look them up.

    Raises:
        StoreRefused: one is no text that could be there.
    """
    names = [write_name(row_id) for row_id in ids]
    try:
        "".join(names).encode()
    except UnicodeEncodeError as error:
        raise StoreRefused(f"An id is no Unicode text ({error}). Mend it.") from error
    return names


def _unfit(row_id: str, error: Exception) -> StoreRefused:
    """Return the error for a row that cannot be kept."""
    return StoreRefused(f"{row_id!r:.80}: a value cannot be stored ({error}). Change or drop it.")


def _objects(properties: dict[str, Any], rest: dict[str, Any] | None) -> tuple[bytes, bytes]:
    """Return the two cells of a row that hold JSON."""
    plain = True
    for value in properties.values():
        kind = type(value)
        if kind not in _PLAIN and not (kind is float and 0.0 < abs(value) < FIRST_LONG_FLOAT):
            properties = {name: to_json(value) for name, value in properties.items()}
            plain = False
            break
    text, doubtful = jsonb_text(properties, plain_numbers=plain)
    text = _escaped(text)
    if rest is None and not doubtful:
        return text, _NULL
    cell: dict[str, Any] = {} if rest is None else {"rest": rest}
    told, rest_doubtful = jsonb_text(cell)
    if doubtful or rest_doubtful:
        zeros = [*negative_zeros(properties, ["properties"]), *negative_zeros(rest, ["rest"])]
        if zeros:
            told, _ = jsonb_text(cell | {"negative_zeros": zeros})
        elif rest is None:
            return text, _NULL
    return text, _escaped(told)


def _read_objects(text: str, cell: str | None) -> tuple[dict[str, Any], dict[str, Any] | None]:
    properties, rest = _read_object(plain_text(text)), None
    if cell is not None:
        read = _read_cell(plain_text(cell))
        rest = read.rest
        for path in read.negative_zeros:
            put_negative_zero({"properties": properties, "rest": rest}, path)
    if _TAG_TEXT in text:
        properties = {name: from_json(value) for name, value in properties.items()}
    return properties, rest


def _label(label: Any) -> str:
    if type(label) is not str:
        raise TypeError(f"a label is text, not {label!r:.40}")
    return read_name(label)


def _names(*names: str) -> bytes:
    """Return the first cells of a line, quickly if none of them needs a closer look."""
    joined = "\t".join(names)
    special = _SPECIAL.search(joined) is not None or joined.count("\t") >= len(names)
    if special or len(joined) > _SURELY_SHORT:
        return b"\t".join(map(_name, names))
    return joined.encode()


def _name(name: str) -> bytes:
    text = write_name(name).encode()
    if len(text) > _LONGEST_NAME_BYTES:
        raise ValueError(
            f"an id, type or predicate has at most {_LONGEST_NAME_BYTES:,} bytes, which is what "
            "PostgreSQL's indexes take"
        )
    return _COPY_SPECIAL.sub(_escape_for_copy, text)


def _escape_for_copy(match: re.Match[bytes]) -> bytes:
    return _COPY_ESCAPES[match[0]]


def _array(items: Sequence[str]) -> bytes:
    quoted = ",".join(f'"{write_name(item).translate(_ITEM_ESCAPES)}"' for item in items)
    return _COPY_SPECIAL.sub(_escape_for_copy, f"{{{quoted}}}".encode())


def _escaped(text: bytes) -> bytes:
    # Control characters are escaped in JSON already.
    return text.replace(b"\\", rb"\\") if b"\\" in text else text


def _add(properties: dict[str, Any], names: Sequence[str], values: Sequence[Any]) -> None:
    for name, value in zip(names, values, strict=True):
        if value is not None:
            properties.setdefault(name, value)


def _unreadable(what: str, row_id: Any, error: Exception) -> StoreRefused:
    return StoreRefused(
        f"The {what} {row_id!r:.80} has a cell that cogx cannot read ({error}). properties must "
        "be a JSON object, labels a list of text, _cogx null or as cogx wrote it. Mend it, or "
        "delete the row."
    )
