"""Knows how derived records are kept as lines of JSON and come back; never who made them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from cogx.codec.canonical import encode
from cogx.codec.lines import decode_block, plain_fields
from cogx.codec.typed import to_json
from cogx.format.records import MODEL_OF_KIND


def fields_of(record: Any) -> dict[str, Any]:
    """Return a record's fields as plain JSON, typed values tagged; the record stays as it is."""
    if isinstance(record, Struct):
        fields: dict[str, Any] = msgspec.json.decode(encode(record))
        return fields
    fields = plain_fields(record)
    for name in ("attributes", "metadata"):
        if name in fields:
            fields[name] = {key: to_json(value) for key, value in fields[name].items()}
    plain: dict[str, Any] = msgspec.json.decode(encode(fields))
    return plain


def records_of_lines(kind: str, lines: Sequence[bytes]) -> list[Any]:
    """Return the records of canonical lines of one kind."""
    decoded = decode_block(kind, b"".join(line + b"\n" for line in lines))
    if decoded is not None:
        return decoded[0]
    # A field that COGX does not define: only models have room for it.
    return [MODEL_OF_KIND[kind].model_validate_json(line) for line in lines]
