"""A server on loopback that gives datasets out as a cognee 1.6.5 does, and can be made to fail.

    with Giving() as server:
        server.add_file("notes.txt", b"text")
        server.nodes.append(node("Ada"))
        Server(server.url, KEY)

Files are answered as the real one answers those on its disk: with ETag and ranges. ``cuts`` says
after how many bytes of a route's answer the connection breaks, one after the other; ``says``
which status a route answers first.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit
from uuid import NAMESPACE_OID, uuid5

KEY = "s3cret"
DATASET = "3163a1f7-6a51-5c0e-9a5c-0d0b6d3e2f10"
OWNER = "2eb8a7c3-4f5a-4b6c-8d9e-0f1a2b3c4d5e"
STAMP = "2026-11-21T00:35:53.151280"
ROOT = f"/api/v1/datasets/{DATASET}"


def uid(name: str) -> str:
    return str(uuid5(NAMESPACE_OID, name))


def node(name: str, node_type: str = "Entity", **properties: Any) -> dict[str, Any]:
    return {"id": uid(name), "label": name, "type": node_type, "properties": properties}


def edge(source: str, label: str, target: str) -> dict[str, Any]:
    return {"source": uid(source), "target": uid(target), "label": label}


def dataset_row(name: str, identity: str) -> dict[str, Any]:
    return {
        "id": identity,
        "name": name,
        "createdAt": STAMP,
        "updatedAt": None,
        "ownerId": OWNER,
    }


@dataclass
class Asked:
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]


@dataclass
class Giving:
    datasets: list[dict[str, Any]] = field(default_factory=list)
    nodes: list[dict[str, Any]] = field(default_factory=list)
    edges: list[dict[str, Any]] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    schema: dict[str, Any] = field(default_factory=dict)
    graph: bytes | Iterable[bytes] | None = None
    """The answer of the graph route, if it is not made of nodes and edges."""
    count: int | None = None
    """What data/count says, if that is not the truth."""
    pages: bool = True
    ranges: bool = True
    is_cogx: bool = False
    archive: bytes = b""
    types: dict[str, str] = field(default_factory=dict)
    """Content types of routes that answer with a wrong one."""
    cuts: dict[str, deque[int]] = field(default_factory=lambda: defaultdict(deque))
    says: dict[str, deque[tuple[int, Any]]] = field(default_factory=lambda: defaultdict(deque))
    asked: list[Asked] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.datasets = self.datasets or [dataset_row("kb", DATASET)]

    def __enter__(self) -> Self:
        self._http = _Http(("127.0.0.1", 0), _Handler)
        self._http.giving = self
        self.port = self._http.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def add_file(self, name: str, content: bytes, mime_type: str = "text/plain") -> str:
        identity = uid(name)
        self.files[identity] = content
        self.rows.append(
            {
                "id": identity,
                "name": name.rpartition(".")[0] or name,
                "createdAt": STAMP,
                "updatedAt": STAMP,
                "extension": name.rpartition(".")[2],
                "mimeType": mime_type,
                "rawDataLocation": f"file:///srv/cognee/data/{identity}.txt",
                "datasetId": DATASET,
                "label": None,
                "externalMetadata": None,
                "dataSize": len(content),
            }
        )
        return identity

    def raw(self, identity: str) -> str:
        return f"{ROOT}/data/{identity}/raw"

    def asked_for(self, path: str) -> list[Asked]:
        return [one for one in self.asked if one.path == path]

    def answer(self, path: str, query: dict[str, list[str]]) -> Any:
        graph = {"nodes": self.nodes, "edges": self.edges}
        first, most = int(query.get("offset", ["0"])[0]), int(query.get("limit", ["100"])[0])
        routes = {
            "/api/v1/datasets": self.datasets,
            "/api/v1/cogx/capabilities": {"cogx_versions": ["0.1"]} if self.is_cogx else None,
            f"/api/v1/activity/export/{DATASET}": self.archive,
            f"{ROOT}/graph": graph if self.graph is None else self.graph,
            f"{ROOT}/schema": {"graph_schema": None, "custom_prompt": None, **self.schema},
            f"{ROOT}/data/count": {"count": len(self.rows) if self.count is None else self.count},
            f"{ROOT}/data": self.rows[first : first + most] if self.pages else self.rows,
        }
        identity = path.removeprefix(f"{ROOT}/data/").removesuffix("/raw")
        return routes[path] if path in routes else self.files.get(identity)


class _Http(ThreadingHTTPServer):
    giving: Giving
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of connections that a test breaks."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Http

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        giving = self.server.giving
        parts = urlsplit(self.path)
        query = parse_qs(parts.query)
        headers = {name.lower(): value for name, value in self.headers.items()}
        giving.asked.append(Asked(parts.path, query, headers))
        if giving.says[parts.path]:
            status, body = giving.says[parts.path].popleft()
            self._send(status, json.dumps(body).encode())
            return
        if headers.get("x-api-key") != KEY and "capabilities" not in parts.path:
            self._send(401, b'{"detail":"Authentication required (auth posture: required)."}')
            return
        answer = giving.answer(parts.path, query)
        kind = giving.types.get(parts.path)
        if answer is None:
            self._send(404, b'{"detail":"Not Found"}')
        elif isinstance(answer, bytes):
            if parts.path.endswith("/graph"):
                self._send(200, answer, kind or "application/json")
            else:
                self._file(answer, headers, kind or "application/octet-stream")
        elif isinstance(answer, dict | list):
            self._send(200, json.dumps(answer, ensure_ascii=False).encode(), kind)
        else:
            self._stream(answer)

    def _file(self, content: bytes, headers: dict[str, str], kind: str) -> None:
        if not self.server.giving.ranges:
            self._send(200, content, kind)
            return
        tag = f'"{hashlib.md5(content).hexdigest()}"'
        more = {"ETag": tag, "Accept-Ranges": "bytes"}
        wanted = headers.get("range")
        if wanted is None or headers.get("if-range", tag) != tag:
            self._send(200, content, kind, more)
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-"))
        if start >= len(content):
            self._send(416, b'{"detail":"Range Not Satisfiable"}')
            return
        more["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        self._send(206, content[start:], kind, more)

    def _send(
        self,
        status: int,
        body: bytes,
        kind: str | None = None,
        more: dict[str, str] | None = None,
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind or "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in (more or {}).items():
            self.send_header(name, value)
        self.end_headers()
        cuts = self.server.giving.cuts[urlsplit(self.path).path]
        if cuts and status < 400:
            self.wfile.write(body[: cuts.popleft()])
            self.close_connection = True
        else:
            self.wfile.write(body)

    def _stream(self, parts: Iterable[bytes]) -> None:
        """Send an answer of unknown length, as one that is made while it is sent."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for part in parts:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
        self.wfile.write(b"0\r\n\r\n")
