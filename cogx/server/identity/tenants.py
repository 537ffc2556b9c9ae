"""Knows the tenants of a server and who is in them; never what a tenant's members may do.

A tenant that is not there and one that the caller is no member of are the same to the caller.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, delete, insert, select, update

from cogx.server.identity.users import User, user_by_id
from cogx.server.refusals import Refusal, refused
from cogx.server.state.database import now
from cogx.server.state.tables import (
    datasets,
    grants,
    role_members,
    roles,
    tenant_capabilities,
    tenant_members,
    tenants,
    users,
)


@dataclass(frozen=True, slots=True)
class Tenant:
    """People who share datasets."""

    id: str
    name: str
    owner_id: str
    created_at: datetime


def make_tenant(state: Connection, owner: User, name: str) -> Tenant:
    """Make a tenant; its owner is its first member and works in it from now on."""
    made = Tenant(str(uuid.uuid4()), name, owner.id, now())
    row = {"id": made.id, "name": name, "owner_id": owner.id, "created_at": made.created_at}
    state.execute(insert(tenants).values(row))
    state.execute(insert(tenant_members).values(tenant_id=made.id, user_id=owner.id))
    select_tenant(state, owner, made.id)
    return made


def select_tenant(state: Connection, user: User, tenant_id: str | None) -> None:
    """Let a user work in a tenant from now on, or in none.

    Raises:
        Refusal: the user is no member of it (404).
    """
    if tenant_id is not None:
        tenant_of_member(state, user, tenant_id)
    state.execute(update(users).where(users.c.id == user.id).values(tenant_id=tenant_id))


def tenant_of_member(state: Connection, user: User, tenant_id: str | None) -> Tenant:
    """Return a tenant that a user is a member of.

    Raises:
        Refusal: the user is not, or there is none (404).
    """
    rows = select(tenants).join(tenant_members).where(tenant_members.c.user_id == user.id)
    row = state.execute(rows.where(tenants.c.id == tenant_id)).first()
    if row is None:
        raise refused(404, "Tenant not found.", "TenantNotFoundError")
    return Tenant(**row._mapping)


def tenants_of(state: Connection, user: User) -> list[Tenant]:
    """Return the tenants that a user is a member of, oldest first."""
    rows = select(tenants).join(tenant_members).where(tenant_members.c.user_id == user.id)
    found = state.execute(rows.order_by(tenants.c.created_at, tenants.c.id))
    return [Tenant(**row._mapping) for row in found]


def is_member(state: Connection, tenant_id: str, user_id: str) -> bool:
    """Tell whether a user is a member of a tenant."""
    rows = select(tenant_members).filter_by(tenant_id=tenant_id, user_id=user_id)
    return state.execute(rows).first() is not None


def add_member(state: Connection, tenant: Tenant, user_id: str) -> None:
    """Add a user to a tenant.

    Raises:
        Refusal: there is no such user (404), or the user is a member already (409).
    """
    found = user_by_id(state, user_id)
    if found is None or found.is_agent:
        raise unknown_user()
    if is_member(state, tenant.id, user_id):
        raise refused(409, "User is already part of the tenant.", "EntityAlreadyExistsError")
    state.execute(insert(tenant_members).values(tenant_id=tenant.id, user_id=user_id))


def remove_member(state: Connection, tenant: Tenant, user_id: str) -> None:
    """Remove a user, and the user's agents, from a tenant, with all that was allowed to them in it.

    The rights at datasets that they own themselves stay, and are of use should they come back.

    Raises:
        Refusal: the user owns the tenant (400), or is no member (404).
    """
    if user_id == tenant.owner_id:
        raise refused(400, "The owner of a tenant cannot be removed from it.")
    if not is_member(state, tenant.id, user_id):
        raise unknown_user()
    state.execute(delete(tenant_members).filter_by(tenant_id=tenant.id, user_id=user_id))
    gone = select(users.c.id).where((users.c.id == user_id) | (users.c.parent_user_id == user_id))
    _take_rights(state, tenant.id, gone)
    working_here = users.c.id.in_(gone) & (users.c.tenant_id == tenant.id)
    state.execute(update(users).where(working_here).values(tenant_id=None))


def _take_rights(state: Connection, tenant_id: str, gone: Select[tuple[str]]) -> None:
    """Take roles, capabilities, and grants at what they do not own from users of a tenant."""
    here = select(roles.c.id).where(roles.c.tenant_id == tenant_id)
    others = select(datasets.c.id).where(
        datasets.c.tenant_id == tenant_id, datasets.c.owner_id.not_in(gone)
    )
    for table, theirs in (
        (role_members, role_members.c.user_id.in_(gone) & role_members.c.role_id.in_(here)),
        (
            tenant_capabilities,
            tenant_capabilities.c.principal_id.in_(gone)
            & (tenant_capabilities.c.tenant_id == tenant_id),
        ),
        (grants, grants.c.principal_id.in_(gone) & grants.c.dataset_id.in_(others)),
    ):
        state.execute(delete(table).where(theirs))


def members(state: Connection, tenant_id: str) -> list[dict[str, Any]]:
    """Return the members of a tenant, each with the roles in it, by address."""
    rows = select(users.c.id, users.c.email).join(tenant_members)
    found = state.execute(rows.where(tenant_members.c.tenant_id == tenant_id))
    people: dict[str, dict[str, Any]] = {
        row.id: {"id": row.id, "email": row.email, "roles": []} for row in found
    }
    held = (
        select(role_members.c.user_id, roles.c.id, roles.c.name)
        .join(roles)
        .where(roles.c.tenant_id == tenant_id)
        .order_by(roles.c.name)
    )
    for row in state.execute(held):
        people[row.user_id]["roles"].append({"id": row.id, "name": row.name})
    return sorted(people.values(), key=lambda one: str(one["email"]))


def unknown_user() -> Refusal:
    """Return the answer for a user who is not there, or not where one is asked for."""
    return refused(404, "User not found.", "UserNotFoundError")
