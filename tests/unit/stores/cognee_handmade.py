"""A small cognee made by hand: its SQLite tables, a Ladybug file per dataset, its documents.

Only the columns that matter are there, as cognee 1.6.5 has them.
"""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

import ladybug

WRITTEN = datetime(2026, 11, 21, 3, 46, 8, 21823)
_TABLES = """
CREATE TABLE users (id CHAR(32), tenant_id CHAR(32), parent_user_id CHAR(32), email VARCHAR);
CREATE TABLE user_tenants (user_id CHAR(32), tenant_id CHAR(32));
CREATE TABLE user_roles (user_id CHAR(32), role_id CHAR(32));
CREATE TABLE permissions (id CHAR(32), name VARCHAR);
CREATE TABLE acls (principal_id CHAR(32), permission_id CHAR(32), dataset_id CHAR(32));
CREATE TABLE datasets (id CHAR(32), name TEXT, owner_id CHAR(32), tenant_id CHAR(32));
CREATE TABLE dataset_database (owner_id CHAR(32), dataset_id CHAR(32), graph_database_name VARCHAR,
  graph_database_provider VARCHAR, graph_database_url VARCHAR, cognee_version VARCHAR,
  migration_revision VARCHAR, vector_database_connection_info JSON);
CREATE TABLE global_database_version (id INTEGER, cognee_version VARCHAR,
  global_migration_revision VARCHAR);
CREATE TABLE data (id CHAR(32), label VARCHAR, name VARCHAR, mime_type VARCHAR,
  raw_data_location VARCHAR, original_data_location VARCHAR, owner_id CHAR(32),
  tenant_id CHAR(32), dataset_id CHAR(32), content_hash VARCHAR, raw_content_hash VARCHAR,
  external_metadata JSON, system_metadata JSON, node_set JSON, pipeline_status JSON,
  token_count INTEGER, created_at DATETIME, updated_at DATETIME);
"""
_SOURCES = ("source_ref_keys", "source_dataset_ids", "source_run_ids", "source_run_refs")


def uuid_of(name: str) -> str:
    """Return the id that stands for a name in these tests."""
    return str(uuid5(NAMESPACE_OID, name))


class Handmade:
    """One cognee below a directory; ``root`` is its system root."""

    def __init__(self, place: Path) -> None:
        self.root = place / "system"
        self.files = place / "data"
        (self.root / "databases").mkdir(parents=True)
        self.sqlite = self.root / "databases" / "cognee_db"
        with self.connect() as connection:
            connection.executescript(_TABLES)
        self.insert("permissions", id=uuid_of("read"), name="read")
        self.insert("permissions", id=uuid_of("write"), name="write")
        self.insert("global_database_version", id=1, cognee_version="1.6.5")
        self.user("default_user@example.com")

    def connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.sqlite)

    def insert(self, table: str, **values: Any) -> None:
        cells = [UUID(v).hex if k.endswith("id") and isinstance(v, str) else v
                 for k, v in values.items()]  # fmt: skip
        marks = ", ".join("?" * len(values))
        connection = self.connect()
        with connection:
            connection.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", cells)
        connection.close()

    def user(self, email: str, **more: Any) -> str:
        self.insert("users", id=uuid_of(email), email=email, **more)
        return uuid_of(email)

    def grant(self, principal: str, dataset: str, permission: str = "read") -> None:
        self.insert("acls", principal_id=principal, permission_id=uuid_of(permission),
                    dataset_id=dataset)  # fmt: skip

    def dataset(
        self, name: str, owner: str = "default_user@example.com", *, graph: bool = True, **row: Any
    ) -> str:
        """Make a dataset that its owner may read, with an empty graph of its own."""
        identity = uuid_of(f"{owner}:{name}")
        tenant = row.pop("tenant_id", None)
        self.insert("datasets", id=identity, name=name, owner_id=uuid_of(owner), tenant_id=tenant)
        self.grant(uuid_of(owner), identity)
        if graph:
            row = {
                "graph_database_name": f"{identity}.lbug",
                "graph_database_provider": "ladybug",
                "graph_database_url": "",
                "cognee_version": "1.6.5",
                "migration_revision": "rekey_fork_document_ids",
                "vector_database_connection_info": json.dumps(
                    {"embedding_model": "m/small", "embedding_dimensions": 64}
                ),
            } | row
            self.insert("dataset_database", owner_id=uuid_of(owner), dataset_id=identity, **row)
            self.graph_path(name, owner).parent.mkdir(exist_ok=True)
            make_graph(self.graph_path(name, owner))
        return identity

    def graph_path(self, name: str, owner: str = "default_user@example.com") -> Path:
        return self.root / "databases" / uuid_of(owner) / f"{uuid_of(f'{owner}:{name}')}.lbug"

    def document(self, dataset: str, name: str, content: bytes | None, **row: Any) -> str:
        """Add a row of ``data`` and, unless there is no content, its file."""
        identity: str = row.pop("id", uuid_of(f"document {name}"))
        path = self.files / "owner" / f"{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is not None:
            path.write_bytes(content)
        row = {"raw_data_location": path.as_uri(), "mime_type": "text/plain"} | row
        self.insert("data", id=identity, name=name, dataset_id=dataset, **row)
        return identity


def make_graph(
    path: Path,
    nodes: list[tuple[str, str | None, str | None, Any]] = [],  # noqa: B006 - never changed
    edges: list[tuple[str, str, str | None, Any]] = [],  # noqa: B006
    *,
    sources: bool = True,
) -> None:
    """Write a graph: nodes as (id, name, type, properties), edges as (from, to, name, ...).

    Properties are an object, or the very text of the column.
    """
    path.unlink(missing_ok=True)
    database = ladybug.Database(str(path))
    connection = ladybug.Connection(database)
    more = ", ".join(("", *(f"{name} STRING" for name in _SOURCES))) if sources else ""
    common = f"created_at TIMESTAMP, updated_at TIMESTAMP, properties STRING{more}"
    connection.execute(
        f"CREATE NODE TABLE Node(id STRING PRIMARY KEY, name STRING, type STRING, {common})"
    )
    connection.execute(
        f"CREATE REL TABLE EDGE(FROM Node TO Node, relationship_name STRING, {common})"
    )
    connection.execute("CREATE NODE TABLE GraphMetadata(key STRING PRIMARY KEY, value STRING)")
    set_times = "created_at: $at, updated_at: $at, properties: $p"
    for identity, name, kind, properties in nodes:
        connection.execute(
            f"CREATE (:Node {{id: $id, name: $name, type: $type, {set_times}}})",
            {"id": identity, "name": name, "type": kind, "at": WRITTEN, "p": _text(properties)},
        )
    for source, target, name, properties in edges:
        connection.execute(
            "MATCH (a:Node {id: $a}), (b:Node {id: $b}) "
            f"CREATE (a)-[:EDGE {{relationship_name: $name, {set_times}}}]->(b)",
            {"a": source, "b": target, "name": name, "at": WRITTEN, "p": _text(properties)},
        )
    connection.close()
    database.close()


def _text(properties: Any) -> str | None:
    return properties if isinstance(properties, str | None) else json.dumps(properties)
