"""Knows the requests that were told to be the same if they come again, and the jobs they became.

Source: spec/wire.md#idempotency.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select

from cogx.server.context import Context
from cogx.server.identity.users import User
from cogx.server.jobs.queue import ENDED, Job, job_by_id
from cogx.server.refusals import failed, invalid
from cogx.server.state.database import now
from cogx.server.state.tables import idempotency_keys as table

_LONGEST: Final = 255
_KEPT: Final = timedelta(days=2)
_FILES: Final = ("sha256", "upload_id")
"""What says which archive is meant; one is enough: an upload that was used up has no bytes."""


@dataclass(frozen=True, slots=True)
class Once:
    """A request that is to be done once, if it has a key.

    Args:
        request: what must be the same where the key is.
    """

    caller: User
    key: str | None
    request: dict[str, Any]

    def keep(self, state: Connection, job_ids: Sequence[str]) -> None:
        """Keep what it has become; what is older than two days is forgotten."""
        if self.key is None:
            return
        state.execute(delete(table).where(table.c.created_at < now() - _KEPT))
        state.execute(
            insert(table).values(
                user_id=self.caller.id, key=self.key, request=self.request,
                job_ids=list(job_ids), created_at=now(),
            )
        )  # fmt: skip

    def earlier(self, context: Context) -> list[Job] | None:
        """Return the jobs that the request has become already, None if it is new.

        Raises:
            Refusal: another request had the key (422).
        """
        if self.key is None:
            return None
        mine = (table.c.user_id == self.caller.id) & (table.c.key == self.key)
        with context.database.read() as state:
            row = state.execute(select(table).where(mine)).first()
            found = [job_by_id(state, one) for one in row.job_ids] if row else []
        if row is None:
            return None
        if not _is_same(row.request, self.request):
            raise failed(
                422, "Another request had this Idempotency-Key. Use a new key for each push.",
                code="idempotency_mismatch",
            )  # fmt: skip
        return [job for job in found if job is not None]


def checked_key(text: str | None) -> str | None:
    """Return a key if it can be one.

    Raises:
        Refusal: it is none (400).
    """
    if text is not None and not (
        0 < len(text) <= _LONGEST and text.isascii() and text.isprintable()
    ):
        where = ("header", "idempotency-key")
        raise invalid(where, f"It has 1 to {_LONGEST} printable ASCII characters.")
    return text


def check_ended(jobs: Sequence[Job]) -> None:
    """Raise while a request that is to be answered once more has no answer yet (409)."""
    if any(job.status not in ENDED for job in jobs):
        raise failed(
            409, "The request with this Idempotency-Key is under way.",
            code="in_progress", pipeline_run_id=jobs[-1].id,
        )  # fmt: skip


def _is_same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    if any(one[name] != other[name] for name in one if name not in _FILES):
        return False
    return any(one[name] and one[name] == other[name] for name in _FILES)
