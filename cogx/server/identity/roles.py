"""Knows the roles of tenants and who has them; never what a role may do."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select

from cogx.server.identity.tenants import is_member, unknown_user
from cogx.server.identity.users import User
from cogx.server.refusals import refused
from cogx.server.state.tables import (
    grants,
    role_members,
    roles,
    tenant_capabilities,
    tenant_members,
    users,
)


@dataclass(frozen=True, slots=True)
class Role:
    """A name in a tenant, to which rights can be given instead of to people."""

    id: str
    tenant_id: str
    name: str
    description: str | None


def make_role(state: Connection, tenant_id: str, name: str) -> Role:
    """Make a role of a tenant.

    Raises:
        Refusal: the tenant has a role of this name (409).
    """
    if state.execute(select(roles).filter_by(tenant_id=tenant_id, name=name)).first():
        raise refused(409, f"Role {name!r} exists in this tenant.", "EntityAlreadyExistsError")
    made = Role(str(uuid.uuid4()), tenant_id, name, None)
    state.execute(insert(roles).values(id=made.id, tenant_id=tenant_id, name=name))
    return made


def role_for(state: Connection, user: User, role_id: str) -> Role:
    """Return a role of a tenant that a user is a member of.

    Raises:
        Refusal: there is none (404).
    """
    mine = select(tenant_members.c.tenant_id).where(tenant_members.c.user_id == user.id)
    rows = select(roles).where(roles.c.id == role_id, roles.c.tenant_id.in_(mine))
    row = state.execute(rows).first()
    if row is None:
        raise refused(404, "Role not found.", "RoleNotFoundError")
    return Role(**row._mapping)


def remove_role(state: Connection, role: Role) -> None:
    """Remove a role with all that it allowed."""
    for table in (grants, tenant_capabilities):
        state.execute(delete(table).where(table.c.principal_id == role.id))
    state.execute(delete(roles).where(roles.c.id == role.id))


def give_role(state: Connection, role: Role, user_id: str) -> None:
    """Give a role to a member of its tenant.

    Raises:
        Refusal: no member (404), or one who has it (409).
    """
    if not is_member(state, role.tenant_id, user_id):
        raise unknown_user()
    row = {"role_id": role.id, "user_id": user_id}
    if state.execute(select(role_members).filter_by(**row)).first():
        raise refused(409, "User has this role already.", "EntityAlreadyExistsError")
    state.execute(insert(role_members).values(row))


def take_role(state: Connection, role: Role, user_id: str) -> None:
    """Take a role from somebody.

    Raises:
        Refusal: the user does not have it (404).
    """
    mine = delete(role_members).filter_by(role_id=role.id, user_id=user_id)
    if not state.execute(mine).rowcount:
        raise unknown_user()


def roles_of_tenant(state: Connection, tenant_id: str) -> list[dict[str, Any]]:
    """Return the roles of a tenant by name, each with how many have it."""
    count = func.count(role_members.c.user_id).label("user_count")
    rows = (
        select(roles.c.id, roles.c.name, roles.c.description, count)
        .outerjoin(role_members)
        .where(roles.c.tenant_id == tenant_id)
        .group_by(roles.c.id, roles.c.name, roles.c.description)
        .order_by(roles.c.name)
    )
    return [dict(row._mapping) for row in state.execute(rows)]


def roles_of_user(state: Connection, tenant_id: str, user_id: str) -> list[dict[str, Any]]:
    """Return the roles that a user has in a tenant, by name."""
    rows = (
        select(roles.c.id, roles.c.name)
        .join(role_members)
        .where(role_members.c.user_id == user_id, roles.c.tenant_id == tenant_id)
        .order_by(roles.c.name)
    )
    return [dict(row._mapping) for row in state.execute(rows)]


def users_of_role(state: Connection, role: Role) -> list[dict[str, Any]]:
    """Return who has a role, by address."""
    rows = (
        select(users.c.id, users.c.email.label("name"))
        .join(role_members)
        .where(role_members.c.role_id == role.id)
        .order_by(users.c.email)
    )
    return [dict(row._mapping) for row in state.execute(rows)]
