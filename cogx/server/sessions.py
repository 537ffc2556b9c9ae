"""Knows what was said in sessions, and what was asked: kept by user, never in a graph."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select

from cogx.server.bodies import instant
from cogx.server.state.database import now
from cogx.server.state.tables import interactions

KINDS: Final = ("qa", "trace", "feedback", "text", "recall")
_WORD: Final = re.compile(r"\w+")
_MOST_SEARCHED: Final = 2000


def keep(
    state: Connection,
    user_id: str,
    kind: str,
    *,
    question: str | None = None,
    answer: Any = None,
    session_id: str | None = None,
    dataset_ids: Sequence[str] = (),
) -> str:
    """Keep something that was said or asked; return its id."""
    made = str(uuid.uuid4())
    state.execute(
        insert(interactions).values(
            id=made,
            user_id=user_id,
            session_id=session_id,
            kind=kind,
            dataset_ids=list(dataset_ids),
            question=question,
            answer=answer,
            created_at=now(),
        )
    )
    return made


def history(state: Connection, user_id: str, limit: int) -> list[dict[str, Any]]:
    """Return what a user has asked, newest first."""
    rows = (
        select(interactions)
        .where(interactions.c.user_id == user_id, interactions.c.kind == "recall")
        .order_by(interactions.c.created_at.desc())
        .limit(limit)
    )
    return [
        {
            "id": row.id,
            "text": row.question,
            "user": user_id,
            "session_id": row.session_id,
            "created_at": instant(row.created_at),
        }
        for row in state.execute(rows)
    ]


def said(
    state: Connection, user_id: str, session_id: str, words: str, limit: int
) -> list[dict[str, Any]]:
    """Return what was said in a session in which any of the words stand, newest first."""
    wanted = {word.lower() for word in _WORD.findall(words)}
    rows = (
        select(interactions)
        .where(
            interactions.c.user_id == user_id,
            interactions.c.session_id == session_id,
            interactions.c.kind.in_(("qa", "text")),
        )
        .order_by(interactions.c.created_at.desc())
        .limit(_MOST_SEARCHED)
    )
    found: list[dict[str, Any]] = []
    for row in state.execute(rows):
        if len(found) == limit:
            break
        told = row.answer or {}
        text = f"{row.question or ''} {told.get('answer', '')} {told.get('context', '')}"
        if wanted & {word.lower() for word in _WORD.findall(text)}:
            found.append(
                {
                    "source": "session",
                    "time": instant(row.created_at),
                    "qa_id": row.id,
                    "question": row.question or "",
                    "context": str(told.get("context", "")),
                    "answer": str(told.get("answer", "")),
                }
            )
    return found


def forget_all(state: Connection, user_id: str) -> None:
    """Forget all that a user has said and asked."""
    state.execute(delete(interactions).where(interactions.c.user_id == user_id))
