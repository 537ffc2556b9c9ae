"""Knows what the routes of one server share, and who calls: dependencies of FastAPI."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import Connection

from cogx.server.agent_mode import Watchdog
from cogx.server.gate import Gate
from cogx.server.identity.secrets import claims_of, is_current
from cogx.server.identity.users import (
    User,
    default_user,
    note_activity,
    user_by_email,
    user_by_id,
    user_by_key,
)
from cogx.server.jobs.dispatcher import Dispatcher
from cogx.server.places import Places
from cogx.server.rate import check_rate
from cogx.server.refusals import Refusal, refused
from cogx.server.settings import Settings
from cogx.server.state.database import Database
from cogx.server.throttle import Throttle


@dataclass(frozen=True, slots=True)
class Context:
    """What a server has while it runs."""

    settings: Settings
    database: Database
    places: Places
    dispatcher: Dispatcher
    uploads: Gate
    logins: Throttle
    requests: Throttle | None = None
    watchdog: Watchdog | None = None


def context_of(request: Request) -> Context:
    """Return the server's context."""
    return cast("Context", request.app.state.context)


Ctx = Annotated[Context, Depends(context_of)]


_Key = Annotated[
    str | None, Security(APIKeyHeader(name="X-Api-Key", scheme_name="key", auto_error=False))
]
_Bearer = Annotated[
    HTTPAuthorizationCredentials | None,
    Security(HTTPBearer(scheme_name="token", auto_error=False)),
]
_Cookie = Annotated[
    str | None, Security(APIKeyCookie(name="auth_token", scheme_name="cookie", auto_error=False))
]
"""For the API's description: the operator may have named the cookie otherwise."""


def caller_of(request: Request, context: Ctx, key: _Key, bearer: _Bearer, _: _Cookie) -> User:
    """Return who calls: by API key, bearer token or cookie, the first that is somebody's.

    Raises:
        Refusal: nobody's, or somebody's who may not call any more (401), or calls too often (429).
    """
    settings = context.settings
    cookie = request.cookies.get(settings.auth_cookie)
    tokens = [token for token in (bearer and bearer.credentials, cookie) if token]
    with context.database.read() as state:
        found = _by_key_or_token(state, key, tokens, settings.jwt_secret.get_secret_value())
        parent = found and found.parent_user_id and user_by_id(state, found.parent_user_id)
        if found is None and not settings.require_authentication:
            found = user_by_email(state, settings.default_user_email)
    if found is None:
        if settings.require_authentication:
            raise _unknown()
        with context.database.write() as state:
            found = default_user(state, settings.default_user_email, None)
    if not found.is_active or (parent and not parent.is_active):
        raise refused(401, "This user may not call any more.")
    request.state.user = found.id  # For the log.
    check_rate(context.requests, found)
    note_activity(context.database, found)
    return found


Caller = Annotated[User, Depends(caller_of)]


def _by_key_or_token(
    state: Connection, key: str | None, tokens: list[str], secret: str
) -> User | None:
    """Return the first user that a key or token is of."""
    if key and (found := user_by_key(state, key)):
        return found
    for token in tokens:
        claims = claims_of(token, secret)
        found = user_by_id(state, claims["sub"]) if claims else None
        if claims and found and is_current(claims, found.hashed_password, secret):
            return found
    return None


def _unknown() -> Refusal:
    return refused(
        401,
        "Authentication required. Send X-Api-Key, or a token of POST /api/v1/auth/login as "
        "Authorization: Bearer.",
        headers={"WWW-Authenticate": "Bearer"},
    )
