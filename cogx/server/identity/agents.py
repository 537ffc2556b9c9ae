"""Knows agents as users of their own: children of who made them, with a key and no password."""

from __future__ import annotations

import re
from typing import Final

from sqlalchemy import Connection, delete, select

from cogx.server.identity.users import (
    AGENT_DOMAIN,
    User,
    add_key,
    add_user,
    keys_of,
    user_by_email,
    user_by_id,
)
from cogx.server.refusals import invalid, refused
from cogx.server.state.tables import grants, users

_SLUG: Final = re.compile(r"[^\s@+\x00-\x1f]{1,200}")


def make_agent(state: Connection, parent: User, name: str) -> tuple[User, str]:
    """Make an agent that works where its parent does now; return (agent, its only key).

    Raises:
        Refusal: an agent asks (403), the name cannot be one (400), or the parent has it (409).
    """
    if parent.is_agent:
        raise refused(403, "Agents make no agents.", "PermissionDeniedError")
    slug = name.strip().lower().replace(" ", "-")
    if not _SLUG.fullmatch(slug):
        message = "A name has 1 to 200 characters, and no @, + or control character."
        raise invalid(("query", "name"), message)
    email = f"{slug}+{parent.id}{AGENT_DOMAIN}"
    if user_by_email(state, email) is not None:
        raise refused(409, f"Agent with name '{name}' already exists")
    agent = add_user(state, email, None, tenant_id=parent.tenant_id, parent_user_id=parent.id)
    return agent, add_key(state, agent.id, name.strip(), 1)["key"]


def agents_of(state: Connection, parent: User) -> list[User]:
    """Return the agents that a user has made, oldest first."""
    rows = select(users).where(users.c.parent_user_id == parent.id)
    found = state.execute(rows.order_by(users.c.created_at, users.c.id))
    return [User(**row._mapping) for row in found]


def agent_of(state: Connection, parent: User, agent_id: str) -> User:
    """Return an agent that a user has made.

    Raises:
        Refusal: there is no such agent (404), or it is another's (403).
    """
    found = user_by_id(state, agent_id)
    if found is None or not found.is_agent:
        raise refused(404, "Agent not found", "EntityNotFoundError")
    if found.parent_user_id != parent.id:
        raise refused(403, "Not authorized", "PermissionDeniedError")
    return found


def remove_agent(state: Connection, agent: User) -> None:
    """Remove an agent with its keys, connections and rights; datasets that it made stay."""
    state.execute(delete(grants).where(grants.c.principal_id == agent.id))
    state.execute(delete(users).where(users.c.id == agent.id))


def shown_email(agent: User) -> str:
    """Return an agent's address as answers show it: without its parent's id."""
    return agent.email.rpartition("+")[0] + AGENT_DOMAIN


def key_label(state: Connection, agent: User) -> str | None:
    """Return the label of an agent's first key, None if there is none any more."""
    return next((str(key["label"]) for key in keys_of(state, agent.id)), None)
