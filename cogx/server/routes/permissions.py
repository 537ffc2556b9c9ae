"""Knows the routes of rights at datasets: give them, take them back, list what somebody has."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Body, Query

from cogx.server import datasets
from cogx.server.context import Caller, Ctx
from cogx.server.identity.rights import (
    PERMISSIONS,
    checked_permission,
    checked_principal,
    grant,
    granted,
    require,
    revoke,
)
from cogx.server.refusals import refused
from cogx.server.routes.answers import answers
from cogx.server.routes.datasets import DatasetBody

router: Final = APIRouter(prefix="/api/v1/permissions", tags=["permissions"])

Permission = Annotated[str, Query(json_schema_extra={"enum": list(PERMISSIONS)})]
"""Only described as one of these: another word is answered with 403, as cognee does."""
Datasets = Annotated[list[UUID], Body(min_length=1, max_length=1000)]


@router.post("/datasets/{principal_id}", responses=answers(403, 404))
def give(
    principal_id: UUID, permission_name: Permission, body: Datasets, caller: Caller, context: Ctx
) -> dict[str, str]:
    """Let a user, a role or a tenant do something with datasets that the caller may share."""
    checked_permission(permission_name)
    with context.database.write() as state:
        ids = require(state, caller, "share", [str(one) for one in body])
        grant(state, checked_principal(state, caller, str(principal_id)), permission_name, ids)
    return {"message": "Permission assigned to principal"}


@router.delete("/datasets/{principal_id}", responses=answers(403))
def take(
    principal_id: UUID, permission_name: Permission, body: Datasets, caller: Caller, context: Ctx
) -> dict[str, str]:
    """Take that back; what was never given is fine. Nobody takes an owner's rights away."""
    checked_permission(permission_name)
    with context.database.write() as state:
        ids = require(state, caller, "share", [str(one) for one in body])
        owners = {datasets.dataset_by_id(state, one).owner_id for one in ids}
        if str(principal_id) in owners - {caller.id}:
            raise refused(403, "Nobody takes an owner's rights away.", "PermissionDeniedError")
        revoke(state, str(principal_id), permission_name, ids)
    return {"message": "Permission revoked from principal"}


@router.get("/principals/{principal_id}/datasets", responses=answers(403, 404))
def list_granted(
    principal_id: UUID, caller: Caller, context: Ctx, permission_name: Permission = "read"
) -> list[DatasetBody]:
    """List the datasets given to a user, a role or a tenant, of those that the caller may read."""
    with context.database.read() as state:
        found = set(
            granted(state, checked_principal(state, caller, str(principal_id)), permission_name)
        )
        return [DatasetBody.of(one) for one in datasets.readable(state, caller) if one.id in found]
