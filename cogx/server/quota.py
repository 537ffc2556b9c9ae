"""Knows how much a user keeps on the server, and how much that may be; never what it is.

A user and the user's agents are one: all that their datasets hold counts, and what they have
uploaded and not used yet.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from sqlalchemy import Connection, func, or_, select

from cogx.server.context import Caller, Context, Ctx
from cogx.server.refusals import failed
from cogx.server.state.tables import data_items, datasets, uploads, users

_AROUND_BYTES = 1 << 20
"""What a form may add to its files."""


@dataclass(frozen=True, slots=True)
class Usage:
    """How many bytes a user keeps: files as they were sent, stores of graphs, open uploads."""

    files_bytes: int
    graphs_bytes: int
    uploads_bytes: int

    @property
    def total_bytes(self) -> int:
        """All of it."""
        return self.files_bytes + self.graphs_bytes + self.uploads_bytes

    def body(self, quota_bytes: int | None) -> dict[str, Any]:
        """Return the usage as answers show it."""
        return {
            "files_bytes": self.files_bytes,
            "graphs_bytes": self.graphs_bytes,
            "uploads_bytes": self.uploads_bytes,
            "total_bytes": self.total_bytes,
            "quota_bytes": quota_bytes,
        }


def usage_of(context: Context, user_id: str) -> Usage:
    """Return what a user keeps, agents of the user included."""
    with context.database.read() as state:
        mine = _accounts(state, user_id)
        of_mine = datasets.c.owner_id.in_(mine)
        ids = list(state.scalars(select(datasets.c.id).where(of_mine)))
        sizes = select(func.sum(data_items.c.size_bytes)).join(datasets)
        files = state.scalar(sizes.where(of_mine, data_items.c.file_name.is_not(None)))
        rows = select(uploads.c.id, uploads.c.size_bytes).where(uploads.c.owner_id.in_(mine))
        begun = state.execute(rows).all()
    places = context.places
    return Usage(
        int(files or 0),
        sum(places.store_bytes(one) for one in ids),
        sum(_reserved(context, one.id, one.size_bytes) for one in begun),
    )


def check(context: Context, user_id: str, more_bytes: int) -> None:
    """Refuse what is more than a user may keep.

    Raises:
        Refusal: it is (413); the answer says how much there is.
    """
    most = context.settings.user_quota_bytes
    if most is None:
        return
    usage = usage_of(context, user_id)
    if usage.total_bytes + more_bytes > most:
        raise failed(
            413,
            f"{more_bytes:,} bytes more would be over the {most:,} bytes that this user may keep; "
            f"{usage.total_bytes:,} are used. Remove datasets or data that are not needed.",
            code="quota.exceeded",
            usage=usage.body(most),
        )


def _has_room(request: Request, caller: Caller, context: Ctx) -> None:
    """Refuse a body that is over the quota by its own word, before any of it is received."""
    told = request.headers.get("content-length", "")
    if told.isascii() and told.isdecimal():
        check(context, caller.id, max(0, int(told) - _AROUND_BYTES))


HasRoom = Annotated[None, Depends(_has_room)]


def _reserved(context: Context, upload_id: str, told: int | None) -> int:
    """Return what an open upload takes, or will; nothing while it becomes something else."""
    with suppress(FileNotFoundError):
        return max(context.places.upload(upload_id).stat().st_size, told or 0)
    return 0


def _accounts(state: Connection, user_id: str) -> list[str]:
    parent = state.scalar(select(users.c.parent_user_id).where(users.c.id == user_id))
    root = parent or user_id
    return list(
        state.scalars(
            select(users.c.id).where(or_(users.c.id == root, users.c.parent_user_id == root))
        )
    )
