"""Knows how cognee lists the documents of a dataset and what each becomes; reads their files.

A row of ``data`` names two files: the text that cognee makes memory of, and the original it was
taken from. They hold the same unless a loader made the text (of a PDF; of another line end). The
text becomes the document; the bytes of another original stay where they are, as the header says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from cogx.codec.typed import to_json
from cogx.errors import StoreUnavailable
from cogx.ports import Node
from cogx.stores.cognee.location import document_file, location_name
from cogx.stores.cognee.pieces import Plan, plan_of
from cogx.stores.cognee.relational import Relational, Row
from cogx.stores.cognee.values import read_instant, read_json

_JSON_COLUMNS: Final = ("external_metadata", "system_metadata", "node_set")
_TOLD_ELSEWHERE: Final = frozenset(
    {"id", "name", "mime_type", "created_at", "updated_at", "owner_id", "tenant_id", "dataset_id"}
    | {"raw_data_location", "original_data_location", "pipeline_status", *_JSON_COLUMNS}
)
"""Columns that are fields of the record, or mean something in this one installation only."""


@dataclass(slots=True)
class Tally:
    """What a look at all documents showed."""

    records: int = 0
    missing: int = 0
    originals: int = 0

    def notes(self) -> Iterator[str]:
        """Yield what a person should know, one sentence each."""
        if self.missing:
            yield (
                f"{self.missing} document(s) have no text here: their files were not found. "
                "If the files were moved, name cognee's DATA_ROOT_DIRECTORY with data=DIR."
            )
        if self.originals:
            yield (
                f"{self.originals} document(s) are carried as the text that cognee made of them; "
                "the bytes of their originals (PDF, other line ends) are not."
            )


class Documents:
    """The documents of one dataset."""

    def __init__(self, relational: Relational, dataset: str, data: str | Path | None) -> None:
        self._relational = relational
        self._dataset = UUID(dataset).hex
        self._data = data

    def tally(self) -> Tally:
        """Count. Cost: reads every file once, line by line."""
        tally = Tally()
        for row in self._rows():
            path = document_file(row.get("raw_data_location"), self._data)
            tally.missing += path is None
            tally.originals += _has_original(row)
            tally.records += len(_plan(path, row).ranges) if path else 1
        return tally

    def ids(self) -> Iterator[str]:
        """Yield the id of each document, in order."""
        for row in self._rows():
            yield str(UUID(str(row["id"])))

    def iter_nodes(self) -> Iterator[Node]:
        """Yield a node for each document, or for each part of a long one, by id.

        Raises:
            StoreUnavailable: cognee wrote meanwhile.
        """
        for row in self._rows():
            identity = str(UUID(str(row["id"])))
            path = document_file(row.get("raw_data_location"), self._data)
            if path is None:
                yield missing_file(identity, row)
                continue
            yield from nodes_of_file(identity, _plan(path, row), row)
        self._relational.check_unchanged()

    def _rows(self) -> Iterator[Row]:
        where = "WHERE dataset_id = ? ORDER BY id"
        return self._relational.rows("data", where, self._dataset)


def _plan(path: Path, row: Row) -> Plan:
    try:
        return plan_of(path, row.get("mime_type"))
    except OSError as error:
        raise StoreUnavailable(
            f"The file of document {row.get('name')!r} cannot be read: {path} ({error.strerror})."
        ) from error


def with_documents(nodes: Iterable[Node], documents: Iterator[Node]) -> Iterator[Node]:
    """Yield nodes and documents by id; where both have one, the node stands for the document too.

    Args:
        nodes, documents: each of them ordered by id.
    """
    document = next(documents, None)
    for node in nodes:
        while document is not None and document.id < node.id:
            yield document
            document = next(documents, None)
        if document is not None and document.id == node.id:
            _attach(node, document)
            document = next(documents, None)
        yield node
    if document is not None:
        yield document
    yield from documents


def _attach(node: Node, document: Node) -> None:
    """Let a node stand for the document with its id too, as :mod:`cogx.graph.mapping` reads it."""
    kept = {name: to_json(value) for name, value in document.properties.items()}
    also = {"properties": kept, "rest": document.rest}
    node.rest = (node.rest or {}) | {"also": [also]}


def missing_file(identity: str, row: Row) -> Node:
    """Return the node of a document whose file is not to be had: what else is known of it."""
    return _node(identity, "", row, _metadata(row) | {"content_missing": True})


def nodes_of_file(identity: str, plan: Plan, row: Row) -> Iterator[Node]:
    """Yield the node of a file; a long one's later parts point to the first.

    Args:
        row: what cognee says of it, named as the columns of its table ``data``.
    """
    count = len(plan.ranges)
    encoding = {} if plan.is_text else {"encoding": "base64"}
    for number in range(1, count + 1):
        metadata = (_metadata(row) if number == 1 else {"part_of": identity}) | encoding
        if count > 1:
            metadata |= {"part": number, "parts": count}
        own = identity if number == 1 else f"{identity}#{number:05}"
        yield _node(own, plan.content(number - 1), row, metadata)


def _node(identity: str, content: str, row: Row, metadata: dict[str, Any]) -> Node:
    properties: dict[str, Any] = {"content": content}
    for name, value in (("title", row.get("name")), ("mime_type", row.get("mime_type"))):
        if isinstance(value, str):
            properties[name] = value
    for name in ("created_at", "updated_at"):
        moment, _ = read_instant(row.get(name))
        if moment is not None:
            properties[name] = moment
    return Node(identity, "Document", properties, {"kind": "document", "metadata": metadata})


def _metadata(row: Row) -> dict[str, Any]:
    """Return what else cognee knows of a document: no nulls, no path of this machine."""
    metadata = {
        name: value
        for name, value in row.items()
        if name not in _TOLD_ELSEWHERE and value is not None
    }
    for name in _JSON_COLUMNS:
        value, whole = read_json(row.get(name))
        if not whole:
            metadata[f"{name}_text"] = row[name]
        if name == "node_set":  # a JSON text within a JSON text
            value, _ = read_json(value)
        if name == "external_metadata":
            value = _without_path(value)
        if value not in (None, {}, []):
            metadata[name] = value
    original = row.get("original_data_location")
    if original:
        metadata["original_name"] = location_name(original)
    return metadata


def _without_path(external: Any) -> Any:
    """Keep of the file that cognee noted as the source its name only."""
    own = external.get("_cognee") if isinstance(external, dict) else None
    if not isinstance(own, dict):
        return external
    source = own.get("source_uri")
    if not isinstance(source, str) or not source.startswith("file:"):
        return external
    return external | {"_cognee": own | {"source_uri": location_name(source)}}


def _has_original(row: Row) -> bool:
    """Tell whether the text is not the very bytes that were given to cognee."""
    hashes = row.get("content_hash"), row.get("raw_content_hash")
    if all(hashes):
        return hashes[0] != hashes[1]
    original = row.get("original_data_location")
    return bool(original) and original != row.get("raw_data_location")
