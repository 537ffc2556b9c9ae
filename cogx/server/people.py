"""Knows who is about: the people of a caller's tenant, and agents with when they last called.

Nobody is shown but oneself, one's own agents, and who works in the same tenant.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, func, select

from cogx.server.bodies import instant
from cogx.server.identity.agents import shown_email
from cogx.server.identity.users import AGENT_DOMAIN, User
from cogx.server.state.database import now
from cogx.server.state.tables import api_keys, tenant_members, users

_LIVE_FOR: Final = timedelta(minutes=30)


def people(state: Connection, caller: User) -> list[dict[str, Any]]:
    """Return the active members of the caller's current tenant, by address; none without one."""
    if caller.tenant_id is None:
        return []
    rows = select(users).where(users.c.is_active, users.c.id.in_(_members(caller)))
    return [
        {
            "id": row.id,
            "email": row.email,
            "is_superuser": row.is_superuser,
            "created_at": instant(row.created_at),
        }
        for row in state.execute(rows.order_by(users.c.email))
    ]


def agents(state: Connection, caller: User, default_email: str) -> list[dict[str, Any]]:
    """Return those about the caller, the caller among them, oldest first.

    Args:
        default_email: the address of the user that the server has without anybody's doing.
    """
    keys = select(api_keys.c.user_id, func.count().label("key_count")).group_by(api_keys.c.user_id)
    counted = keys.subquery()
    rows = (
        select(users, func.coalesce(counted.c.key_count, 0).label("key_count"))
        .outerjoin(counted, counted.c.user_id == users.c.id)
        .where(users.c.is_active, _about(caller))
        .order_by(users.c.created_at, users.c.id)
    )
    moment = now()
    return [_agent(row, default_email, moment) for row in state.execute(rows)]


def _members(caller: User) -> Select[Any]:
    """Select the ids of the current tenant's members, if the caller is one of them."""
    mine = select(tenant_members.c.tenant_id).where(tenant_members.c.user_id.in_(_selves(caller)))
    return select(tenant_members.c.user_id).where(
        tenant_members.c.tenant_id == caller.tenant_id, tenant_members.c.tenant_id.in_(mine)
    )


def _selves(caller: User) -> list[str]:
    """Return as whom the caller is a member: agents are where their parents are."""
    return [one for one in (caller.id, caller.parent_user_id) if one is not None]


def _about(caller: User) -> ColumnElement[bool]:
    about = (users.c.id == caller.id) | (users.c.parent_user_id == caller.id)
    if caller.tenant_id is not None:
        members = _members(caller)
        work_here = users.c.parent_user_id.in_(members) & (users.c.tenant_id == caller.tenant_id)
        about |= users.c.id.in_(members) | work_here
    return about


def _agent(row: Any, default_email: str, moment: datetime) -> dict[str, Any]:
    user = User(**{name: value for name, value in row._mapping.items() if name != "key_count"})
    local, _, domain = user.email.rpartition("@")
    is_agent = f"@{domain}" == AGENT_DOMAIN
    is_default = user.email.lower() == default_email.lower()
    name, _, short_id = local.partition("+")
    if is_agent:
        shown = name.replace("-", " ").replace("_", " ")
    else:
        shown = "Human User" if is_default else local
    return {
        "id": user.id,
        "email": shown_email(user) if is_agent else user.email,
        "agent_type": shown,
        "agent_short_id": short_id if is_agent else None,
        "is_agent": is_agent,
        "is_default": is_default,
        "status": _status(user.last_active_at, moment),
        "api_key_count": row.key_count,
        "created_at": instant(user.created_at),
        "last_active": instant(user.last_active_at),
    }


def _status(last: datetime | None, moment: datetime) -> str:
    if last is None:
        return "NEVER_CONNECTED"
    return "LIVE" if moment - last < _LIVE_FOR else "INACTIVE"
