"""Knows the routes of memory beside remember: recall, search, improve, forget, entries."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from anyio import to_thread
from fastapi import APIRouter, Query
from pydantic import Field

from cogx.server import datasets, sessions
from cogx.server.bodies import Camel, JsonObject, Name, Names, Text
from cogx.server.context import Caller, Context, Ctx
from cogx.server.forgetting import forget_datasets, forget_graph, forget_item
from cogx.server.identity.rights import permitted, require
from cogx.server.identity.users import User
from cogx.server.index import current_index
from cogx.server.recall import answering
from cogx.server.refusals import refused
from cogx.server.routes.answers import answers

router: Final = APIRouter(prefix="/api/v1", tags=["memory"])


class Asked(Camel):
    """A question, and where to look."""

    query: Text = Field(min_length=1)
    search_type: Name | None = None
    datasets: Names | None = None
    dataset_ids: Names | None = None
    top_k: int = Field(15, ge=1, le=1000)
    system_prompt: Text | None = None
    only_context: bool = False
    session_id: Name | None = None


class Entry(Camel):
    """Something that was said: ``type`` says what kind of thing."""

    type: Literal["qa", "trace", "feedback"]
    question: Text | None = None
    context: Text | None = None
    answer: Text | None = None
    feedback_text: Text | None = None
    feedback_score: int | None = Field(None, ge=1, le=5)
    qa_id: Name | None = None
    details: JsonObject | None = None


class EntryBody(Camel):
    """An entry, and the session it was said in."""

    entry: Entry
    dataset_name: Name | None = None
    dataset_id: Name | None = None
    session_id: Name | None = None


class Improve(Camel):
    """Which dataset is to be improved."""

    dataset_name: Name | None = None
    dataset_id: Name | None = None
    session_ids: Names | None = None
    run_in_background: bool = False


class Forget(Camel):
    """What is to be forgotten."""

    everything: bool = False
    dataset: Name | None = None
    dataset_id: Name | None = None
    data_id: Name | None = None
    memory_only: bool = False


@router.post("/recall", responses=answers(403, 404, 409, 422))
def recall(body: Asked, caller: Caller, context: Ctx) -> list[dict[str, Any]]:
    """Ask the memory: of a session first, then of the graphs."""
    found = _where(context, caller, body)
    told: list[dict[str, Any]] = []
    if body.session_id:
        with context.database.read() as state:
            told = sessions.said(state, caller.id, body.session_id, body.query, body.top_k)
    told += answering.answers(context.settings, context.places, found, _question(body))
    with context.database.write() as state:
        sessions.keep(
            state,
            caller.id,
            "recall",
            question=body.query,
            session_id=body.session_id,
            dataset_ids=[one.id for one in found],
        )
    return told


@router.get("/recall")
def recalled(
    caller: Caller, context: Ctx, limit: Annotated[int, Query(ge=1, le=500)] = 50
) -> list[dict[str, Any]]:
    """List what the caller has asked, newest first."""
    with context.database.read() as state:
        return sessions.history(state, caller.id, limit)


@router.post("/search", responses=answers(403, 404, 409, 422))
def search(body: Asked, caller: Caller, context: Ctx) -> list[dict[str, Any]]:
    """Search the graphs; the same as recall without sessions, in the older shape."""
    found = _where(context, caller, body)
    return [
        {
            "search_result": one["text"],
            "dataset_id": one["dataset_id"],
            "dataset_name": one["dataset_name"],
            "score": one["score"],
            "metadata": one["metadata"],
        }
        for one in answering.answers(context.settings, context.places, found, _question(body))
    ]


@router.get("/search")
def searched(
    caller: Caller, context: Ctx, limit: Annotated[int, Query(ge=1, le=500)] = 50
) -> list[dict[str, Any]]:
    """List what the caller has asked, newest first."""
    return recalled(caller, context, limit)


@router.post("/remember/entry", responses=answers(403))
def remember_entry(body: EntryBody, caller: Caller, context: Ctx) -> dict[str, Any]:
    """Keep a question and its answer, a trace, or what somebody thinks of an answer."""
    told = body.entry.model_dump(exclude_none=True, exclude={"type", "question"})
    with context.database.write() as state:
        if body.dataset_id:
            require(state, caller, "write", [body.dataset_id])
        entry_id = sessions.keep(
            state,
            caller.id,
            body.entry.type,
            question=body.entry.question,
            answer=told,
            session_id=body.session_id or "default",
        )
    return {
        "status": "session_stored",
        "dataset_name": body.dataset_name,
        "dataset_id": body.dataset_id,
        "session_ids": [body.session_id or "default"],
        "entry_type": body.entry.type,
        "entry_id": entry_id,
        "items_processed": 1,
        "elapsed_seconds": 0.0,
    }


@router.post("/improve", responses=answers(403, 404, 409))
def improve(body: Improve, caller: Caller, context: Ctx) -> dict[str, Any]:
    """See to it that what is remembered can be found; say what this server does not do."""
    if not (body.dataset_name or body.dataset_id):
        raise refused(400, "Either dataset_id or dataset_name must be provided.")
    with context.database.read() as state:
        one = _one(state, caller, body.dataset_name, body.dataset_id, "write")
    with current_index(context.places, one.id) as index:
        nodes, edges = index.counts()
    stages = [
        {
            "stage": "index",
            "status": "completed",
            "reason": None,
            "error": None,
            "counts": {"nodes": nodes, "edges": edges},
        },
        *(
            {
                "stage": stage,
                "status": "skipped",
                "reason": "This server does not do this.",
                "error": None,
                "counts": {},
            }
            for stage in ("feedback", "sessions", "truth")
        ),
    ]
    return {
        "dataset_id": one.id,
        "dataset_name": one.name,
        "session_ids": body.session_ids or [],
        "stages": stages,
        "background": False,
        "finished": True,
        "error": None,
        "status": "completed",
    }


@router.post("/forget", responses=answers(403, 404, 409, 422))
async def forget(body: Forget, caller: Caller, context: Ctx) -> dict[str, Any]:
    """Forget a dataset, one item of it, the graph alone, or everything that the caller owns."""
    if body.everything:
        return await to_thread.run_sync(_forget_everything, context, caller)
    if bool(body.dataset) == bool(body.dataset_id):
        raise refused(422, "Name dataset or datasetId, not both, or everything.")
    one = await to_thread.run_sync(_to_forget, context, caller, body)
    if body.data_id:
        await forget_item(context, caller, one, body.data_id)
    elif body.memory_only:
        await forget_graph(context, caller, one)
    else:
        await to_thread.run_sync(forget_datasets, context, [one.id])
    return {"dataset_id": one.id, "status": "success"}


def _to_forget(context: Context, caller: User, body: Forget) -> datasets.Dataset:
    with context.database.read() as state:
        return _one(state, caller, body.dataset, body.dataset_id, "delete")


def _forget_everything(context: Context, caller: User) -> dict[str, Any]:
    with context.database.read() as state:
        ids = permitted(state, caller, "delete")
        mine = [datasets.dataset_by_id(state, one) for one in ids]
    owned = [one.id for one in mine if one.owner_id == caller.id]
    forget_datasets(context, owned)
    with context.database.write() as state:
        sessions.forget_all(state, caller.id)
    return {"datasets_removed": len(owned), "status": "success"}


def _where(context: Context, caller: User, body: Asked) -> list[datasets.Dataset]:
    """Return the datasets to look into.

    Raises:
        Refusal: a name is none of the caller's datasets (404), an id not one of theirs (403).
    """
    with context.database.read() as state:
        if body.dataset_ids:
            ids = require(state, caller, "read", body.dataset_ids)
            return [datasets.dataset_by_id(state, one) for one in ids]
        if body.datasets:
            return [_one(state, caller, name, None, "read") for name in body.datasets]
        return datasets.readable(state, caller)


def _one(
    state: Any, caller: User, name: str | None, found: str | None, permission: str
) -> datasets.Dataset:
    if found:
        require(state, caller, permission, [found])
        return datasets.dataset_by_id(state, found)
    one = datasets.dataset_named(state, caller, name or "")
    if one is None:
        raise refused(404, f"Dataset {name!r} not found.", "DatasetNotFoundError")
    require(state, caller, permission, [one.id])
    return one


def _question(body: Asked) -> answering.Question:
    return answering.Question(
        body.query, body.search_type, body.top_k, body.only_context, body.system_prompt
    )
