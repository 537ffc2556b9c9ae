"""Knows what the routes of one server share, and who calls: dependencies of FastAPI."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request

from cogx.server.gate import Gate
from cogx.server.identity.secrets import claims_of, is_current
from cogx.server.identity.users import User, default_user, user_by_id, user_by_key
from cogx.server.jobs.dispatcher import Dispatcher
from cogx.server.places import Places
from cogx.server.refusals import refused
from cogx.server.settings import Settings
from cogx.server.state.database import Database


@dataclass(frozen=True, slots=True)
class Context:
    """What a server has while it runs."""

    settings: Settings
    database: Database
    places: Places
    dispatcher: Dispatcher
    uploads: Gate


def context_of(request: Request) -> Context:
    """Return the server's context."""
    return cast("Context", request.app.state.context)


Ctx = Annotated[Context, Depends(context_of)]


def caller_of(request: Request, context: Ctx) -> User:
    """Return who calls: by API key, bearer token or cookie, the first that is somebody's.

    Raises:
        Refusal: nobody's, or somebody's who may not call any more (401).
    """
    settings = context.settings
    with context.database.read() as state:
        if key := request.headers.get("x-api-key"):
            found = user_by_key(state, key)
            if found is not None:
                return _active(found)
        for token in _tokens(request, settings.auth_cookie):
            secret = settings.jwt_secret.get_secret_value()
            claims = claims_of(token, secret)
            found = user_by_id(state, claims["sub"]) if claims else None
            if claims and found and is_current(claims, found.hashed_password, secret):
                return _active(found)
    if settings.require_authentication:
        raise refused(
            401,
            "Authentication required. Send X-Api-Key, or a token of POST /api/v1/auth/login as "
            "Authorization: Bearer.",
            headers={"WWW-Authenticate": "Bearer"},
        )
    with context.database.write() as state:
        return default_user(state, settings.default_user_email, None)


Caller = Annotated[User, Depends(caller_of)]


def _tokens(request: Request, cookie: str) -> list[str]:
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    sent = bearer.strip() if scheme.lower() == "bearer" else ""
    return [token for token in (sent, request.cookies.get(cookie, "")) if token]


def _active(user: User) -> User:
    if not user.is_active:
        raise refused(401, "This user may not call any more.")
    return user
