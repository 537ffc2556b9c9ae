"""Knows what a user may do with which datasets; never what is in them.

Rights come from the user's own grants, those of the user's agents, of the current tenant and of the
user's roles in it. Only datasets of the current tenant are seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy import Connection, delete, insert, select, union_all

from cogx.server.identity.users import User
from cogx.server.refusals import not_permitted, refused
from cogx.server.state.tables import (
    datasets,
    grants,
    role_members,
    roles,
    tenant_members,
    users,
)

PERMISSIONS: Final = ("read", "write", "delete", "share")


def checked_permission(name: str) -> str:
    """Return a permission's name if there is such a one.

    Raises:
        Refusal: there is none (403, as with cognee).
    """
    if name not in PERMISSIONS:
        raise refused(
            403,
            f"Permission {name!r} not found. Known: {', '.join(PERMISSIONS)}.",
            "PermissionNotFoundError",
        )
    return name


def principals_of(state: Connection, user: User) -> list[str]:
    """Return the ids whose grants are this user's, too: agents, tenant, roles."""
    found = [user.id, *state.scalars(select(users.c.id).where(users.c.parent_user_id == user.id))]
    if user.tenant_id is not None:
        member = select(tenant_members.c.tenant_id).where(
            (tenant_members.c.tenant_id == user.tenant_id) & (tenant_members.c.user_id == user.id)
        )
        found += state.scalars(member)
        found += state.scalars(
            select(roles.c.id)
            .join(role_members)
            .where((role_members.c.user_id == user.id) & (roles.c.tenant_id == user.tenant_id))
        )
    return found


def permitted(state: Connection, user: User, permission: str) -> list[str]:
    """Return the ids of all datasets of the current tenant with which a user may do something."""
    checked_permission(permission)
    rows = (
        select(datasets.c.id)
        .join(grants)
        .where(
            grants.c.permission == permission,
            grants.c.principal_id.in_(principals_of(state, user)),
            datasets.c.tenant_id == user.tenant_id
            if user.tenant_id is not None
            else datasets.c.tenant_id.is_(None),
        )
        .distinct()
    )
    return list(state.scalars(rows))


def require(state: Connection, user: User, permission: str, ids: Iterable[str]) -> list[str]:
    """Return the ids if the user may do that with each of them.

    Raises:
        Refusal: one of them is another's or not there (403: nobody learns which).
    """
    asked = list(ids)
    if not set(asked) <= set(permitted(state, user, permission)):
        raise not_permitted(permission)
    return asked


def grant(
    state: Connection, principal_id: str, permission: str, dataset_ids: Sequence[str]
) -> None:
    """Let a user, tenant or role do something with datasets; again changes nothing."""
    checked_permission(permission)
    for dataset_id in dataset_ids:
        row = {"principal_id": principal_id, "dataset_id": dataset_id, "permission": permission}
        state.execute(delete(grants).filter_by(**row))
        state.execute(insert(grants).values(row))


def revoke(
    state: Connection, principal_id: str, permission: str, dataset_ids: Sequence[str]
) -> None:
    """Take that back; what was never granted is fine."""
    checked_permission(permission)
    for dataset_id in dataset_ids:
        state.execute(
            delete(grants).filter_by(
                principal_id=principal_id, dataset_id=dataset_id, permission=permission
            )
        )


def checked_principal(state: Connection, user: User, principal_id: str) -> str:
    """Return the id of somebody to whom a user may give rights.

    That is any user, and the tenants that the user is in with their roles.

    Raises:
        Refusal: there is nobody of this id, or it is a tenant or role of others (404).
    """
    mine = select(tenant_members.c.tenant_id).where(tenant_members.c.user_id == user.id)
    known = union_all(
        select(users.c.id).where(users.c.id == principal_id),
        select(tenant_members.c.tenant_id).where(
            tenant_members.c.user_id == user.id, tenant_members.c.tenant_id == principal_id
        ),
        select(roles.c.id).where(roles.c.id == principal_id, roles.c.tenant_id.in_(mine)),
    )
    if state.execute(known).first() is None:
        raise refused(404, "There is no such user, role or tenant.", "EntityNotFoundError")
    return principal_id


def granted(state: Connection, principal_id: str, permission: str) -> list[str]:
    """Return the ids of the datasets that were given to a user, role or tenant itself."""
    checked_permission(permission)
    rows = select(grants.c.dataset_id).filter_by(principal_id=principal_id, permission=permission)
    return list(state.scalars(rows))
