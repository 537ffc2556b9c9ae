"""Knows the routes of agents as users of their own: make, list, show, remove."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy import Connection

from cogx.server.bodies import Camel
from cogx.server.context import Caller, Ctx
from cogx.server.identity.agents import (
    agent_of,
    agents_of,
    key_label,
    make_agent,
    remove_agent,
    shown_email,
)
from cogx.server.identity.users import User
from cogx.server.routes.answers import answers

router: Final = APIRouter(prefix="/api/v1/agents", tags=["agents"])


class AgentBody(Camel):
    """An agent in answers."""

    agent_id: str
    agent_email: str
    api_key_label: str | None

    @classmethod
    def of(cls, state: Connection, agent: User) -> AgentBody:
        """Return how answers show an agent."""
        return cls(
            agent_id=agent.id,
            agent_email=shown_email(agent),
            api_key_label=key_label(state, agent),
        )


class NewAgentBody(Camel):
    """An agent in the answer that made it, with its key."""

    agent_id: str
    agent_email: str
    agent_api_key: str


@router.post("/create", responses=answers(403, 409))
def make(name: Annotated[str, Query(max_length=200)], caller: Caller, context: Ctx) -> NewAgentBody:
    """Make an agent. The text of its key is in this answer only."""
    with context.database.write() as state:
        agent, key = make_agent(state, caller, name)
    return NewAgentBody(agent_id=agent.id, agent_email=shown_email(agent), agent_api_key=key)


@router.get("/list")
def list_agents(caller: Caller, context: Ctx) -> list[AgentBody]:
    """List the agents that the caller has made."""
    with context.database.read() as state:
        return [AgentBody.of(state, one) for one in agents_of(state, caller)]


@router.get("/{agent_id}", responses=answers(403, 404))
def show(agent_id: UUID, caller: Caller, context: Ctx) -> AgentBody:
    """Show an agent that the caller has made."""
    with context.database.read() as state:
        return AgentBody.of(state, agent_of(state, caller, str(agent_id)))


@router.delete("/{agent_id}", responses=answers(403, 404))
def remove(agent_id: UUID, caller: Caller, context: Ctx) -> None:
    """Remove an agent that the caller has made; the datasets that it made stay."""
    with context.database.write() as state:
        remove_agent(state, agent_of(state, caller, str(agent_id)))
