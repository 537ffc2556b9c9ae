"""Knows the tables of the server's state and their columns; never a query.

Ids are UUIDs as text. Instants are UTC. Secrets are kept as hashes only.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

VERSION: Final = 1
"""Of these tables; kept in ``meta``."""


class Instant(TypeDecorator[datetime]):
    """A moment in UTC; SQLite keeps no offset, so all are kept without one and come back with."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Return what the database keeps."""
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Return what was meant."""
        return None if value is None else value.replace(tzinfo=UTC)


metadata: Final = MetaData()
_Id = String(36)


def _owner(table: str, **more: Any) -> Any:
    return ForeignKey(f"{table}.id", ondelete="CASCADE", **more)


meta = Table("meta", metadata, Column("name", String(40), primary_key=True), Column("value", Text))

users = Table(
    "users",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("email", String(320), nullable=False, unique=True),
    Column("hashed_password", Text, nullable=False),
    Column("is_active", Boolean, nullable=False, default=True),
    Column("is_superuser", Boolean, nullable=False, default=False),
    Column("is_verified", Boolean, nullable=False, default=False),
    Column("tenant_id", _Id),
    Column("parent_user_id", _Id, _owner("users"), index=True),
    Column("created_at", Instant, nullable=False),
    Column("last_active_at", Instant),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("user_id", _Id, _owner("users"), nullable=False, index=True),
    Column("name", String(200)),
    Column("label", String(40), nullable=False),
    Column("digest", String(64), nullable=False, unique=True),
    Column("created_at", Instant, nullable=False),
)

tenants = Table(
    "tenants",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("name", String(200), nullable=False),
    Column("owner_id", _Id, nullable=False),
    Column("created_at", Instant, nullable=False),
)

tenant_members = Table(
    "tenant_members",
    metadata,
    Column("tenant_id", _Id, _owner("tenants"), primary_key=True),
    Column("user_id", _Id, _owner("users"), primary_key=True, index=True),
)

tenant_capabilities = Table(
    "tenant_capabilities",
    metadata,
    Column("tenant_id", _Id, _owner("tenants"), primary_key=True),
    Column("principal_id", _Id, primary_key=True),
    Column("capability", String(40), primary_key=True),
)

roles = Table(
    "roles",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("tenant_id", _Id, _owner("tenants"), nullable=False),
    Column("name", String(200), nullable=False),
    Column("description", Text),
    UniqueConstraint("tenant_id", "name"),
)

role_members = Table(
    "role_members",
    metadata,
    Column("role_id", _Id, _owner("roles"), primary_key=True),
    Column("user_id", _Id, _owner("users"), primary_key=True, index=True),
)

datasets = Table(
    "datasets",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("name", String(500), nullable=False),
    Column("owner_id", _Id, nullable=False, index=True),
    Column("tenant_id", _Id),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant),
    Column("graph_schema", JSON),
    Column("custom_prompt", Text),
    Column("num_nodes", BigInteger, nullable=False, default=0),
    Column("num_edges", BigInteger, nullable=False, default=0),
    Column("computed_at", Instant),
)

grants = Table(
    "grants",
    metadata,
    Column("principal_id", _Id, primary_key=True),
    Column("dataset_id", _Id, _owner("datasets"), primary_key=True, index=True),
    Column("permission", String(20), primary_key=True),
)

data_items = Table(
    "data_items",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("dataset_id", _Id, _owner("datasets"), nullable=False),
    Column("name", Text, nullable=False),
    Column("label", Text),
    Column("extension", String(40)),
    Column("mime_type", String(200)),
    Column("size_bytes", BigInteger, nullable=False),
    Column("md5", String(32), nullable=False),
    Column("sha256", String(64), nullable=False),
    # A file of its own (what was sent as one), or the content record of an archive.
    Column("file_name", Text),
    Column("record_kind", String(20)),
    Column("record_id", Text),
    Column("external_metadata", JSON),
    Column("in_graph", Boolean, nullable=False, default=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant),
    Index("data_items_of_dataset", "dataset_id", "created_at", "id"),
    Index("data_items_by_md5", "dataset_id", "md5"),
    Index("data_items_by_name", "dataset_id", "name", "id"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("kind", String(40), nullable=False),
    Column("pipeline_name", String(80), nullable=False),
    Column("dataset_id", _Id, index=True),
    Column("owner_id", _Id, nullable=False, index=True),
    Column("status", String(20), nullable=False, index=True),
    Column("background", Boolean, nullable=False, default=False),
    Column("payload", JSON, nullable=False),
    Column("progress", JSON),
    Column("result", JSON),
    Column("error", JSON),
    Column("attempts", Integer, nullable=False, default=0),
    Column("trace", String(49), index=True),
    Column("created_at", Instant, nullable=False, index=True),
    Column("started_at", Instant),
    Column("ended_at", Instant),
)

uploads = Table(
    "uploads",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("owner_id", _Id, _owner("users"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("size_bytes", BigInteger),
    Column("sha256", String(64)),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

connections = Table(
    "agent_connections",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("user_id", _Id, _owner("users"), nullable=False, index=True),
    Column("tenant_id", _Id),
    Column("agent_session_name", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("memory_mode", Text, nullable=False),
    Column("session_id", Text),
    Column("origin_function", Text),
    Column("source", Text, nullable=False),
    Column("dataset_ids", JSON, nullable=False),
    Column("details", JSON, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("registered_at", Instant, nullable=False),
    Column("last_active_at", Instant, nullable=False),
)

interactions = Table(
    "interactions",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("user_id", _Id, _owner("users"), nullable=False, index=True),
    Column("session_id", Text, index=True),
    Column("kind", String(20), nullable=False),
    Column("dataset_ids", JSON, nullable=False),
    Column("question", Text),
    Column("answer", JSON),
    Column("created_at", Instant, nullable=False, index=True),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("user_id", _Id, _owner("users"), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("request", JSON, nullable=False),
    Column("job_ids", JSON, nullable=False),
    Column("created_at", Instant, nullable=False),
)

# What the datasets that others sync to this server are called where they come from.
dataset_aliases = Table(
    "dataset_aliases",
    metadata,
    Column("user_id", _Id, _owner("users"), primary_key=True),
    Column("alias", _Id, primary_key=True),
    Column("dataset_id", _Id, _owner("datasets"), nullable=False, index=True),
)
