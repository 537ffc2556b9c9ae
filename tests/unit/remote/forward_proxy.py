"""A forward proxy of the tests, as companies have one before the net: absolute URLs and CONNECT."""

from __future__ import annotations

import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import urlsplit

_OF_THE_HOP = frozenset({"connection", "keep-alive", "proxy-connection", "proxy-authorization"})


class ForwardProxy:
    """The proxy, and what it was asked for: ``(method, URL)``, or for a tunnel ``host:port``.

    Tunnels are refused, with 403: what asks for one has shown where it wants to go.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.body_bytes = 0
        self._http = _Http(("127.0.0.1", 0), _Handler)
        self._http.proxy = self
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    proxy: ForwardProxy

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients may go away."""


class _Handler(BaseHTTPRequestHandler):
    server: _Http

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_CONNECT(self) -> None:
        self._note()
        self.send_error(403)

    def do_GET(self) -> None:
        self._pass_on()

    def do_POST(self) -> None:
        self._pass_on()

    def _note(self) -> None:
        self.server.proxy.asked.append((self.command, self.path))
        self.server.proxy.headers.append({k.lower(): v for k, v in self.headers.items()})

    def _pass_on(self) -> None:
        self._note()
        goal = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.proxy.body_bytes += len(body)
        headers = {k: v for k, v in self.headers.items() if k.lower() not in _OF_THE_HOP}
        there = http.client.HTTPConnection(goal.hostname or "", goal.port or 80, timeout=20)
        try:
            place = goal._replace(scheme="", netloc="").geturl()
            there.request(self.command, place, body or None, headers)
            answer = there.getresponse()
            data = answer.read()
        finally:
            there.close()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.headers.get("Content-Type", ""))
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
