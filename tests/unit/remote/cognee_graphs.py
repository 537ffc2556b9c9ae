"""What an import does on a cognee 1.6.5, as far as clients can see it: restated, not copied."""

from __future__ import annotations

import gzip
import json
import tarfile
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import IO, Any

CONTENT = ("document", "episode", "memory", "memory_block")
MEMBERS = (
    "documents.jsonl",
    "episodes.jsonl",
    "entities.jsonl",
    "facts.jsonl",
    "memories.jsonl",
    "memory_blocks.jsonl",
    "nodes.jsonl",
)
STAMP = "2026-11-21T00:35:53.151280"


class Refusal(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body
        self.headers = headers or {}


INVALID = Refusal(400, {"error": "Invalid COGX archive."})


@dataclass
class Dataset:
    id: str
    name: str
    nodes: dict[str, dict[str, Any]] = field(default_factory=dict)
    edges: dict[tuple[str, str, str], dict[str, Any]] = field(default_factory=dict)
    data: dict[str, dict[str, Any]] = field(default_factory=dict)

    def row(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "createdAt": STAMP,
            "updatedAt": None,
            "ownerId": "00000000-0000-4000-8000-000000000001",
        }

    def graph(self) -> dict[str, Any]:
        hidden = {"id", "type", "name", "created_at", "updated_at"}
        nodes = [
            {
                "id": node_id,
                "label": node.get("name") or f"{node.get('type')}_{node_id}",
                "type": node.get("type", "DataPoint"),
                "properties": {k: v for k, v in node.items() if k not in hidden and v is not None},
            }
            for node_id, node in self.nodes.items()
        ]
        edges = [{"source": s, "target": t, "label": p} for s, t, p in self.edges]
        return {"nodes": nodes, "edges": edges}


@dataclass
class Archive:
    manifest: dict[str, Any]
    records: list[dict[str, Any]]

    @property
    def counts(self) -> dict[str, int]:
        return dict(Counter(record["kind"] for record in self.records))

    def of(self, *kinds: str) -> Iterator[dict[str, Any]]:
        return (record for record in self.records if record["kind"] in kinds)


def read_archive(file: IO[bytes], *, most_member_bytes: int) -> Archive:
    """Read an upload, with the answers that a cognee gives to what it cannot read."""
    try:
        with tarfile.open(fileobj=file) as tar:
            members = {
                PurePosixPath(member.name).name: _member(tar, member, most_member_bytes)
                for member in tar
                if member.isfile()
            }
    except (EOFError, gzip.BadGzipFile) as error:
        broken = {"error": "An error occurred during COGX archive import."}
        raise Refusal(409, broken) from error
    except tarfile.TarError as error:
        raise INVALID from error
    if "manifest.json" not in members:
        raise INVALID
    try:
        manifest = json.loads(members["manifest.json"])
        if int(str(manifest.get("cogx_version", "0.1")).split(".")[0]) > 0:
            raise INVALID
        records = [record for name in MEMBERS for record in _records(name, members.get(name, b""))]
    except ValueError as error:
        raise INVALID from error
    return Archive(manifest, records)


def _member(tar: tarfile.TarFile, member: tarfile.TarInfo, most: int) -> bytes:
    if ".." in PurePosixPath(member.name).parts or member.size > most:
        raise INVALID
    file = tar.extractfile(member)
    assert file is not None
    return file.read()


def _records(name: str, data: bytes) -> Iterator[dict[str, Any]]:
    for line in data.split(b"\n"):
        if line.strip():
            record = json.loads(line)
            yield {"kind": "raw_node", **record} if name == "nodes.jsonl" else record


def store_content(archive: Archive, dataset: Dataset, others: list[Dataset]) -> int:
    """Store the content records; an id that another dataset has is refused."""
    for record in archive.of(*CONTENT):
        system = record.get("external_system", "unknown")
        data_id = str(uuid.uuid5(uuid.NAMESPACE_OID, f"cogx:{system}:{record['external_id']}"))
        if any(data_id in other.data for other in others):
            text = f"Data id {data_id} is not available in dataset {dataset.id} [IngestionError]"
            raise Refusal(415, {"detail": text})
        text = str(record.get("content", record.get("value", "")))
        dataset.data[data_id] = {"name": record.get("title") or data_id, "text": text}
    return sum(1 for _ in archive.of(*CONTENT))


@dataclass
class Written:
    nodes: int = 0
    edges: int = 0
    skipped: int = 0
    deduped: int = 0


def store_graph(archive: Archive, dataset: Dataset) -> Written:
    """Write the graph as a preserve import does; first of equal ids and edges wins."""
    written, at = Written(), {}
    nodes: dict[str, dict[str, Any]] = {}
    for record in archive.of("raw_node"):
        plain = {key: value for key, value in record.items() if key != "kind"}
        if not _is_uuid(plain.get("id")):
            raise INVALID
        at[plain["id"]] = plain["id"]
        nodes.setdefault(plain["id"], plain)
    same = archive.manifest.get("source_system") == "cognee"
    for record in archive.of("entity"):
        own = record["external_id"]
        node_id = own if same and _is_uuid(own) else _named("Entity", record["name"])
        at[own] = at[record["name"]] = node_id
        nodes[node_id] = {"id": node_id, "type": "Entity", "name": record["name"]}
        nodes[node_id]["description"] = record.get("description") or record["name"]
    new: dict[tuple[str, str, str], dict[str, Any]] = {}
    for record in archive.of("fact"):
        ends = [
            _end(record[ref], at, dataset, nodes.setdefault)
            for ref in ("subject_ref", "object_ref")
        ]
        if None in ends:
            written.skipped += 1
            continue
        key = (str(ends[0]), str(ends[1]), record["predicate"])
        written.deduped += key in new
        new.setdefault(key, {"edge_text": record.get("fact_text")})
    dataset.nodes |= nodes
    dataset.edges |= new
    written.nodes, written.edges = len(nodes), len(new)
    return written


def _end(ref: str, at: dict[str, str], dataset: Dataset, add: Callable[..., Any]) -> str | None:
    if ref in at or ref in dataset.nodes:
        return at.get(ref, ref)
    if _is_uuid(ref):
        return None
    node_id = _named("Entity", ref)
    add(node_id, {"id": node_id, "type": "Entity", "name": ref})
    at[ref] = node_id
    return node_id


def _named(kind: str, name: str) -> str:
    norm = name.lower().replace(" ", "_").replace("'", "")
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{kind}:{norm}"))


def _is_uuid(text: Any) -> bool:
    try:
        uuid.UUID(text)
    except (ValueError, AttributeError, TypeError):
        return False
    return True
