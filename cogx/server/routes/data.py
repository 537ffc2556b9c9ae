"""Knows the routes of what a dataset holds: its graph, its data items, its schema."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final
from urllib.parse import quote

import orjson
from fastapi import APIRouter, Query
from fastapi.responses import FileResponse, Response, StreamingResponse
from pydantic import AliasChoices, BaseModel, Field
from sqlalchemy import update

from cogx.server import data, datasets
from cogx.server.bodies import instant
from cogx.server.context import Caller, Context, Ctx
from cogx.server.identity.rights import permitted, require
from cogx.server.index import current_index
from cogx.server.refusals import refused
from cogx.server.state.tables import datasets as table

router: Final = APIRouter(prefix="/api/v1/datasets", tags=["data"])

_HIDDEN: Final = ("created_at", "updated_at")
"""What cognee leaves out of a node's properties, beside its id, type and name."""


class Schema(BaseModel):
    """What a dataset's graph is to look like."""

    graph_schema: dict[str, Any] | None = Field(
        None, validation_alias=AliasChoices("graph_schema", "graphSchema")
    )
    custom_prompt: str | None = Field(
        None, validation_alias=AliasChoices("custom_prompt", "customPrompt")
    )


@router.get("/graph-summary")
def graph_summary(
    caller: Caller, context: Ctx, dataset_ids: Annotated[list[str] | None, Query()] = None
) -> list[dict[str, Any]]:
    """Say how large the graphs are."""
    with context.database.read() as state:
        if dataset_ids is None:
            ids = permitted(state, caller, "read")
        else:
            ids = require(state, caller, "read", dataset_ids)
        found = [datasets.dataset_by_id(state, one) for one in ids]
    return [
        {
            "datasetId": one.id,
            "pipelineRunId": None,
            "numNodes": one.num_nodes,
            "numEdges": one.num_edges,
            "computedAt": instant(one.computed_at),
        }
        for one in found
    ]


@router.get("/{dataset_id}/graph", response_class=Response)
def graph(dataset_id: str, caller: Caller, context: Ctx) -> Response:
    """Give the graph, node by node and edge by edge, with the properties of both."""
    with context.database.read() as state:
        require(state, caller, "read", [dataset_id])
    return StreamingResponse(_graph(context, dataset_id), media_type="application/json")


@router.get("/{dataset_id}/data")
def list_data(
    dataset_id: str,
    caller: Caller,
    context: Ctx,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> list[dict[str, Any]]:
    """List data items, oldest first."""
    with context.database.read() as state:
        require(state, caller, "read", [dataset_id])
        return [item_body(one) for one in data.page(state, dataset_id, limit, offset)]


@router.get("/{dataset_id}/data/count")
def count_data(dataset_id: str, caller: Caller, context: Ctx) -> dict[str, int]:
    """Say how many data items there are."""
    with context.database.read() as state:
        require(state, caller, "read", [dataset_id])
        return {"count": data.count(state, dataset_id)[0]}


@router.get("/{dataset_id}/data/{data_id}/raw", response_class=Response)
def raw(dataset_id: str, data_id: str, caller: Caller, context: Ctx) -> Response:
    """Give a data item as it was sent, or as its record says it."""
    with context.database.read() as state:
        require(state, caller, "read", [dataset_id])
        item = data.item(state, dataset_id, data_id)
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(item.name, safe='')}"}
    if item.file_name is not None:
        path = context.places.file(dataset_id, item.file_name)
        return FileResponse(path, media_type=item.mime_type, headers=headers)
    with current_index(context.places, dataset_id) as index:
        found = index.item(item.record_id or "")
    if found is None or found.text is None:
        raise refused(404, "The graph does not hold this text any more.", "EntityNotFoundError")
    return Response(found.text, media_type="text/plain; charset=utf-8", headers=headers)


@router.delete("/{dataset_id}/data/{data_id}")
def delete_data(dataset_id: str, data_id: str, caller: Caller, context: Ctx) -> None:
    """Remove a data item; one that is not there is fine."""
    with context.database.write() as state:
        require(state, caller, "delete", [dataset_id])
        data.remove(state, dataset_id, data_id)
    context.places.file(dataset_id, data_id).unlink(missing_ok=True)


@router.get("/{dataset_id}/schema")
def get_schema(dataset_id: str, caller: Caller, context: Ctx) -> dict[str, Any]:
    """Give the schema and the prompt that were set."""
    with context.database.read() as state:
        require(state, caller, "read", [dataset_id])
        one = datasets.dataset_by_id(state, dataset_id)
    return {"graph_schema": one.graph_schema, "custom_prompt": one.custom_prompt}


@router.put("/{dataset_id}/schema")
def put_schema(dataset_id: str, body: Schema, caller: Caller, context: Ctx) -> dict[str, str]:
    """Set the schema, the prompt, or both; what is not sent stays."""
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


def _graph(context: Context, dataset_id: str) -> Iterator[bytes]:
    with current_index(context.places, dataset_id) as index:
        yield b'{"nodes":['
        before = b""
        for item in index.iter_items():
            properties = {k: v for k, v in item.properties.items() if k not in _HIDDEN}
            if item.text is not None:
                properties["description" if item.kind == "entity" else "text"] = item.text
            node = {"id": item.id, "label": item.label, "type": item.type}
            yield before + orjson.dumps(node | {"properties": properties})
            before = b","
        yield b'],"edges":['
        before = b""
        for link in index.iter_links():
            edge = {"source": link.source, "target": link.target, "label": link.predicate}
            properties = link.properties | ({"edge_text": link.text} if link.text else {})
            yield before + orjson.dumps(edge | {"properties": properties})
            before = b","
        yield b"]}"
