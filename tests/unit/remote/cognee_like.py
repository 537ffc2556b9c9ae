"""A server on loopback that answers as a cognee 1.6.5 does, with its defects as switches.

Routes: /health, /openapi.json, /api/v1/remember (archives and plain files), /api/v1/datasets with
what is below it, /api/v1/activity/pipeline-runs, and what a cogx server offers beyond.

    with CogneeLike(key="k") as cognee:
        Server(cognee.url, "k")
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import threading
import uuid
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import IO, Any, Self
from urllib.parse import parse_qs, urlsplit

from tests.unit.remote.cognee_graphs import (
    STAMP,
    Archive,
    Dataset,
    Refusal,
    Written,
    read_archive,
    store_content,
    store_graph,
)

MODES = ("re-derive", "preserve", "hybrid")
_UNAUTHORIZED = Refusal(401, {"detail": "Authentication required (auth posture: required)."})


@dataclass
class Answer:
    """An answer made beforehand: ``body`` bytes, something to be JSON, or parts of a long one."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    parts: Iterable[bytes] | None = None
    length: int | None = None
    """What Content-Length says, if that is not the truth."""
    unread: bool = False
    """Answered before the request's body is read, and the connection closed."""


@dataclass
class Upload:
    """What one POST to remember held."""

    fields: dict[str, str]
    headers: dict[str, str]
    names: list[str]
    """Names of the parts, in their order."""
    filename: str = ""
    part_type: str = ""
    sha256: str = ""
    size: int = 0


class CogneeLike:
    """The server and its memory. Switches are attributes and may be set at any time."""

    def __init__(self, *, version: str | None = "1.6.5", key: str | None = "secret") -> None:
        self.version = version
        self.key = key
        self.server_field: str | None = None
        self.health_status = 200
        self.imports_archives = True
        """False: a server before 1.2.0, which takes the archive for a plain file."""
        self.openapi_padding = 0
        self.background_preserve_fails = True
        self.data_ids_ignore_datasets = True
        self.tells_migration_item = True
        self.has_llm = False
        self.most_member_bytes = 512 << 20
        self.capabilities: dict[str, Any] | None = None
        self.runs_route = True
        self.run_lookup = False
        self.rows_name_runs = True
        self.looks_until_done = 2
        """Looks at a background run that find it still going on."""
        self.swallows = False
        """True: uploads are counted and dropped, and nothing is imported."""
        self.spoiled: Answer | None = None
        """What is answered to an upload instead of what was done with it."""
        self.canned: dict[str, deque[Answer]] = {}

        self.datasets: dict[str, Dataset] = {}
        self.rows: list[dict[str, Any]] = []
        self.ending: dict[str, tuple[int, Callable[[], str]]] = {}
        self.imports = 0
        """How many archives were imported, or are, or have failed on the way."""
        self.plain_files = 0
        self.uploads: list[Upload] = []
        self.requests: list[tuple[str, str]] = []
        self.keys: list[str | None] = []
        self.lock = threading.RLock()
        self._http = _Http(("127.0.0.1", 0), _Handler)
        self._http.cognee = self
        self.port = self._http.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def can(self, path: str, *answers: Answer) -> None:
        """Give these answers first to what is asked of a route."""
        self.canned.setdefault(path, deque()).extend(answers)

    @property
    def served(self) -> int:
        """Return how many connections were served to their end."""
        return self._http.served

    def settle(self, connections: int) -> None:
        """Wait until so many connections were served to their end."""
        with self._http.ended:
            done = self._http.ended.wait_for(lambda: self._http.served >= connections, 20)
            assert done, "the server still works on a connection"

    def dataset(self, name: str) -> Dataset:
        """Return a dataset, made if it is not there."""
        with self.lock:
            if name not in self.datasets:
                made = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{name}user-tenant"))
                self.datasets[name] = Dataset(made, name)
            return self.datasets[name]

    def add_row(self, run_id: str, dataset: Dataset, end: str, /, **more: Any) -> None:
        """Append a row to the list of runs."""
        outcome = {"COMPLETED": "succeeded", "ERRORED": "failed"}.get(end)
        row = {
            "id": str(uuid.uuid4()),
            "kind": "pipeline",
            "pipeline_name": "migration_import_pipeline",
            "status": f"DATASET_PROCESSING_{end}",
            "dataset_id": dataset.id,
            "dataset_name": dataset.name,
            "created_at": STAMP,
            "pipeline_run_id": run_id if self.rows_name_runs else None,
            "outcome": outcome,
            "error_class": None,
            "started_at": STAMP,
            "ended_at": STAMP if outcome else None,
        }
        with self.lock:
            self.rows.insert(0, row | more)

    # What the routes do. Each returns what is to be JSON, or raises a Refusal.

    def get(self, path: str, query: dict[str, list[str]], key: str | None) -> Any:
        if path == "/health":
            return self._health()
        if path == "/openapi.json":
            return self._openapi()
        if self.key is not None and key != self.key:
            raise _UNAUTHORIZED
        return self._with_key(path, query)

    def _with_key(self, path: str, query: dict[str, list[str]]) -> Any:
        steps = path.removeprefix("/api/v1/").split("/")
        if steps == ["datasets"]:
            return [dataset.row() for dataset in self.datasets.values()]
        if steps == ["datasets", "status"]:
            return self._status(query)
        if steps[0] == "datasets":
            return self._below_dataset(steps[1:], query)
        if steps[:2] == ["activity", "pipeline-runs"] and self.runs_route:
            return self._runs(steps[2:], query)
        if steps == ["cogx", "capabilities"] and self.capabilities is not None:
            return self.capabilities
        raise Refusal(404, {"detail": "Not Found"})

    def _health(self) -> Any:
        told: dict[str, Any] = {"status": "ready", "health": "healthy"}
        if self.health_status != 200:
            told = {"status": "not ready", "health": "unhealthy"}
        if self.version is not None:
            told["version"] = self.version
        if self.server_field is not None:
            told["server"] = self.server_field
        if self.health_status != 200:
            raise Refusal(self.health_status, told)
        return told

    def _openapi(self) -> Any:
        properties: dict[str, Any] = {
            "data": {"type": "array"},
            "datasetName": {"type": "string"},
            "content_type": {"type": "string"},
        }
        if self.imports_archives:
            properties["import_mode"] = {"type": "string", "default": "preserve"}
        name = "Body_remember_api_v1_remember_post"
        schema = {"$ref": f"#/components/schemas/{name}"}
        content = {"multipart/form-data": {"schema": schema}}
        paths: dict[str, Any] = {
            "/api/v1/remember": {"post": {"requestBody": {"content": content}}}
        }
        if self.capabilities is not None:
            paths["/api/v1/cogx/capabilities"] = {"get": {}}
        return {
            "openapi": "3.1.0",
            "info": {"title": "Cognee API", "version": "1.0.0"},
            "paths": paths,
            "components": {"schemas": {name: {"type": "object", "properties": properties}}},
            "x-padding": "x" * self.openapi_padding,
        }

    def _below_dataset(self, steps: list[str], query: dict[str, list[str]]) -> Any:
        found = [one for one in self.datasets.values() if one.id == steps[0]]
        if not found:
            text = "Request owner does not have necessary permission: [read] for all datasets "
            raise Refusal(403, {"detail": f"{text}requested. [PermissionDeniedError]"})
        if steps[1:] == ["graph"]:
            return found[0].graph()
        if steps[1:] == ["data"]:
            first = int(query.get("offset", ["0"])[0])
            most = int(query.get("limit", ["100"])[0])
            rows = [
                {"id": data_id, "name": one["name"], "dataSize": len(one["text"].encode())}
                for data_id, one in found[0].data.items()
            ]
            return rows[first : first + most]
        if steps[1:] == ["data", "count"]:
            return {"count": len(found[0].data)}
        if len(steps) == 4 and steps[3] == "raw" and steps[2] in found[0].data:
            return found[0].data[steps[2]]["text"].encode()
        raise Refusal(404, {"detail": "Not Found"})

    def _status(self, query: dict[str, list[str]]) -> Any:
        self._look()
        pipelines = query.get("pipeline", ["cognify_pipeline"])
        told: dict[str, Any] = {}
        for row in reversed(self.rows):
            if row["dataset_id"] not in query.get("dataset", [row["dataset_id"]]):
                continue
            if row["pipeline_name"] in pipelines and len(set(pipelines)) == 1:
                told[row["dataset_id"]] = row["status"]
            elif row["pipeline_name"] in pipelines:
                told.setdefault(row["dataset_id"], {})[row["pipeline_name"]] = row["status"]
        return told

    def _runs(self, steps: list[str], query: dict[str, list[str]]) -> Any:
        if steps and not self.run_lookup:
            raise Refusal(404, {"detail": "Not Found"})
        self._look()
        rows = [
            row
            for row in self.rows
            if row["dataset_id"] in query.get("dataset_id", [row["dataset_id"]])
            and row["pipeline_name"] in query.get("pipeline_name", [row["pipeline_name"]])
        ]
        if steps:
            rows = [row for row in rows if row["pipeline_run_id"] == steps[0]]
            if not rows:
                raise Refusal(404, {"detail": "Not Found"})
            return rows[0]
        first = int(query.get("offset", ["0"])[0])
        most = int(query.get("limit", ["50"])[0])
        if not 1 <= most <= 500:
            raise Refusal(400, {"detail": [{"loc": ["query", "limit"], "msg": "out of range"}]})
        return rows[first : first + most]

    def _look(self) -> None:
        """Let background runs come nearer to their end with every look at them."""
        with self.lock:
            for run_id, (looks, end) in list(self.ending.items()):
                if looks > 0:
                    self.ending[run_id] = looks - 1, end
                else:
                    del self.ending[run_id]
                    end()

    def remember(self, upload: Upload, archive: IO[bytes], key: str | None) -> Any:
        if self.key is not None and key != self.key:
            raise _UNAUTHORIZED
        self.uploads.append(upload)
        if self.swallows:
            return {"status": "completed", "size": upload.size}
        name = upload.fields.get("datasetName", "")
        if not name:
            raise Refusal(400, {"detail": "Either datasetId or datasetName must be provided."})
        if upload.fields.get("content_type") != "cogx-archive" or not self.imports_archives:
            self.plain_files += 1
            items = [{"id": str(uuid.uuid4()), "name": upload.filename, "mime_type": "x/y"}]
            return {"status": "completed", "dataset_name": name, "items": items}
        mode = upload.fields.get("import_mode") or "preserve"
        if mode not in MODES:
            text = f"Unknown import_mode {mode!r}. Expected one of {MODES}."
            raise Refusal(400, {"detail": text})
        with self.lock:
            return self._import(
                upload, read_archive(archive, most_member_bytes=self.most_member_bytes), name, mode
            )

    def _import(self, upload: Upload, archive: Archive, name: str, mode: str) -> Any:
        checksum = upload.headers.get("x-cogx-sha256")
        if self.capabilities is not None and checksum not in {None, upload.sha256}:
            raise Refusal(422, {"detail": "The checksum differs.", "code": "checksum_mismatch"})
        self.imports += 1
        dataset = self.dataset(name)
        if set(name) & set(" ."):
            raise Refusal(400, {"error": "Invalid COGX archive."})
        others = [one for one in self.datasets.values() if one is not dataset]
        stored = store_content(archive, dataset, others if self.data_ids_ignore_datasets else [])
        if stored and mode != "preserve" and not self.has_llm:
            raise Refusal(422, {"detail": "Cognify failed [CognifyFailedError]"})
        later = upload.fields.get("run_in_background") in {"true", "1", "yes", "on"}
        written = Written()
        if not any(archive.of("entity", "fact", "raw_node")):
            # Nothing to run: it is done, whatever was asked.
            return self._answer(
                upload, archive, None, mode=mode, written=written, stored=stored, later=False
            )
        if later and mode == "hybrid":
            written = store_graph(archive, Dataset("", ""))  # what is planned
        run_id = str(uuid.uuid4())
        self.add_row(run_id, dataset, "STARTED")
        if later:
            self.ending[run_id] = (
                self.looks_until_done,
                lambda: self._end_later(run_id, dataset, archive, mode),
            )
        else:
            written = self._end_now(run_id, dataset, archive, mode)
        return self._answer(
            upload, archive, run_id, mode=mode, written=written, stored=stored, later=later
        )

    def _end_now(self, run_id: str, dataset: Dataset, archive: Archive, mode: str) -> Written:
        try:
            written = Written() if mode == "re-derive" else store_graph(archive, dataset)
        except Refusal:
            self.add_row(run_id, dataset, "ERRORED", error_class="ValueError")
            raise
        self.add_row(run_id, dataset, "COMPLETED")
        return written

    def _end_later(self, run_id: str, dataset: Dataset, archive: Archive, mode: str) -> str:
        if mode == "preserve" and self.background_preserve_fails:
            self.add_row(run_id, dataset, "ERRORED", error_class="FileNotFoundError")
        else:
            with suppress(Refusal):
                self._end_now(run_id, dataset, archive, mode)
        return run_id

    def _answer(
        self,
        upload: Upload,
        archive: Archive,
        run_id: str | None,
        *,
        mode: str,
        written: Written,
        stored: int,
        later: bool,
    ) -> Any:
        item: dict[str, Any] = {
            "kind": "migration_import",
            "source_system": archive.manifest.get("source_system", "unknown"),
            "mode": mode,
            "record_counts": archive.counts,
            "graph_nodes": written.nodes,
            "graph_edges": written.edges,
            "skipped_facts": written.skipped,
            "pipeline_run_id": run_id,
        }
        if mode == "preserve":
            item["deduped_edges"] = written.deduped
        if later:
            item["graph_import"] = "running"
        status = "completed"
        if later:
            status = "running" if stored and mode != "preserve" else "started"
        return {
            "status": status,
            "dataset_name": upload.fields["datasetName"],
            "dataset_id": None,
            "pipeline_run_id": run_id,
            "items_processed": stored + written.nodes,
            "elapsed_seconds": 0.01,
            "items": [item] if self.tells_migration_item else [{"id": "1", "name": "archive"}],
        }


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    cognee: CogneeLike

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.served = 0
        self.ended = threading.Condition()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self.ended:
                self.served += 1
                self.ended.notify_all()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away are what many tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or every answer waits for an acknowledgement
    server: _Http

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._serve(self._get)

    def do_POST(self) -> None:
        self._serve(self._post)

    def _serve(self, work: Callable[[], Any]) -> None:
        cognee = self.server.cognee
        path = urlsplit(self.path).path
        cognee.requests.append((self.command, self.path))
        cognee.keys.append(self.headers.get("X-Api-Key"))
        canned = cognee.canned.get(path)
        try:
            if canned:
                answer = canned.popleft()
                if not answer.unread:
                    self._drop_body()
                self.close_connection = answer.unread
            else:
                answer = Answer(body=work())
                if path == "/api/v1/remember" and cognee.spoiled is not None:
                    answer = cognee.spoiled
        except Refusal as refusal:
            answer = Answer(refusal.status, refusal.body, refusal.headers)
        except ConnectionError:
            # The request was cut: nothing was taken, and nobody is there to be answered.
            self.close_connection = True
            return
        self._send(answer)

    def _get(self) -> Any:
        parts = urlsplit(self.path)
        return self.server.cognee.get(
            parts.path, parse_qs(parts.query), self.headers.get("X-Api-Key")
        )

    def _post(self) -> Any:
        with tempfile.TemporaryFile() as body:
            size = self._read_body(None if self.server.cognee.swallows else body)
            if urlsplit(self.path).path != "/api/v1/remember":
                raise Refusal(404, {"detail": "Not Found"})
            headers = {name.lower(): value for name, value in self.headers.items()}
            with tempfile.TemporaryFile() as archive:
                upload = Upload({}, headers, [])
                if self.server.cognee.swallows:
                    upload.size = size
                else:
                    body.seek(0)
                    _parse_form(body.read(), upload, archive)
                archive.seek(0)
                return self.server.cognee.remember(upload, archive, headers.get("x-api-key"))

    def _read_body(self, into: IO[bytes] | None) -> int:
        size = left = int(self.headers.get("Content-Length", 0))
        while left:
            part = self.rfile.read(min(left, 1 << 18))
            if not part:
                raise ConnectionError("the request's body was cut")
            left -= len(part)
            if into is not None:
                into.write(part)
        return size

    def _drop_body(self) -> None:
        self._read_body(None)

    def _send(self, answer: Answer) -> None:
        body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        parts = [body] if answer.parts is None else answer.parts
        headers = {"Content-Type": "application/json", **answer.headers}
        if "Transfer-Encoding" in headers:
            self.close_connection = True  # the body is what it is, chunks or not
        else:
            headers["Content-Length"] = str(len(body) if answer.length is None else answer.length)
        if answer.unread or answer.length is not None:
            self.close_connection = True
        try:
            self.send_response(answer.status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            for part in parts:
                self.wfile.write(part)
        except ConnectionError:
            self.close_connection = True


def _parse_form(body: bytes, upload: Upload, archive: IO[bytes]) -> None:
    """Take a multipart form apart, whatever the order of its parts."""
    marker = upload.headers["content-type"].partition("boundary=")[2].strip('"').encode()
    for part in body.split(b"--" + marker)[1:-1]:
        head, _, value = part[2:-2].partition(b"\r\n\r\n")
        lines = head.decode("utf-8").split("\r\n")
        named = {
            key.strip(): text.strip('"')
            for key, _, text in (one.partition("=") for one in lines[0].split(";"))
        }
        upload.names.append(named["name"])
        if named["name"] != "data":
            upload.fields[named["name"]] = value.decode("utf-8")
            continue
        upload.filename = named.get("filename", "")
        upload.part_type = lines[1].partition(": ")[2] if len(lines) > 1 else ""
        upload.size = len(value)
        upload.sha256 = hashlib.sha256(value).hexdigest()
        archive.write(value)
