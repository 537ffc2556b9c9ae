"""Knows the users of a server and their API keys; never what they may see."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError, OperationalError

from cogx.server.identity.secrets import hashed, is_usable, key_digest, new_key, unusable
from cogx.server.refusals import Refusal, refused
from cogx.server.state.database import Database, now
from cogx.server.state.tables import api_keys, connections, users

AGENT_DOMAIN: Final = "@cognee.agent"
_ACTIVITY_EVERY: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may call. ``hashed_password`` is for comparing only and never leaves."""

    id: str
    email: str
    hashed_password: str
    is_active: bool
    is_superuser: bool
    is_verified: bool
    tenant_id: str | None
    parent_user_id: str | None
    created_at: datetime
    last_active_at: datetime | None

    def __repr__(self) -> str:
        return f"User({self.id}, {self.email})"

    @property
    def is_agent(self) -> bool:
        """Tell whether an agent calls, and no person."""
        return self.parent_user_id is not None


def user_by_id(state: Connection, user_id: str) -> User | None:
    """Return a user, None if there is none."""
    return _user(state.execute(select(users).where(users.c.id == user_id)).first())


def user_by_email(state: Connection, email: str) -> User | None:
    """Return a user by the address, in whatever case its letters are."""
    found = select(users).where(func.lower(users.c.email) == email.lower())
    return _user(state.execute(found).first())


def user_by_key(state: Connection, key: str) -> User | None:
    """Return whose key it is, None if nobody's."""
    joined = select(users).join(api_keys).where(api_keys.c.digest == key_digest(key))
    return _user(state.execute(joined).first())


def add_user(
    state: Connection, email: str, kept: str | None, *, superuser: bool = False,
    tenant_id: str | None = None, parent_user_id: str | None = None,
) -> User:  # fmt: skip
    """Add a user; without a password, as it is kept, nobody can log in as this one.

    Raises:
        Refusal: the address is taken (400).
    """
    if user_by_email(state, email) is not None:
        raise refused(400, "REGISTER_USER_ALREADY_EXISTS")
    row: dict[str, Any] = {
        "id": str(uuid.uuid4()),
        "email": email,
        "hashed_password": unusable() if kept is None else kept,
        "is_active": True,
        "is_superuser": superuser,
        "is_verified": superuser,
        "tenant_id": tenant_id,
        "parent_user_id": parent_user_id,
        "created_at": now(),
        "last_active_at": None,
    }
    try:
        state.execute(insert(users).values(row))
    except IntegrityError as error:
        raise refused(400, "REGISTER_USER_ALREADY_EXISTS") from error
    return User(**row)


def default_user(state: Connection, email: str, password: str | None = None) -> User:
    """Return the user as whom a server without authentication works, made if missing.

    A password is set if the user has none yet; later ones are for the user to change.
    """
    found = user_by_email(state, email) or add_user(state, email, None, superuser=True)
    if password is not None and not is_usable(found.hashed_password):
        return change_user(state, found, kept=hashed(password))
    return found


def change_user(
    state: Connection,
    user: User,
    *,
    email: str | None = None,
    kept: str | None = None,
    flags: Mapping[str, bool] | None = None,
) -> User:
    """Change what is given and return the user; a new password ends all tokens.

    Args:
        kept: what is kept of the new password; make it before the state is locked.

    Raises:
        Refusal: the address is taken (400), or an agent would get an address or password (400).
    """
    if user.is_agent and (email or kept):
        raise refused(400, "An agent has no password, and its address follows from its name.")
    if email and (other := user_by_email(state, email)) and other.id != user.id:
        raise refused(400, "UPDATE_USER_EMAIL_ALREADY_EXISTS")
    changes: dict[str, Any] = dict(flags or {})
    changes |= {"email": email} if email else {}
    changes |= {"hashed_password": kept} if kept else {}
    if changes:
        state.execute(update(users).where(users.c.id == user.id).values(changes))
    return replace(user, **changes)


def note_activity(database: Database, user: User) -> None:
    """Keep that a user calls, and so do the user's sessions; once a minute is often enough.

    A state that is busy may miss it.
    """
    moment = now()
    if user.last_active_at and moment - user.last_active_at < _ACTIVITY_EVERY:
        return
    with suppress(OperationalError), database.write() as state:
        state.execute(update(users).where(users.c.id == user.id).values(last_active_at=moment))
        there = connections.c.active & (connections.c.user_id == user.id)
        state.execute(update(connections).where(there).values(last_active_at=moment))


def add_key(state: Connection, user_id: str, name: str | None, most: int) -> dict[str, Any]:
    """Add an API key; its text is in this answer and never again.

    Raises:
        Refusal: the user has as many as one may have (400).
    """
    count = select(func.count()).where(api_keys.c.user_id == user_id)
    if (state.scalar(count) or 0) >= most:
        message = f"A user may have {most} API keys. Delete one first."
        raise Refusal(400, {"error": {"message": message}})
    key, digest, label = new_key()
    row = {"id": str(uuid.uuid4()), "user_id": user_id, "name": name, "label": label}
    state.execute(insert(api_keys).values(**row, digest=digest, created_at=now()))
    return {"key": key, "label": label, "name": name, "id": row["id"]}


def keys_of(state: Connection, user_id: str) -> list[dict[str, Any]]:
    """Return a user's keys, oldest first; in the place of each stands its label."""
    rows = select(api_keys).where(api_keys.c.user_id == user_id).order_by(api_keys.c.created_at)
    return [
        {"key": row.label, "label": row.label, "name": row.name, "id": row.id}
        for row in state.execute(rows)
    ]


def remove_key(state: Connection, user_id: str, key_id: str) -> None:
    """Remove a key of a user.

    Raises:
        Refusal: the user has no such key (404).
    """
    mine = (api_keys.c.id == key_id) & (api_keys.c.user_id == user_id)
    if not state.execute(delete(api_keys).where(mine)).rowcount:
        raise refused(404, "There is no such API key.")


def _user(row: Row[Any] | None) -> User | None:
    return None if row is None else User(**row._mapping)
