"""A deriver that asks an endpoint about every passage, and the endpoint, which counts.

Other processes load it by the entry point that :func:`install` writes.
"""

from __future__ import annotations

import json
import os
import threading
import urllib.request
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cogx.errors import BadSetting
from cogx.format.records import Entity, Fact
from cogx.ports import Passage, RecordSource, Underived

URL_VARIABLE = "ASKING_URL"
FAIL = "unanswerable"


class Asking:
    """Makes one entity and one fact of each passage; what is unanswerable it cannot derive."""

    name = "asking"
    version = "1"
    cache_key = "settings"
    overlap_tokens = 30

    def __init__(self, url: str | None = None) -> None:
        self._url = url or os.environ[URL_VARIABLE]
        self.origin = {"model": "echo", "prompt": "1"}
        self.report: Counter[str] = Counter()
        self.seen: list[Passage] = []

    def prepare(self, known: RecordSource) -> None:
        return

    def estimate(self, passage: Passage) -> tuple[int, int]:
        return 100 + len(passage.text), 10

    def cost_of(self, tokens_in: int, tokens_out: int) -> float:
        return tokens_in / 1000 + tokens_out / 100

    def derive(
        self, passages: Iterable[Passage]
    ) -> Iterator[tuple[Passage, Sequence[Any] | Underived]]:
        for passage in passages:
            self.seen.append(passage)
            name = self._ask(passage.text)
            if FAIL in passage.text:
                yield passage, Underived("the endpoint has no answer")
                continue
            here = passage.record[1]
            yield (
                passage,
                [
                    Entity(external_id=name, name=name, entity_type="Echo"),
                    Fact(external_id="f", subject_ref=name, predicate="said_in", object_ref=here),
                ],
            )

    def _ask(self, text: str) -> str:
        with urllib.request.urlopen(self._url, json.dumps(text).encode()) as answer:
            self.report += Counter(calls=1, tokens_in=100, tokens_out=10)
            return str(json.loads(answer.read()))


class Spending(Asking):
    """May ask three times."""

    def _ask(self, text: str) -> str:
        if self.report["calls"] >= 3:
            raise BadSetting("The budget is spent; run again.")
        return super()._ask(text)


class Endpoint:
    """Answers with the first word of what it is told; from call ``stop`` on it waits."""

    def __init__(self, stop: int | None = None) -> None:
        self.calls = 0
        self.stopped = threading.Event()
        self.go_on = threading.Event()
        counting, endpoint = threading.Lock(), self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                text = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with counting:
                    endpoint.calls += 1
                    last = endpoint.calls
                if stop is not None and last >= stop:
                    endpoint.stopped.set()
                    endpoint.go_on.wait(60)
                    return
                body = json.dumps(text.split()[0]).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self.go_on.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def install(directory: Path) -> None:
    """Make the deriver known to whoever has this directory on his path."""
    told = directory / "asking-1.dist-info"
    told.mkdir()
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: asking\nVersion: 1\n")
    (told / "entry_points.txt").write_text(
        "[cogx.derivers]\nasking = tests.unit.engine.asking:Asking\n"
    )
