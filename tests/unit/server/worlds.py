"""Knows how to make somebody with one thing of every kind that a server keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import insert, or_, select

from cogx.server import connections
from cogx.server.datasets import dataset_made
from cogx.server.identity.agents import make_agent
from cogx.server.identity.roles import make_role
from cogx.server.identity.tenants import make_tenant
from cogx.server.identity.users import User, keys_of, user_by_id
from cogx.server.sessions import keep
from cogx.server.state import tables
from cogx.server.state.database import now

from .running import Running

_RESTLESS: Final = ("last_active_at",)
_ID_COLUMNS: Final = ("id", "user_id", "owner_id", "principal_id", "dataset_id", "tenant_id",
                      "role_id", "parent_user_id")  # fmt: skip


@dataclass(frozen=True, slots=True)
class World:
    """A user, one id of each kind that is the user's, and a word that stands in all its texts."""

    user: User
    key: str
    word: str
    ids: dict[str, str]


def make_world(server: Running) -> World:
    """Make somebody in a tenant of one's own."""
    word = f"word{uuid4().hex}"
    user = server.user()
    key = server.key(user)
    with server.context.database.write() as state:
        tenant = make_tenant(state, user, word)
        here = user_by_id(state, user.id)
        assert here is not None
        role = make_role(state, tenant.id, word)
        dataset = dataset_made(state, here, word)
        agent, _ = make_agent(state, here, word)
        connections.register(state, here, word, [dataset.id], {}, **_SESSION)
        ids = {
            "user": user.id,
            "tenant": tenant.id,
            "role": role.id,
            "dataset": dataset.id,
            "agent": agent.id,
            "key": keys_of(state, user.id)[0]["id"],
            "interaction": keep(state, user.id, "qa", question=word, session_id=word),
        }
        for kind, table, row in _rows(ids, word):
            ids[kind] = row["id"]
            state.execute(insert(table).values(row))
    return World(here, key, word, ids)


def snapshot(server: Running, world: World) -> dict[str, list[dict[str, Any]]]:
    """Return all that the state says of somebody and of what is somebody's."""
    ids = list(world.ids.values())
    found = {}
    with server.context.database.read() as state:
        for table in tables.metadata.sorted_tables:
            told = [table.c[name].in_(ids) for name in _ID_COLUMNS if name in table.c]
            if told:
                rows = state.execute(select(table).where(or_(*told))).mappings()
                kept = [{k: v for k, v in row.items() if k not in _RESTLESS} for row in rows]
                found[table.name] = sorted(kept, key=str)
    return found


_SESSION: Final = {
    "type": "api", "memory_mode": "unknown", "source": "api", "session_id": None,
    "origin_function": None,
}  # fmt: skip


def _rows(ids: dict[str, str], word: str) -> list[tuple[str, Any, dict[str, Any]]]:
    moment = now()
    made = {"id": str(uuid4()), "created_at": moment}
    data = made | {
        "dataset_id": ids["dataset"], "name": word, "size_bytes": 1, "md5": "0" * 32,
        "sha256": "0" * 64, "in_graph": True, "label": word,
    }  # fmt: skip
    job = made | {
        "id": str(uuid4()), "kind": "import", "pipeline_name": "migration_import_pipeline",
        "dataset_id": ids["dataset"], "owner_id": ids["user"], "status": "failed",
        "background": True, "payload": {"name": word}, "error": {"text": word, "status": 400},
        "attempts": 1,
    }  # fmt: skip
    upload = made | {
        "id": str(uuid4()), "owner_id": ids["user"], "name": word, "size_bytes": 1,
        "updated_at": moment,
    }  # fmt: skip
    return [
        ("data", tables.data_items, data),
        ("job", tables.jobs, job),
        ("upload", tables.uploads, upload),
    ]
