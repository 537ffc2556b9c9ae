"""Knows the routes of users: who one is, how one changes oneself, what an operator changes."""

from __future__ import annotations

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, Field, SecretStr
from sqlalchemy import Connection

from cogx.server.context import Caller, Ctx
from cogx.server.identity.secrets import hashed
from cogx.server.identity.tenants import unknown_user
from cogx.server.identity.users import (
    AGENT_DOMAIN,
    User,
    change_user,
    user_by_email,
    user_by_id,
)
from cogx.server.refusals import refused
from cogx.server.routes.answers import answers

router: Final = APIRouter(prefix="/api/v1/users", tags=["users"])


def _no_agents(email: str) -> str:
    if email.lower().endswith(AGENT_DOMAIN):
        raise ValueError(f"addresses that end with {AGENT_DOMAIN} are for agents")
    return email


Email = Annotated[
    str, Field(max_length=320, pattern=r"^[^@\s]+@[^@\s]+$"), AfterValidator(_no_agents)
]
Password = Annotated[SecretStr, Field(min_length=8, max_length=1024)]


class Address(BaseModel):
    """Whose id is asked for."""

    email: str = Field(max_length=320)


class OwnChanges(BaseModel):
    """What users change of themselves; what else is sent changes nothing."""

    email: Email | None = None
    password: Password | None = None


class Changes(OwnChanges):
    """What operators change of others."""

    is_active: bool | None = None
    is_superuser: bool | None = None
    is_verified: bool | None = None


@router.get("/me")
def get_me(caller: Caller) -> dict[str, Any]:
    """Say all of who calls."""
    return user_body(caller)


@router.patch("/me")
def change_me(body: OwnChanges, caller: Caller, context: Ctx) -> dict[str, Any]:
    """Change the caller's address or password; a new password ends all tokens."""
    kept = _kept(body)
    with context.database.write() as state:
        return user_body(change_user(state, caller, email=body.email, kept=kept))


@router.post("/get-user-id", responses=answers(404))
def find(body: Address, caller: Caller, context: Ctx) -> dict[str, str]:
    """Say which id somebody has, to share datasets with or to add to a tenant."""
    with context.database.read() as state:
        found = user_by_email(state, body.email)
    if found is None or found.is_agent:
        raise unknown_user()
    return {"user_id": found.id}


@router.get("/{user_id}", responses=answers(403, 404))
def get_user(user_id: UUID, caller: Caller, context: Ctx) -> dict[str, Any]:
    """Say all of a user to an operator."""
    _require_operator(caller)
    with context.database.read() as state:
        return user_body(_user(state, user_id))


@router.patch("/{user_id}", responses=answers(403, 404))
def change(user_id: UUID, body: Changes, caller: Caller, context: Ctx) -> dict[str, Any]:
    """Change a user for an operator: shut out, let in again, set another password."""
    _require_operator(caller)
    kept = _kept(body)
    flags = body.model_dump(exclude={"email", "password"}, exclude_none=True)
    with context.database.write() as state:
        found = _user(state, user_id)
        return user_body(change_user(state, found, email=body.email, kept=kept, flags=flags))


def user_body(user: User) -> dict[str, Any]:
    """Return a user as answers show one."""
    return {
        "id": user.id,
        "email": user.email,
        "is_active": user.is_active,
        "is_superuser": user.is_superuser,
        "is_verified": user.is_verified,
        "tenant_id": user.tenant_id,
        "parent_user_id": user.parent_user_id,
    }


def _require_operator(caller: User) -> None:
    if not caller.is_superuser:
        raise refused(403, "Only a superuser may do that.", "PermissionDeniedError")


def _user(state: Connection, user_id: UUID) -> User:
    found = user_by_id(state, str(user_id))
    if found is None:
        raise unknown_user()
    return found


def _kept(body: OwnChanges) -> str | None:
    return hashed(body.password.get_secret_value()) if body.password else None
