"""Knows the routes of roles: make them, give them to members of a tenant, list who has which."""

from __future__ import annotations

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy import Connection

from cogx.server.context import Caller, Ctx
from cogx.server.identity import capabilities
from cogx.server.identity.roles import (
    Role,
    give_role,
    make_role,
    remove_role,
    role_for,
    roles_of_tenant,
    roles_of_user,
    take_role,
    users_of_role,
)
from cogx.server.identity.tenants import is_member, tenant_of_member, unknown_user
from cogx.server.identity.users import User
from cogx.server.refusals import refused
from cogx.server.routes.answers import answers

router: Final = APIRouter(prefix="/api/v1/permissions", tags=["roles"])

Name = Annotated[str, Query(min_length=1, max_length=200, pattern=r"\S")]


@router.post("/roles", responses=answers(403, 404, 409))
def make(role_name: Name, caller: Caller, context: Ctx) -> dict[str, str]:
    """Make a role in the tenant that the caller works in."""
    with context.database.write() as state:
        tenant = capabilities.tenant_to_change(
            state, caller, caller.tenant_id, capabilities.MANAGE_USERS
        )
        made = make_role(state, tenant.id, role_name)
    return {"message": "Role created for tenant", "role_id": made.id, "tenant_id": tenant.id}


@router.delete("/roles/{role_id}", responses=answers(403, 404))
def remove(role_id: UUID, caller: Caller, context: Ctx) -> dict[str, str]:
    """Remove a role with all that it allowed."""
    with context.database.write() as state:
        remove_role(state, _role_to_change(state, caller, role_id))
    return {"message": "Role deleted"}


@router.post("/users/{user_id}/roles", responses=answers(403, 404, 409))
def give(user_id: UUID, role_id: UUID, caller: Caller, context: Ctx) -> dict[str, str]:
    """Give a role to a member of its tenant; nobody gives more capabilities than one has."""
    with context.database.write() as state:
        role = _role_to_change(state, caller, role_id)
        tenant = tenant_of_member(state, caller, role.tenant_id)
        given = capabilities.given_to(state, tenant, [role.id])
        capabilities.require_capabilities(state, caller, tenant, given)
        give_role(state, role, str(user_id))
    return {"message": "User added to role"}


@router.delete("/users/{user_id}/roles", responses=answers(403, 404))
def take(user_id: UUID, role_id: UUID, caller: Caller, context: Ctx) -> dict[str, str]:
    """Take a role from somebody."""
    with context.database.write() as state:
        take_role(state, _role_to_change(state, caller, role_id), str(user_id))
    return {"message": "User removed from role"}


@router.get("/tenants/{tenant_id}/roles", responses=answers(404))
def list_roles(tenant_id: UUID, caller: Caller, context: Ctx) -> list[dict[str, Any]]:
    """List the roles of a tenant."""
    with context.database.read() as state:
        return roles_of_tenant(state, tenant_of_member(state, caller, str(tenant_id)).id)


@router.get("/tenants/{tenant_id}/roles/users/{user_id}", responses=answers(404))
def list_roles_of(
    tenant_id: UUID, user_id: UUID, caller: Caller, context: Ctx
) -> list[dict[str, Any]]:
    """List the roles that a member has in a tenant."""
    with context.database.read() as state:
        tenant = tenant_of_member(state, caller, str(tenant_id))
        if not is_member(state, tenant.id, str(user_id)):
            raise unknown_user()
        return roles_of_user(state, tenant.id, str(user_id))


@router.get("/tenants/{tenant_id}/roles/{role_id}/users", responses=answers(404))
def list_users(
    tenant_id: UUID, role_id: UUID, caller: Caller, context: Ctx
) -> list[dict[str, Any]]:
    """List who has a role."""
    with context.database.read() as state:
        role = role_for(state, caller, str(role_id))
        if role.tenant_id != str(tenant_id):
            raise refused(404, "Role not found.", "RoleNotFoundError")
        return users_of_role(state, role)


def _role_to_change(state: Connection, caller: User, role_id: UUID) -> Role:
    role = role_for(state, caller, str(role_id))
    capabilities.tenant_to_change(state, caller, role.tenant_id, capabilities.MANAGE_USERS)
    return role
