"""Knows which agents are connected: sessions that announce themselves and say when they leave.

A session is known by its name and its user, so announcing it again is the same connection. It is
seen by its user and, if that is an agent, by the agent's parent.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, func, insert, or_, select, update

from cogx.server.identity.users import User
from cogx.server.state.database import now
from cogx.server.state.tables import connections, users

RANGES: Final = {"24h": 1, "7d": 7, "30d": 30}
"""Days; beside them stands ``all``."""
_UNUSUAL: Final = re.compile(r"[^A-Za-z0-9_-]+")
_LONGEST_BASE: Final = 48


@dataclass(frozen=True, slots=True)
class AgentConnection:
    """A session of an agent, as it has announced itself."""

    id: str
    user_id: str
    tenant_id: str | None
    agent_session_name: str
    type: str
    memory_mode: str
    session_id: str | None
    origin_function: str | None
    source: str
    dataset_ids: list[str]
    details: dict[str, Any]
    active: bool
    registered_at: datetime
    last_active_at: datetime


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which connections are asked for."""

    agent_id: str | None = None
    session_name: str | None = None
    range: str = "all"
    active: Sequence[bool] = (True, False)
    limit: int = 1
    offset: int = 0


def connection_id(session_name: str, user_id: str) -> str:
    """Return the id of a session of a user; the same every time."""
    base = _UNUSUAL.sub("-", session_name).strip("-")[-_LONGEST_BASE:] or "agent"
    name = f"{session_name}|{user_id}".encode()
    return f"{base}-{hashlib.blake2s(name, digest_size=8).hexdigest()}"


def register(
    state: Connection, user: User, session_name: str, dataset_ids: Sequence[str],
    details: dict[str, Any], **told: Any,
) -> AgentConnection:  # fmt: skip
    """Keep that a session is there; what it says now goes before what it said earlier."""
    made = connection_id(session_name, user.id)
    moment = now()
    row = told | {
        "tenant_id": user.tenant_id, "dataset_ids": list(dataset_ids), "active": True,
        "last_active_at": moment,
    }  # fmt: skip
    before = state.execute(select(connections).where(connections.c.id == made)).first()
    if before is None:
        row |= {"id": made, "user_id": user.id, "agent_session_name": session_name}
        row |= {"details": details, "registered_at": moment}
        state.execute(insert(connections).values(row))
    else:
        row["details"] = before.details | details
        state.execute(update(connections).where(connections.c.id == made).values(row))
    found = state.execute(select(connections).where(connections.c.id == made)).one()
    return AgentConnection(**found._mapping)


def unregister(state: Connection, user: User, session_name: str) -> None:
    """Keep that a session has left; one that nobody knows is fine."""
    mine = connections.c.id == connection_id(session_name, user.id)
    state.execute(update(connections).where(mine).values(active=False, last_active_at=now()))


def find(state: Connection, caller: User, wanted: Wanted) -> tuple[list[AgentConnection], int]:
    """Return (a page of the connections that the caller sees, how many there are), newest first."""
    which = _which(caller, wanted)
    count = state.scalar(select(func.count()).select_from(connections).where(*which)) or 0
    rows = (
        select(connections)
        .where(*which)
        .order_by(connections.c.last_active_at.desc(), connections.c.id)
        .limit(wanted.limit)
        .offset(wanted.offset)
    )
    return [AgentConnection(**row._mapping) for row in state.execute(rows)], count


def count_active(state: Connection, ttl_s: float | None = None) -> int:
    """Return how many sessions are there, of all users.

    Args:
        ttl_s: those of users who have not called for so long are taken for gone.
    """
    rows = select(func.count()).select_from(connections).where(connections.c.active)
    if ttl_s is not None:
        rows = rows.where(connections.c.last_active_at >= now() - timedelta(seconds=ttl_s))
    return state.scalar(rows) or 0


def forget_active(state: Connection) -> None:
    """Keep that nobody is there: the server has just begun."""
    state.execute(update(connections).where(connections.c.active).values(active=False))


def _which(caller: User, wanted: Wanted) -> list[ColumnElement[bool]]:
    children = select(users.c.id).where(users.c.parent_user_id == caller.id)
    which: list[ColumnElement[bool]] = [
        or_(connections.c.user_id == caller.id, connections.c.user_id.in_(children)),
        connections.c.active.in_(wanted.active),
    ]
    if wanted.agent_id is not None:
        which.append(connections.c.user_id == wanted.agent_id)
    if wanted.session_name is not None:
        which.append(connections.c.agent_session_name == wanted.session_name)
    if wanted.range in RANGES:
        since = now() - timedelta(days=RANGES[wanted.range])
        which.append(connections.c.last_active_at >= since)
    return which
