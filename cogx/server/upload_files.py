"""Knows the resumable uploads of a server: whose each is, how much of it is there, when it ends.

What is there is what the file's size says. Source: spec/wire.md#resumable.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import delete, insert, select

from cogx.server import quota
from cogx.server.context import Context
from cogx.server.form import base_name, too_large
from cogx.server.identity.users import User
from cogx.server.places import TAKEN
from cogx.server.refusals import Refusal, refused
from cogx.server.state.database import now
from cogx.server.state.tables import uploads

MOST_OPEN: Final = 32
"""Uploads that one user can have open."""
_MOST_TIMES: Final = 4
"""How many of the largest size they may hold together."""
_SURE_S: Final = 3600.0
"""How long an upload is kept after its last byte, however many the user has open."""
_WAIT_S: Final = 60


@dataclass(frozen=True, slots=True)
class Upload:
    """A resumable upload; ``size_bytes`` and ``sha256`` are None where its client knew neither."""

    id: str
    name: str
    size_bytes: int | None
    sha256: str | None
    path: Path

    def offset(self) -> int:
        """Return how many bytes are there.

        Raises:
            Refusal: the upload is over (404).
        """
        try:
            return self.path.stat().st_size
        except FileNotFoundError as error:
            raise unknown() from error


def begin(context: Context, caller: User, size: int | None, sha256: str | None, name: str) -> str:
    """Begin an upload; return its id. What nobody went on with for long is cleared away.

    Raises:
        Refusal: it would be too large (413), or the user has too many open (429).
    """
    most = context.settings.max_upload_bytes
    if size is not None and size > most:
        raise too_large(most)
    _clear(context)
    _make_room(context, caller, most if size is None else size)
    quota.check(context, caller.id, size or 0)
    made, moment = str(uuid4()), now()
    with context.database.write() as state:
        state.execute(
            insert(uploads).values(
                id=made, owner_id=caller.id, name=base_name(name.encode()), size_bytes=size,
                sha256=sha256 and sha256.lower(), created_at=moment, updated_at=moment,
            )
        )  # fmt: skip
    # Afterwards: a file that no row is of is cleared away, a row without its file is over.
    context.places.upload(made).touch(0o600, exist_ok=False)
    return made


def upload_of(context: Context, caller: User, upload_id: str) -> Upload:
    """Return an upload of a user.

    Raises:
        Refusal: it is another's, over, or never was (404).
    """
    mine = (uploads.c.id == upload_id) & (uploads.c.owner_id == caller.id)
    with context.database.read() as state:
        row = state.execute(select(uploads).where(mine)).first()
    if row is None:
        raise unknown()
    path = context.places.upload(row.id)
    found = Upload(row.id, row.name, row.size_bytes, row.sha256, path)
    found.offset()
    return found


def drop(context: Context, upload_id: str) -> None:
    """Forget an upload and what is there of it."""
    with context.database.write() as state:
        state.execute(delete(uploads).where(uploads.c.id == upload_id))
    context.places.upload(upload_id).unlink(missing_ok=True)


def unknown() -> Refusal:
    """Return the answer for an upload that is another's, or not there."""
    return refused(404, "There is no such upload.", "EntityNotFoundError")


def _clear(context: Context) -> None:
    """Forget uploads that nobody went on with, and files that are no upload's."""
    oldest = now() - timedelta(seconds=context.settings.upload_kept_s)
    with context.database.write() as state:
        state.execute(delete(uploads).where(uploads.c.updated_at < oldest))
        files = context.places.uploads()  # Before the rows: a new file has its row already.
        known = set(state.scalars(select(uploads.c.id)))
    for path in files:
        if path.name.removesuffix(TAKEN) not in known:
            path.unlink(missing_ok=True)


def _make_room(context: Context, caller: User, size: int) -> None:
    """Let uploads of long ago give way to a new one of this size.

    Raises:
        Refusal: the user has too many open that are not old (429).
    """
    mine = select(uploads).where(uploads.c.owner_id == caller.id).order_by(uploads.c.updated_at)
    with context.database.read() as state:
        rows = list(state.execute(mine))
    most = context.settings.max_upload_bytes
    old = now() - timedelta(seconds=_SURE_S)
    while len(rows) >= MOST_OPEN or _bytes(rows, most) + size > _MOST_TIMES * most:
        if rows[0].updated_at > old:
            raise refused(
                429, "Too many uploads are open. Use them, or drop them, and try again.",
                code="upload.too-many", headers={"Retry-After": str(_WAIT_S)},
            )  # fmt: skip
        drop(context, rows.pop(0).id)


def _bytes(rows: Sequence[Any], most: int) -> int:
    return sum(most if row.size_bytes is None else row.size_bytes for row in rows)
