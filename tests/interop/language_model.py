"""Knows as much of OpenAI's chat protocol as a cognee needs; a small real HTTP server, no model.

Never guesses: what it extracts follows from the text alone, so that a test knows the graph. It
refuses every key (401, which a cognee does not try again) until a test lets it answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from itertools import pairwise
from typing import Any

from tests.loopback import Loopback

MODEL = "gpt-4o-mini"
RELATION = "stands_near"
MOST_NAMES = 3
_NAME = re.compile(r"\b[A-ZÀ-Ý]\w{2,}")
_EMPTY = {"array": [], "integer": 0, "number": 0.0, "boolean": False, "object": {}, "null": None}
_REFUSAL = {
    "error": {
        "message": "Incorrect API key provided.",
        "type": "invalid_request_error",
        "param": None,
        "code": "invalid_api_key",
    }
}


class LanguageModel(Loopback):
    """The server; a context manager.

    Attributes:
        answers: whether it takes the key.
        asked: how many completions it was asked for.
    """

    def __init__(self) -> None:
        self.answers = False
        self.asked = 0

    @property
    def settings(self) -> dict[str, str]:
        """Return what a cognee must be told to ask here."""
        return {"LLM_ENDPOINT": f"{self.url}/v1", "LLM_MODEL": f"openai/{MODEL}"}

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Take the key for as long as this lasts."""
        self.answers = True
        try:
            yield
        finally:
            self.answers = False

    def answer(self, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Return the status and the body for a request for a completion."""
        self.asked += 1
        if not self.answers:
            return 401, _REFUSAL
        return 200, {
            "id": f"chatcmpl-{self.asked}",
            "object": "chat.completion",
            "created": 0,
            "model": MODEL,
            "choices": [{"index": 0, **_choice(request)}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        }

    def handler(self) -> type[BaseHTTPRequestHandler]:
        return _Handler


class _Handler(BaseHTTPRequestHandler):
    double: LanguageModel

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status, body = self.double.answer(request)
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def names_in(text: str) -> list[str]:
    """Return the names that are found in a text: its first words with a capital."""
    return list(dict.fromkeys(_NAME.findall(text)))[:MOST_NAMES]


def _choice(request: dict[str, Any]) -> dict[str, Any]:
    """Answer in the form that was asked for: a call of a tool, JSON of a schema, or a text."""
    text = request["messages"][-1]["content"]
    tools = request.get("tools")
    if tools:
        function = tools[0]["function"]
        call = {
            "name": function["name"],
            "arguments": json.dumps(_filled(function["parameters"], text)),
        }
        made = [{"id": "call_1", "type": "function", "function": call}]
        message = {"role": "assistant", "content": None, "tool_calls": made}
        return {"message": message, "finish_reason": "tool_calls"}
    schema = request.get("response_format", {}).get("json_schema", {}).get("schema")
    content = json.dumps(_filled(schema, text)) if schema else "A short answer."
    return {"message": {"role": "assistant", "content": content}, "finish_reason": "stop"}


def _filled(schema: dict[str, Any], text: str) -> dict[str, Any]:
    """Return an object of a schema: a graph where it has nodes and edges, else what must be."""
    properties = schema.get("properties", {})
    if {"nodes", "edges"} <= properties.keys():
        return _graph(text)
    found = {}
    for name in schema.get("required", ()):
        kind = properties[name].get("type")
        found[name] = "A short text." if kind == "string" else _EMPTY[kind]
    return found


def _graph(text: str) -> dict[str, Any]:
    names = names_in(text)
    nodes = [
        {"id": name, "name": name, "type": "Term", "description": f"{name} of the text."}
        for name in names
    ]
    edges = [
        {
            "source_node_id": first,
            "target_node_id": second,
            "relationship_name": RELATION,
            "description": f"{first} stands near {second}.",
        }
        for first, second in pairwise(names)
    ]
    return {"nodes": nodes, "edges": edges}
