"""Knows what a connected agent remembers with: datasets, and what was said in its session."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Connection, select

from cogx.server.bodies import instant
from cogx.server.connections import AgentConnection
from cogx.server.datasets import Dataset
from cogx.server.state.tables import interactions

_TYPES: Final = {
    "brain": "company_brain",
    "wiki": "knowledge_wiki",
    "project": "project_dataset",
}
"""What a dataset is taken for that has such a word in its name."""
_MOST_RECENT: Final = 20


def source_type(name: str) -> str:
    """Return what a dataset is taken for, by its name."""
    return next((type_ for word, type_ in _TYPES.items() if word in name.lower()), "dataset")


def session_body(agent: AgentConnection, known: Sequence[Dataset]) -> dict[str, Any]:
    """Return a session as answers show one; datasets that the caller may not read are left out."""
    names = {one.id: one.name for one in known}
    return {
        "id": agent.id,
        "agent_session_name": agent.agent_session_name,
        "type": agent.type,
        "memory_mode": agent.memory_mode,
        "session_id": agent.session_id,
        "user_id": agent.user_id,
        "tenant_id": agent.tenant_id,
        "datasets": [
            {"id": one, "name": names[one], "role": "read_write", "type": source_type(names[one])}
            for one in agent.dataset_ids
            if one in names
        ],
        "last_active_at": instant(agent.last_active_at),
        "status": "active" if agent.active else "inactive",
        "source": agent.source,
        "origin_function": agent.origin_function,
        "metadata": agent.details,
    }


def source_bodies(
    datasets: Sequence[Dataset], agents: Iterable[AgentConnection]
) -> list[dict[str, Any]]:
    """Return datasets as answers show them beside agents, each with those that use it."""
    users: dict[str, set[str]] = {one.id: set() for one in datasets}
    for agent in agents:
        for dataset_id in agent.dataset_ids:
            users.get(dataset_id, set()).add(agent.id)
    return [
        {
            "id": one.id,
            "name": one.name,
            "type": source_type(one.name),
            "owner_id": one.owner_id,
            "tenant_id": one.tenant_id,
            "status": "active",
            "connected_agent_ids": sorted(users[one.id]),
            "metadata": {},
        }
        for one in datasets
    ]


def recent(state: Connection, agent: AgentConnection, kind: str) -> list[dict[str, Any]]:
    """Return what was said last in an agent's session, oldest first; nothing if it has none."""
    if agent.session_id is None:
        return []
    rows = (
        select(interactions)
        .filter_by(user_id=agent.user_id, session_id=agent.session_id, kind=kind)
        .order_by(interactions.c.created_at.desc(), interactions.c.id)
        .limit(_MOST_RECENT)
    )
    found = [
        {
            "id": row.id,
            "time": instant(row.created_at),
            "question": row.question,
            "answer": row.answer,
        }
        for row in state.execute(rows)
    ]
    return found[::-1]
