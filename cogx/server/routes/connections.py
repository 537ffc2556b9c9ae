"""Knows the routes of connected agents: announce a session, end it, see which are there."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from cogx.server import connections
from cogx.server.bodies import Camel, JsonObject
from cogx.server.connections import Wanted
from cogx.server.context import Caller, Ctx
from cogx.server.datasets import Dataset, readable
from cogx.server.identity.users import User
from cogx.server.memory_sources import recent, session_body, source_bodies
from cogx.server.refusals import not_permitted, refused
from cogx.server.routes.answers import answers

router: Final = APIRouter(prefix="/api/v1/agents", tags=["agent connections"])

_MOST_ACTIVE: Final = 500
_STATUSES: Final = {"active": (True,), "inactive": (False,), "unknown": ()}

Text = Annotated[str, Field(max_length=500)]
SessionName = Annotated[str | None, Query(max_length=500)]


class Registration(BaseModel):
    """A session that announces itself.

    ``type`` is sdk, api, mcp, claude_code, workflow or unknown, ``memory_mode`` session, cognee,
    hybrid, none or unknown, ``source`` agent_memory, session_trace, serve, api_key, mcp or api;
    other words are kept as they are.
    """

    agent_session_name: Annotated[str, Field(min_length=1, max_length=500)]
    type: Text = "api"
    memory_mode: Text = "unknown"
    session_id: Text | None = None
    dataset_ids: list[Text] = Field(default_factory=list, max_length=1000)
    dataset_names: list[Text] = Field(default_factory=list, max_length=1000)
    source: Text = "api"
    origin_function: Text | None = None
    metadata: JsonObject = Field(default_factory=dict)


class Leave(BaseModel):
    """A session that ends."""

    agent_session_name: Annotated[str, Field(min_length=1, max_length=500)]


class Left(Camel):
    """How many are still there."""

    active_agents: int


@router.post("/register", status_code=201, responses=answers(403))
def register(body: Registration, caller: Caller, context: Ctx) -> dict[str, Any]:
    """Announce a session; again is the same connection."""
    with context.database.write() as state:
        known = readable(state, caller)
        kept = connections.register(
            state,
            caller,
            body.agent_session_name,
            _dataset_ids(known, body),
            body.metadata,
            **body.model_dump(
                include={"type", "memory_mode", "session_id", "source", "origin_function"}
            ),
        )
    if context.watchdog is not None:
        context.watchdog.arm()
    return session_body(kept, known)


@router.post("/unregister")
def unregister(body: Leave, caller: Caller, context: Ctx) -> Left:
    """Say that a session has ended; one that nobody knows is fine.

    The answer counts the sessions of the caller and of the caller's agents.
    """
    with context.database.write() as state:
        connections.unregister(state, caller, body.agent_session_name)
        _, left = connections.find(state, caller, Wanted(active=(True,)))
    return Left(active_agents=left)


@router.get("/connections")
def list_connections(
    caller: Caller,
    context: Ctx,
    agent_id: UUID | None = None,
    range: Literal["24h", "7d", "30d", "all"] = "30d",  # noqa: A002 - its name on the wire
    status: Literal["active", "inactive", "unknown"] | None = None,
    include_sources: bool = True,
    active_only: Annotated[
        bool | None, Query(description="By default true, unless a status is asked for.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=_MOST_ACTIVE)] = 50,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> dict[str, Any]:
    """List the sessions of the caller and of the caller's agents, those active last first."""
    only = active_only if active_only is not None else status is None
    found = _STATUSES[status] if status else (True, False)
    wanted = Wanted(
        agent_id=str(agent_id) if agent_id else None,
        range=range,
        active=[one for one in found if one or not only],
        limit=limit,
        offset=offset,
    )
    with context.database.read() as state:
        page, total = connections.find(state, caller, wanted)
        known = readable(state, caller)
    return {
        "agents": [session_body(one, known) for one in page],
        "memory_sources": source_bodies(known, page) if include_sources else [],
        "total": total,
        "limit": limit,
        "offset": offset,
        "has_more": offset + len(page) < total,
    }


@router.get("/connections/me", responses=answers(404))
def show_mine(
    caller: Caller, context: Ctx, agent_session_name: SessionName = None
) -> dict[str, Any]:
    """Show the caller's own session: by its name, else the one active last."""
    with context.database.read() as state:
        return _detail(state, caller, caller.id, agent_session_name)


@router.get("/connections/{agent_id}", responses=answers(404))
def show(
    agent_id: UUID, caller: Caller, context: Ctx, agent_session_name: SessionName = None
) -> dict[str, Any]:
    """Show a session of the caller or of one of the caller's agents."""
    with context.database.read() as state:
        return _detail(state, caller, str(agent_id), agent_session_name)


def _dataset_ids(known: list[Dataset], body: Registration) -> list[str]:
    """Return the ids of the datasets that a session names.

    Raises:
        Refusal: one of them may not be read, or is not there (403).
    """
    by_id = {one.id for one in known}
    by_name = {one.name: one.id for one in reversed(known)}
    asked = [one.lower() for one in body.dataset_ids]
    if not set(asked) <= by_id or not set(body.dataset_names) <= set(by_name):
        raise not_permitted("read")
    return list(dict.fromkeys([*asked, *(by_name[one] for one in body.dataset_names)]))


def _detail(state: Connection, caller: User, agent_id: str, name: str | None) -> dict[str, Any]:
    """Return all of a session; one that has ended only if it is asked for by its name."""
    active = (True,) if name is None else (True, False)
    wanted = Wanted(agent_id=agent_id, session_name=name, active=active)
    page, _ = connections.find(state, caller, wanted)
    if not page:
        raise refused(404, "connection not found")
    agent = page[0]
    known = readable(state, caller)
    session = {"session_id": agent.session_id, "user_id": agent.user_id}
    return {
        "agent": session_body(agent, known),
        "memory_sources": source_bodies(known, page),
        "recent_sessions": [session] if agent.session_id else [],
        "recent_traces": recent(state, agent, "trace"),
        "recent_qas": recent(state, agent, "qa"),
    }
