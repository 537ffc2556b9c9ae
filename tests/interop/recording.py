"""Knows how to write down what a server answers: a proxy in front of it that keeps each exchange.

Never keeps a key: of that a request is known only whether it had the right one.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import urlsplit

from tests.loopback import Loopback

_NOT_PASSED_ON = frozenset({"host", "connection", "transfer-encoding"})
_SILENCE_S = 300.0

Exchange = dict[str, Any]


@dataclass
class Recording(Loopback):
    """The proxy; a context manager.

    Attributes:
        server: the URL of what is recorded.
        key: the right key.
        hidden: texts that must not be kept, and what stands in their place.
        exchanges: what was asked and said, in order. ``after`` counts the requests before one
            that were no GET: what a server says depends on what it was told.
    """

    server: str
    key: str
    hidden: dict[str, str] = field(default_factory=dict)
    exchanges: list[Exchange] = field(default_factory=list)

    @contextmanager
    def scene(self) -> Iterator[list[Exchange]]:
        """Begin a recording anew; what is yielded holds its exchanges when it is over."""
        self.exchanges = []
        yield self.exchanges

    def keep(self, handler: BaseHTTPRequestHandler, answer: http.client.HTTPResponse) -> bytes:
        """Keep an exchange and return the body of the answer."""
        body = answer.read()
        parts = urlsplit(handler.path)
        told = handler.headers.get("X-Api-Key")
        key = "none" if not told else "right" if told == self.key else "wrong"
        asked = {"method": handler.command, "path": parts.path, "query": parts.query, "key": key}
        kind = answer.headers.get("Content-Type", "")
        said = {"status": answer.status, "type": kind, "body": self._readable(body, kind)}
        after = sum(1 for one in self.exchanges if one["asked"]["method"] != "GET")
        self.exchanges.append({"after": after, "asked": asked, "said": said})
        return body

    def _readable(self, body: bytes, kind: str) -> Any:
        text = body.decode("utf-8")
        for secret, instead in self.hidden.items():
            text = text.replace(secret, instead)
        return json.loads(text) if kind.startswith("application/json") else text

    def handler(self) -> type[BaseHTTPRequestHandler]:
        return _Handler


class _Handler(BaseHTTPRequestHandler):
    double: Recording

    def do_GET(self) -> None:
        self._pass_on()

    def do_POST(self) -> None:
        self._pass_on()

    def do_PUT(self) -> None:
        self._pass_on()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _pass_on(self) -> None:
        request = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {
            name: value
            for name, value in self.headers.items()
            if name.lower() not in _NOT_PASSED_ON
        }
        behind = http.client.HTTPConnection(urlsplit(self.double.server).netloc, timeout=_SILENCE_S)
        behind.request(self.command, self.path, request or None, headers)
        answer = behind.getresponse()
        body = self.double.keep(self, answer)
        behind.close()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.headers.get("Content-Type", ""))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
