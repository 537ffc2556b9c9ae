"""A server on loopback that answers each route as a test says, and keeps what it was asked.

    with Scripted() as server:
        server.on("GET /health", {"version": "1.6.5"})
        server.on("POST /token", Says(400, {"error": "slow_down"}), {"access_token": "t"})

The last answer of a route stays; a function is called with what was asked.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl

from tests.loopback import Loopback


@dataclass(frozen=True)
class Says:
    status: int
    body: Any = None
    kind: str = "application/json"


HANGS_UP = Says(0)
"""No answer at all: the connection is closed."""


@dataclass
class Asked:
    """One request."""

    route: str
    query: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode()))

    @property
    def parts(self) -> list[tuple[str, str | None, bytes]]:
        """Name, file name and content of each part of a multipart form."""
        head = f"Content-Type: {self.headers['content-type']}\r\n\r\n".encode()
        message = BytesParser(policy=HTTP).parsebytes(head + self.body)
        found = []
        for part in message.iter_parts() if isinstance(message, EmailMessage) else ():
            name = part.get_param("name", header="content-disposition")
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            found.append((str(name), part.get_filename(), content))
        return found


Answer = Any | Says | Callable[[Asked], Any]


@dataclass
class Scripted(Loopback):
    asked: list[Asked] = field(default_factory=list)
    routes: dict[str, deque[Answer]] = field(default_factory=dict)

    def on(self, route: str, *answers: Answer) -> None:
        """Let a route (``"GET /health"``) give these answers, one after the other."""
        self.routes[route] = deque(answers)

    def asked_for(self, route: str) -> list[Asked]:
        return [one for one in self.asked if one.route == route]

    def handler(self) -> type[BaseHTTPRequestHandler]:
        return _Handler

    def answer(self, asked: Asked) -> Says:
        self.asked.append(asked)
        answers = self.routes.get(asked.route)
        if not answers:
            return Says(404, {"detail": "Not Found"})
        answer = answers.popleft() if len(answers) > 1 else answers[0]
        if callable(answer):
            answer = answer(asked)
        return answer if isinstance(answer, Says) else Says(200, answer)


class _Handler(BaseHTTPRequestHandler):
    double: Scripted

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _serve(self) -> None:
        path, _, query = self.path.partition("?")
        size = int(self.headers.get("content-length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(size) if size else self._chunks()
        said = self.double.answer(Asked(f"{self.command} {path}", query, headers, body))
        if said is HANGS_UP:
            return
        data = said.body if isinstance(said.body, bytes) else json.dumps(said.body).encode()
        self.send_response(said.status)
        self.send_header("Content-Type", said.kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _chunks(self) -> bytes:
        if self.headers.get("transfer-encoding") != "chunked":
            return b""
        whole = b""
        while size := int(self.rfile.readline(), 16):
            whole += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return whole
