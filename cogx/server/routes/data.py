"""Knows the routes of what a dataset holds: its graph, its data items, its schema."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final

import orjson
from anyio import to_thread
from fastapi import APIRouter, Query
from fastapi.responses import Response, StreamingResponse
from pydantic import AliasChoices, BaseModel, Field
from sqlalchemy import update

from cogx.errors import CogxError
from cogx.graph_schema.parsing import parse_graph_schema
from cogx.server import data, datasets, runs
from cogx.server.bodies import JsonObject, Text, instant
from cogx.server.context import Caller, Context, Ctx
from cogx.server.datasets import Uuid
from cogx.server.downloads import Download, attachment, begun
from cogx.server.forgetting import forget_item
from cogx.server.identity.rights import require
from cogx.server.index import Index, Item, Link, current_index
from cogx.server.refusals import Refusal, failed, refused
from cogx.server.routes.answers import answers
from cogx.server.state.tables import datasets as table

router: Final = APIRouter(prefix="/api/v1/datasets", tags=["data"])

_HIDDEN: Final = ("created_at", "updated_at", "name")
"""What cognee leaves out of a node's properties, beside its id and type, and nulls."""
_NOT_FOUND: Final = 404
_BINARY: Final = {"schema": {"type": "string", "format": "binary"}}
_FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The bytes, of the item's own type.", "content": {"*/*": _BINARY}},
    206: {"description": "The part that was asked for.", "content": {"*/*": _BINARY}},
}
_GRAPH: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "All nodes, then all edges.",
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["nodes", "edges"],
                    "properties": {
                        part: {"type": "array", "items": {"type": "object"}}
                        for part in ("nodes", "edges")
                    },
                }
            }
        },
    }
}


class Schema(BaseModel):
    """What a dataset's graph is to look like."""

    graph_schema: JsonObject | None = Field(
        None, validation_alias=AliasChoices("graph_schema", "graphSchema")
    )
    custom_prompt: Text | None = Field(
        None, validation_alias=AliasChoices("custom_prompt", "customPrompt")
    )


@router.get("/graph-summary", responses=answers(403))
def graph_summary(
    caller: Caller, context: Ctx, dataset_ids: Annotated[list[Uuid] | None, Query()] = None
) -> list[dict[str, Any]]:
    """Say how large the graphs are, and which run made them so."""
    with context.database.read() as state:
        if dataset_ids is None:
            found = datasets.readable(state, caller)
        else:
            ids = require(state, caller, "read", dataset_ids)
            found = [datasets.dataset_by_id(state, one) for one in ids]
        made_by = runs.last_change(state, [one.id for one in found])
    return [
        {
            "datasetId": one.id,
            "pipelineRunId": made_by.get(one.id),
            "numNodes": one.num_nodes,
            "numEdges": one.num_edges,
            "computedAt": instant(one.computed_at),
        }
        for one in found
    ]


@router.get("/{dataset_id}/graph", response_class=Response, responses=_GRAPH | answers(403, 409))
def graph(dataset_id: Uuid, caller: Caller, context: Ctx) -> Response:
    """Give the graph, node by node and edge by edge, with the properties of both."""
    with context.database.read() as state:
        require(state, caller, "read", [dataset_id])
    return StreamingResponse(begun(_graph(context, dataset_id)), media_type="application/json")


@router.get("/{dataset_id}/data", responses=answers(403))
def list_data(
    dataset_id: Uuid,
    caller: Caller,
    context: Ctx,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> list[dict[str, Any]]:
    """List data items, oldest first."""
    with context.database.read() as state:
        require(state, caller, "read", [dataset_id])
        return [item_body(one) for one in data.page(state, dataset_id, limit, offset)]


@router.get("/{dataset_id}/data/count", responses=answers(403))
def count_data(dataset_id: Uuid, caller: Caller, context: Ctx) -> dict[str, int]:
    """Say how many data items there are."""
    with context.database.read() as state:
        require(state, caller, "read", [dataset_id])
        return {"count": data.count(state, dataset_id)[0]}


@router.get(
    "/{dataset_id}/data/{data_id}/raw",
    response_class=Response,
    responses=_FILE | answers(403, 404, 416),
)
def raw(dataset_id: Uuid, data_id: Uuid, caller: Caller, context: Ctx) -> Response:
    """Give a data item as it was sent, or the text of the record it came as; ranges are taken."""
    with context.database.read() as state:
        require(state, caller, "read", [dataset_id])
        item = data.item(state, dataset_id, data_id)
    path = context.places.file(dataset_id, item.file_name or item.id)
    if not path.exists():
        raise refused(404, "The content of this item is not there any more.", "EntityNotFoundError")
    ending = f".{item.extension}" if item.extension else ""
    return Download(
        path, media_type=item.mime_type or "text/plain", headers=attachment(item.name, ending)
    )


@router.delete("/{dataset_id}/data/{data_id}", responses=answers(403, 409))
async def delete_data(dataset_id: Uuid, data_id: Uuid, caller: Caller, context: Ctx) -> None:
    """Remove a data item, and what the graph knows from it alone; one that is not there is fine."""

    def dataset() -> datasets.Dataset:
        with context.database.read() as state:
            require(state, caller, "delete", [dataset_id])
            return datasets.dataset_by_id(state, dataset_id)

    found = await to_thread.run_sync(dataset)
    try:
        await forget_item(context, caller, found, data_id)
    except Refusal as refusal:
        if refusal.status != _NOT_FOUND:
            raise


@router.get("/{dataset_id}/schema", responses=answers(403))
def get_schema(dataset_id: Uuid, caller: Caller, context: Ctx) -> dict[str, Any]:
    """Give the schema and the prompt that were set."""
    with context.database.read() as state:
        require(state, caller, "read", [dataset_id])
        one = datasets.dataset_by_id(state, dataset_id)
    return {"graph_schema": one.graph_schema, "custom_prompt": one.custom_prompt}


@router.put("/{dataset_id}/schema", responses=answers(403, 409, 422))
def put_schema(dataset_id: Uuid, body: Schema, caller: Caller, context: Ctx) -> dict[str, str]:
    """Set the schema, the prompt, or both; what is not sent stays."""
    with context.database.read() as state:
        require(state, caller, "write", [dataset_id])
    if body.graph_schema:
        _check_schema(body.graph_schema)
    with context.database.write() as state:
        require(state, caller, "write", [dataset_id])
        if told := body.model_dump(exclude_none=True):
            state.execute(update(table).where(table.c.id == dataset_id).values(told))
    return {"status": "ok"}


def item_body(item: data.DataItem) -> dict[str, Any]:
    """Return a data item as answers show one: where it is got, not where it lies.

    A real client takes no item whose form or place is null.
    """
    return {
        "id": item.id,
        "name": item.name,
        "createdAt": instant(item.created_at),
        "updatedAt": instant(item.updated_at),
        "extension": item.extension or "txt",
        "mimeType": item.mime_type or "text/plain",
        "rawDataLocation": f"{router.prefix}/{item.dataset_id}/data/{item.id}/raw",
        "datasetId": item.dataset_id,
        "label": item.label,
        "externalMetadata": item.external_metadata,
        "dataSize": item.size_bytes,
        "contentHash": item.md5,
        "sha256": item.sha256,
    }


def _check_schema(document: dict[str, Any]) -> None:
    try:
        parse_graph_schema(document)
    except CogxError as error:
        raise failed(422, str(error), code="schema.invalid") from error


def _graph(context: Context, dataset_id: str) -> Iterator[bytes]:
    with current_index(context.places, dataset_id) as index:
        yield b'{"nodes":['
        yield from _joined(_nodes(index))
        yield b'],"edges":['
        yield from _joined(_edge(link) for link in index.iter_links())
        yield b"]}"


def _joined(objects: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    before = b""
    for one in objects:
        yield before + orjson.dumps(one)
        before = b","


def _nodes(index: Index) -> Iterator[dict[str, Any]]:
    for item in index.iter_items():
        yield {"id": item.id, "label": item.label, "type": item.type, "properties": _shown(item)}
    for absent in index.iter_absent():
        yield {"id": absent, "label": absent, "type": "Stub", "properties": {}}


def _shown(item: Item) -> dict[str, Any]:
    properties = dict(item.properties)
    for key, value in ((item.name_key, item.name), (item.text_key, item.text)):
        if key is not None:
            properties[key] = value
    return {k: v for k, v in properties.items() if k not in _HIDDEN and v is not None}


def _edge(link: Link) -> dict[str, Any]:
    properties = link.properties | ({"edge_text": link.text} if link.text else {})
    ends = {"source": link.source, "target": link.target, "label": link.predicate}
    return ends | {"properties": properties}
