"""Knows who may change a tenant itself: its members, its roles, and this; never its datasets.

A capability comes from the user, from a role of the user or from the whole tenant; the owner has
all. Nobody gives more than one has.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from sqlalchemy import Connection, delete, insert, select

from cogx.server.identity.tenants import (
    Tenant,
    is_member,
    tenant_of_member,
    tenants_of,
    unknown_user,
)
from cogx.server.identity.users import User
from cogx.server.refusals import refused
from cogx.server.state.tables import role_members, roles, tenant_capabilities

MANAGE_USERS: Final = "manage_users"
GRANT: Final = "grant_capabilities"
REVOKE: Final = "revoke_capabilities"
CAPABILITIES: Final = (MANAGE_USERS, GRANT, REVOKE)
Capability = Literal["manage_users", "grant_capabilities", "revoke_capabilities"]


def capabilities_of(state: Connection, user: User, tenant: Tenant) -> list[str]:
    """Return what a member may change in a tenant."""
    if user.id == tenant.owner_id:
        return list(CAPABILITIES)
    held = (
        select(roles.c.id)
        .join(role_members)
        .where(role_members.c.user_id == user.id, roles.c.tenant_id == tenant.id)
    )
    return given_to(state, tenant, [user.id, tenant.id, *state.scalars(held)])


def given_to(state: Connection, tenant: Tenant, principals: Sequence[str]) -> list[str]:
    """Return what users, roles or the tenant were given themselves."""
    rows = select(tenant_capabilities.c.capability).where(
        tenant_capabilities.c.tenant_id == tenant.id,
        tenant_capabilities.c.principal_id.in_(principals),
    )
    found = set(state.scalars(rows))
    return [one for one in CAPABILITIES if one in found]


def tenant_to_change(
    state: Connection, user: User, tenant_id: str | None, capability: str
) -> Tenant:
    """Return a tenant in which a user may do something.

    Raises:
        Refusal: the user is no member of it (404), or may not (403).
    """
    tenant = tenant_of_member(state, user, tenant_id)
    require_capabilities(state, user, tenant, [capability])
    return tenant


def require_capabilities(
    state: Connection, user: User, tenant: Tenant, wanted: Sequence[str]
) -> None:
    """Let a member go on who has all of these.

    Raises:
        Refusal: one is missing (403).
    """
    missing = [one for one in wanted if one not in capabilities_of(state, user, tenant)]
    if missing:
        raise refused(
            403,
            f"This needs {', '.join(missing)} in the tenant. Ask its owner.",
            "PermissionDeniedError",
        )


def scope(state: Connection, user: User, principal_id: str, told: str | None) -> str | None:
    """Return the id of the tenant meant: a role's, a tenant itself, else what was told.

    Only among those that the user is in: nobody learns of others' roles and tenants.
    """
    mine = [one.id for one in tenants_of(state, user)]
    if principal_id in mine:
        return principal_id
    role = select(roles.c.tenant_id).where(roles.c.id == principal_id, roles.c.tenant_id.in_(mine))
    return state.scalar(role) or told


def give(
    state: Connection, user: User, tenant: Tenant, principal_id: str, wanted: Sequence[str]
) -> None:
    """Give capabilities to a member, a role or all of a tenant; all or none, again is no change.

    Raises:
        Refusal: the user may not (403), or it is nobody of the tenant (404).
    """
    require_capabilities(state, user, tenant, [GRANT, *wanted])
    if not _is_here(state, tenant, principal_id):
        raise unknown_user()
    _take(state, tenant, principal_id, wanted)
    row = {"tenant_id": tenant.id, "principal_id": principal_id}
    state.execute(insert(tenant_capabilities), [row | {"capability": one} for one in set(wanted)])


def take(
    state: Connection, user: User, tenant: Tenant, principal_id: str, wanted: Sequence[str]
) -> None:
    """Take capabilities back; what was never given is fine.

    Raises:
        Refusal: the user may not (403), or it is nobody of the tenant (404).
    """
    require_capabilities(state, user, tenant, [REVOKE])
    if not _is_here(state, tenant, principal_id):
        raise unknown_user()
    _take(state, tenant, principal_id, wanted)


def _take(state: Connection, tenant: Tenant, principal_id: str, wanted: Sequence[str]) -> None:
    state.execute(
        delete(tenant_capabilities).where(
            tenant_capabilities.c.tenant_id == tenant.id,
            tenant_capabilities.c.principal_id == principal_id,
            tenant_capabilities.c.capability.in_(wanted),
        )
    )


def _is_here(state: Connection, tenant: Tenant, principal_id: str) -> bool:
    if principal_id == tenant.id or is_member(state, tenant.id, principal_id):
        return True
    role = select(roles).filter_by(id=principal_id, tenant_id=tenant.id)
    return state.execute(role).first() is not None
