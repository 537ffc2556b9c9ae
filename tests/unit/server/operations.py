"""Knows the operations of an API by its own description: where each takes ids, how to call it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

KINDS: Final = {
    "agent_id": "agent",
    "data_id": "data",
    "dataset": "dataset",
    "dataset_id": "dataset",
    "dataset_ids": "dataset",
    "datasets": "dataset",
    "job_id": "job",
    "key_id": "key",
    "pipeline_run_id": "job",
    "principal_id": "user",
    "qa_id": "interaction",
    "role_id": "role",
    "run_id": "job",
    "tenant_id": "tenant",
    "upload_id": "upload",
    "user_id": "user",
}
"""What kind of thing the id in a field of this name is of."""
NO_IDS: Final = ("session_id", "session_ids", "node_name")
"""Names that callers choose themselves: those of others are not asked for by them."""
WITH: Final = {
    ("POST /api/v1/forget", "dataId"): "datasetId",
    ("POST /api/v1/remember", "upload_id"): "datasetId",
}
"""What must stand beside an id although the description of an operation cannot say so."""
_WHOLE: Final = "body"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an operation takes an id: in the path, the query, a field of the body, or all of it."""

    where: str
    name: str
    kind: str
    is_list: bool = False

    def value(self, found: str) -> Any:
        """Return an id as it stands here."""
        return [found] if self.is_list else found


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """One method of one path, with all that a call of it needs."""

    method: str
    path: str
    places: list[Place]
    is_public: bool
    query: dict[str, Any] = field(default_factory=dict)
    body: Any = None
    media: str | None = None
    required: frozenset[str] = frozenset()
    headers: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def call(
        self, client: httpx.Client, own: Mapping[str, str], place: Place | None, found: str = ""
    ) -> httpx.Response:
        """Call with what must be there, all of it one's own, but another id at one place."""
        query, body, path = dict(self.query), self.body, self.path
        needed = self.required | {WITH.get((str(self), place.name if place else ""), "")}
        for one in self.places:
            meant = place is not None and (one.where, one.name) == (place.where, place.name)
            if not meant and one.where != "path" and one.name not in needed:
                continue
            value = one.value(found if meant else own[one.kind])
            if one.where == "path":
                path = path.replace(f"{{{one.name}}}", str(value))
            elif one.where == "query":
                query[one.name] = value
            elif one.name == _WHOLE:
                body = value
            else:
                body = dict(body or {}) | {one.name: value}
        content = self._content(body)
        headers = self.headers | content.pop("headers", {})
        return client.request(self.method, path, params=query, headers=headers, **content)

    def _content(self, body: Any) -> dict[str, Any]:
        if self.media is None:
            return {}
        if self.media == "application/json":
            return {"json": body}
        if self.media.endswith("octet-stream"):
            return {"content": b"bytes", "headers": {"Content-Type": self.media}}
        fields = {name: value for name, value in (body or {}).items() if name != "data"}
        if self.media == "multipart/form-data":
            return {"data": fields, "files": {"data": ("a.txt", b"text", "text/plain")}}
        return {"data": fields}


def iter_operations(document: Mapping[str, Any]) -> Iterator[Operation]:
    """Yield all operations of an API; a new one is there without anybody's doing."""
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            yield _operation(document, method.upper(), path, told)


def _operation(
    document: Mapping[str, Any], method: str, path: str, told: Mapping[str, Any]
) -> Operation:
    places, query, required, headers = [], {}, set(), {}
    for one in told.get("parameters", []):
        schema = _resolved(document, one["schema"])
        if one["in"] == "header" and one.get("required"):
            headers[one["name"]] = str(_example(document, schema))
        if one["in"] not in ("path", "query"):
            continue
        found = _place(one["in"], one["name"], schema)
        if one.get("required"):
            required.add(one["name"])
        if found:
            places.append(found)
        elif one.get("required"):
            query[one["name"]] = _example(document, schema)
    media, content = next(iter(told.get("requestBody", {}).get("content", {}).items()), (None, {}))
    body: Any = None
    if media is not None:
        schema = _resolved(document, content.get("schema", {}))
        inside, body = _body(document, schema)
        places += inside
        required |= set(schema.get("required", [])) | {_WHOLE}
    return Operation(
        method, path, places, "security" not in told, query, body, media, frozenset(required),
        headers,
    )  # fmt: skip


def _body(document: Mapping[str, Any], schema: Mapping[str, Any]) -> tuple[list[Place], Any]:
    if schema.get("type") == "array":
        return [Place("body", _WHOLE, "dataset", is_list=True)], None
    places = []
    for name, one in schema.get("properties", {}).items():
        if found := _place("body", name, _resolved(document, one)):
            places.append(found)
    return places, _example(document, schema)


def _place(where: str, name: str, schema: Mapping[str, Any]) -> Place | None:
    snake = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    if snake in NO_IDS:
        return None
    if snake not in KINDS:
        assert not re.search(r"(_id|_ids|uuid)$", snake), f"tell KINDS what the id {name} is of"
        return None
    return Place(where, name, KINDS[snake], schema.get("type") == "array")


def _resolved(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a schema without references, and without null where it may be null."""
    while True:
        if reference := schema.get("$ref"):
            schema = document["components"]["schemas"][reference.rpartition("/")[2]]
        elif options := schema.get("anyOf") or schema.get("oneOf"):
            schema = next(one for one in options if one.get("type") != "null")
        else:
            return schema


def _example(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Any:
    """Return the least that a schema allows."""
    schema = _resolved(document, schema)
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object":
        required = set(schema.get("required", [])) - set(KINDS)
        return {name: _example(document, schema["properties"][name]) for name in required}
    if kind == "array":
        return [_example(document, schema.get("items", {}))]
    plain: dict[Any, Any] = {"integer": 1, "number": 1, "boolean": False}
    return plain.get(kind, "x" * max(schema.get("minLength", 0), 1))
