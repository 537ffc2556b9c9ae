"""Knows the routes by which users come in: register, log in, keys."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Request, Response
from pydantic import BaseModel, Field

from cogx.server.context import Caller, Context, Ctx
from cogx.server.identity.secrets import hashed, is_password, new_token
from cogx.server.identity.users import (
    User,
    add_key,
    add_user,
    keys_of,
    remove_key,
    user_by_email,
)
from cogx.server.refusals import refused
from cogx.server.routes.answers import answers
from cogx.server.routes.users import Email, Password, user_body

router: Final = APIRouter(prefix="/api/v1/auth", tags=["auth"])


class Registration(BaseModel):
    """Who wants to come in; what else is sent changes nothing."""

    email: Email
    password: Password


class KeyName(BaseModel):
    """What a key is called."""

    name: str | None = Field(None, max_length=200)


@router.post("/register", status_code=201, responses=answers(403))
def register(registration: Registration, context: Ctx) -> dict[str, Any]:
    """Add a user."""
    settings = context.settings
    if not settings.open_registration:
        raise refused(403, "This server takes no registrations. Ask its operator for an account.")
    if registration.email.lower() == settings.default_user_email.lower():
        raise refused(400, "REGISTER_USER_ALREADY_EXISTS")  # Taken, even while it is not there.
    kept = hashed(registration.password.get_secret_value())
    with context.database.write() as state:
        return user_body(add_user(state, registration.email, kept))


@router.post("/login", responses=answers(400, 429))
def login(
    request: Request,
    response: Response,
    context: Ctx,
    username: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
) -> dict[str, str]:
    """Give a token for an address and a password, also as a cookie.

    What is missing or malformed is a bad credential like any other.
    """
    user = _logged_in(context, request.client.host if request.client else "", username, password)
    settings = context.settings
    token = new_token(
        user.id,
        user.hashed_password,
        settings.jwt_secret.get_secret_value(),
        settings.jwt_lifetime_s,
    )
    response.set_cookie(
        settings.auth_cookie,
        token,
        max_age=settings.jwt_lifetime_s,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return {"access_token": token, "token_type": "bearer"}


@router.post("/logout")
def logout(response: Response, caller: Caller, context: Ctx) -> dict[str, str]:
    """Take the cookie back."""
    response.delete_cookie(context.settings.auth_cookie)
    return {}


@router.get("/me")
def me(caller: Caller) -> dict[str, str]:
    """Say who calls."""
    return {"email": caller.email}


@router.get("/api-keys")
def list_keys(caller: Caller, context: Ctx) -> list[dict[str, Any]]:
    """List the caller's keys by their labels; the keys themselves are not kept."""
    with context.database.read() as state:
        return keys_of(state, caller.id)


@router.post("/api-keys")
def make_key(caller: Caller, context: Ctx, body: KeyName | None = None) -> dict[str, Any]:
    """Make a key. Its text is in this answer only."""
    with context.database.write() as state:
        name = body.name if body else None
        return add_key(state, caller.id, name, context.settings.max_api_keys)


@router.delete("/api-keys/{key_id}", responses=answers(404))
def drop_key(key_id: str, caller: Caller, context: Ctx) -> None:
    """Remove a key."""
    with context.database.write() as state:
        remove_key(state, caller.id, key_id)


def _logged_in(context: Context, address: str, username: str, password: str) -> User:
    """Return who logs in.

    Raises:
        Refusal: nobody with this password (400), or too many tries of the address (429).
    """
    tried = (address, username.lower())
    if wait_s := context.logins.wait_s(tried):
        raise refused(
            429,
            "Too many logins that failed. Try again later.",
            code="login.too-many",
            headers={"Retry-After": str(wait_s)},
        )
    with context.database.read() as state:
        user = user_by_email(state, username)
    fits = is_password(password, user.hashed_password if user else None)
    if user is None or not fits or not user.is_active:
        raise refused(400, "LOGIN_BAD_CREDENTIALS")
    context.logins.forget(tried)
    return user
