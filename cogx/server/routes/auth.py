"""Knows the routes by which users come in: register, log in, keys."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Response
from pydantic import BaseModel, Field, SecretStr

from cogx.server.context import Caller, Ctx
from cogx.server.identity.secrets import is_password, new_token
from cogx.server.identity.users import (
    User,
    add_key,
    add_user,
    keys_of,
    remove_key,
    user_by_email,
)
from cogx.server.refusals import refused

router: Final = APIRouter(prefix="/api/v1", tags=["auth"])


class Registration(BaseModel):
    """Who wants to come in; what else is sent changes nothing."""

    email: str = Field(max_length=320, pattern=r"^[^@\s]+@[^@\s]+$")
    password: SecretStr = Field(min_length=8, max_length=1024)


class KeyName(BaseModel):
    """What a key is called."""

    name: str | None = Field(None, max_length=200)


@router.post("/auth/register", status_code=201)
def register(registration: Registration, context: Ctx) -> dict[str, Any]:
    """Add a user."""
    if not context.settings.open_registration:
        raise refused(403, "This server takes no registrations. Ask its operator for an account.")
    with context.database.write() as state:
        user = add_user(state, registration.email, registration.password.get_secret_value())
    return user_body(user)


@router.post("/auth/login")
def login(
    username: Annotated[str, Form()],
    password: Annotated[str, Form()],
    response: Response,
    context: Ctx,
) -> dict[str, str]:
    """Give a token for an address and a password, also as a cookie."""
    with context.database.read() as state:
        user = user_by_email(state, username)
    if user is None or not user.is_active or not is_password(password, user.hashed_password):
        raise refused(400, "LOGIN_BAD_CREDENTIALS")
    settings = context.settings
    token = new_token(
        user.id,
        user.hashed_password,
        settings.jwt_secret.get_secret_value(),
        settings.jwt_lifetime_s,
    )
    response.set_cookie(
        settings.auth_cookie, token, max_age=settings.jwt_lifetime_s, httponly=True, samesite="lax"
    )
    return {"access_token": token, "token_type": "bearer"}


@router.post("/auth/logout")
def logout(response: Response, caller: Caller, context: Ctx) -> dict[str, str]:
    """Take the cookie back."""
    response.delete_cookie(context.settings.auth_cookie)
    return {}


@router.get("/auth/me")
def me(caller: Caller) -> dict[str, str]:
    """Say who calls."""
    return {"email": caller.email}


@router.get("/users/me")
def my_user(caller: Caller) -> dict[str, Any]:
    """Say all of who calls."""
    return user_body(caller)


@router.get("/auth/api-keys")
def list_keys(caller: Caller, context: Ctx) -> list[dict[str, Any]]:
    """List the caller's keys by their labels; the keys themselves are not kept."""
    with context.database.read() as state:
        return keys_of(state, caller.id)


@router.post("/auth/api-keys")
def make_key(caller: Caller, context: Ctx, body: KeyName | None = None) -> dict[str, Any]:
    """Make a key. Its text is in this answer only."""
    with context.database.write() as state:
        name = body.name if body else None
        return add_key(state, caller.id, name, context.settings.max_api_keys)


@router.delete("/auth/api-keys/{key_id}")
def drop_key(key_id: str, caller: Caller, context: Ctx) -> None:
    """Remove a key."""
    with context.database.write() as state:
        remove_key(state, caller.id, key_id)


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
