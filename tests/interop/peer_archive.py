"""Knows how a real cognee reads an archive; imports cognee, so it runs beside it only.

Must never repair or filter: what cognee's own reader gives is what is reported.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from cognee.modules.migration.archive import unpack_archive
from cognee.modules.migration.cogx import read_archive, read_manifest


def read(archive: Path, records: Path | None) -> dict[str, Any]:
    """Unpack and read an archive; write every record to ``records`` as a JSON line."""
    with tempfile.TemporaryDirectory() as folder:
        with archive.open("rb") as packed:
            root = unpack_archive(packed, folder)
        manifest = read_manifest(root)
        values = [_value(record) for record in read_archive(root)]
    if records is not None:
        write_lines(records, values)
    return {
        "source_system": manifest.source_system if manifest else None,
        "manifest": manifest.model_dump(mode="json") if manifest else None,
        "counts": dict(sorted(Counter(value["kind"] for value in values).items())),
        "keys_sha256": _keys_digest(values),
    }


def write_lines(target: Path, values: list[Any]) -> None:
    """Write values as JSON lines; ASCII only, so that no line can break inside a string."""
    with target.open("w", encoding="ascii", newline="\n") as lines:
        for value in values:
            lines.write(json.dumps(value, default=str) + "\n")


def _keys_digest(values: list[dict[str, Any]]) -> str:
    """Digest the sorted (kind, external_id) pairs: equal for archives of the same records."""
    keys = sorted((value["kind"], _external_id(value)) for value in values)
    return hashlib.sha256(json.dumps(keys).encode("ascii")).hexdigest()


def _value(record: Any) -> dict[str, Any]:
    """Dump a record; raw properties came from JSON and stay, for pydantic would null a NaN."""
    if record.kind == "raw_node":
        return {"kind": "raw_node", "properties": record.properties}
    value: dict[str, Any] = record.model_dump(mode="json")
    return value


def _external_id(value: dict[str, Any]) -> str:
    """Return a record's id; a raw node has no envelope and keeps it among its properties."""
    if value["kind"] == "raw_node":
        return str(value["properties"].get("id"))
    return str(value["external_id"])
