"""Knows the routes of tenants: make one, work in one, who is in it, what they may change."""

from __future__ import annotations

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query

from cogx.server.bodies import Camel
from cogx.server.context import Caller, Ctx
from cogx.server.identity import capabilities
from cogx.server.identity.tenants import (
    add_member,
    make_tenant,
    members,
    remove_member,
    select_tenant,
    tenant_of_member,
    tenants_of,
)
from cogx.server.routes.answers import answers

router: Final = APIRouter(prefix="/api/v1/permissions", tags=["tenants"])

Name = Annotated[str, Query(min_length=1, max_length=200, pattern=r"\S")]
Capabilities = Annotated[list[capabilities.Capability], Query(min_length=1, max_length=20)]


class Selection(Camel):
    """The tenant to work in, or none."""

    tenant_id: UUID | None


@router.post("/tenants")
def make(tenant_name: Name, caller: Caller, context: Ctx) -> dict[str, str]:
    """Make a tenant. The caller owns it and works in it from now on."""
    with context.database.write() as state:
        made = make_tenant(state, caller, tenant_name)
    return {"message": "Tenant created.", "tenant_id": made.id}


@router.post("/tenants/select", responses=answers(404))
def choose(body: Selection, caller: Caller, context: Ctx) -> dict[str, str]:
    """Work in a tenant from now on, or in none: only its datasets are seen."""
    chosen = str(body.tenant_id) if body.tenant_id else None
    with context.database.write() as state:
        select_tenant(state, caller, chosen)
    return {"message": "Tenant selected.", "tenant_id": str(chosen)}


@router.get("/tenants/me")
def list_mine(caller: Caller, context: Ctx) -> list[dict[str, str]]:
    """List the tenants that the caller is a member of."""
    with context.database.read() as state:
        return [{"id": one.id, "name": one.name} for one in tenants_of(state, caller)]


@router.get("/tenants/{tenant_id}/users", responses=answers(404))
def list_members(tenant_id: UUID, caller: Caller, context: Ctx) -> list[dict[str, Any]]:
    """List the members of a tenant with their roles."""
    with context.database.read() as state:
        return members(state, tenant_of_member(state, caller, str(tenant_id)).id)


@router.post("/users/{user_id}/tenants", responses=answers(403, 404, 409))
def add(user_id: UUID, tenant_id: UUID, caller: Caller, context: Ctx) -> dict[str, str]:
    """Add a user to a tenant."""
    with context.database.write() as state:
        tenant = capabilities.tenant_to_change(
            state, caller, str(tenant_id), capabilities.MANAGE_USERS
        )
        add_member(state, tenant, str(user_id))
    return {"message": "User added to tenant"}


@router.delete("/tenants/{tenant_id}/users/{user_id}", responses=answers(403, 404))
def remove(tenant_id: UUID, user_id: UUID, caller: Caller, context: Ctx) -> dict[str, str]:
    """Remove a user from a tenant; everybody may leave."""
    with context.database.write() as state:
        tenant = tenant_of_member(state, caller, str(tenant_id))
        if str(user_id) != caller.id:
            capabilities.require_capabilities(state, caller, tenant, [capabilities.MANAGE_USERS])
        remove_member(state, tenant, str(user_id))
    return {"message": "User removed from tenant"}


@router.get("/tenants/{tenant_id}/capabilities/me", responses=answers(404))
def list_capabilities(tenant_id: UUID, caller: Caller, context: Ctx) -> dict[str, list[str]]:
    """Say what the caller may change in a tenant."""
    with context.database.read() as state:
        tenant = tenant_of_member(state, caller, str(tenant_id))
        return {"capabilities": capabilities.capabilities_of(state, caller, tenant)}


@router.post("/capabilities/{principal_id}", responses=answers(403, 404))
def give(
    principal_id: UUID,
    capability: Capabilities,
    caller: Caller,
    context: Ctx,
    tenant_id: UUID | None = None,
) -> dict[str, str]:
    """Let a member, a role or all of a tenant change something in it, at most what one may."""
    told = str(tenant_id) if tenant_id else caller.tenant_id
    with context.database.write() as state:
        meant = capabilities.scope(state, caller, str(principal_id), told)
        tenant = tenant_of_member(state, caller, meant)
        capabilities.give(state, caller, tenant, str(principal_id), capability)
    return {"message": "Capability granted."}


@router.delete("/capabilities/{principal_id}", responses=answers(403, 404))
def take(
    principal_id: UUID,
    capability: Capabilities,
    caller: Caller,
    context: Ctx,
    tenant_id: UUID | None = None,
) -> dict[str, str]:
    """Take that back; what was never given is fine."""
    told = str(tenant_id) if tenant_id else caller.tenant_id
    with context.database.write() as state:
        meant = capabilities.scope(state, caller, str(principal_id), told)
        tenant = tenant_of_member(state, caller, meant)
        capabilities.take(state, caller, tenant, str(principal_id), capability)
    return {"message": "Capability revoked."}
