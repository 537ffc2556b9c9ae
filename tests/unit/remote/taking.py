"""A cognee of the tests that takes raw files: /add, /cognify, and the receiving side of a sync."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tests.unit.remote.cognee_graphs import Refusal
from tests.unit.remote.cognee_like import CogneeLike, _Handler

ME = "00000000-0000-4000-8000-000000000001"


@dataclass
class Kept:
    """A file that the server has."""

    name: str
    data: bytes
    fields: dict[str, list[str]] = field(default_factory=dict)

    @property
    def md5(self) -> str:
        return hashlib.md5(self.data, usedforsecurity=False).hexdigest()

    @property
    def metadata(self) -> dict[str, Any]:
        told = json.loads(self.fields.get("external_metadata", ["[{}]"])[0])[0]
        assert isinstance(told, dict)
        return told


class CogneeTaking(CogneeLike):
    """The server. Switches are attributes and may be set at any time."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self._http.RequestHandlerClass = _TakingHandler
        self.kept: dict[str, dict[str, Kept]] = {}
        """Dataset name -> id of the data -> the file."""
        self.adds: list[str] = []
        """Names of files in requests that arrived whole, taken or not."""
        self.cognified: list[str] = []
        self.refuses: dict[str, Refusal] = {}
        """File name -> the answer to it."""
        self.silent_after: dict[str, int] = {}
        """File name -> how many times it is taken and the connection cut without an answer."""
        self.loses: set[str] = set()
        """Names of files that are accepted and not kept."""
        self.dead_after: int | None = None
        """Answers nothing any more once so many files have arrived."""
        self.shows_hashes = True
        self.shows_files = True
        self.echoes: str | None = None
        """A content_hash to answer with; "true" is the right one."""
        self.cognify_refusal: Refusal | None = None
        self.swallowed: list[int] = []
        """Sizes of the requests with a file that were dropped, with ``swallows``."""

    def names(self, dataset: str) -> list[str]:
        return sorted(one.name for one in self.kept.get(dataset, {}).values())

    def _with_key(self, path: str, query: dict[str, list[str]]) -> Any:
        if path == "/api/v1/users/me":
            return {"id": ME, "email": "me@example.org"}
        return super()._with_key(path, query)

    def _below_dataset(self, steps: list[str], query: dict[str, list[str]]) -> Any:
        found = [one for one in self.datasets.values() if one.id == steps[0]]
        if found and steps[1:] == ["data"]:
            if not self.shows_files:
                raise Refusal(403, {"detail": "no [read] [PermissionDeniedError]"})
            first, most = int(query["offset"][0]), int(query["limit"][0])
            rows = [self._row(*one) for one in self.kept.get(found[0].name, {}).items()]
            return rows[first : first + most]
        return super()._below_dataset(steps, query)

    def _row(self, data_id: str, file: Kept) -> dict[str, Any]:
        row = {"id": data_id, "name": file.name.rpartition(".")[0], "dataSize": len(file.data)}
        if self.shows_hashes:
            row["rawDataLocation"] = f"file:///data/text_{file.md5}.txt"
            row["externalMetadata"] = {**file.metadata, "_cognee": {"source_uri": "file:///x"}}
        return row

    def post(self, path: str, headers: dict[str, str], body: bytes) -> Any:
        if self.key is not None and headers.get("x-api-key") != self.key:
            raise Refusal(401, {"detail": "Authentication required."})
        if path == "/api/v1/add":
            return self._add(*_parsed(headers, body))
        if path == "/api/v1/cognify":
            return self._cognify(json.loads(body))
        if path == "/api/v1/datasets":
            return self.dataset(json.loads(body)["name"]).row()
        if path.startswith("/api/sync/") and self.capabilities is not None:
            return self._receive(path.split("/")[3:], headers, body)
        raise Refusal(404, {"detail": "Not Found"})

    def _add(self, fields: dict[str, list[str]], file: Kept) -> Any:
        assert file.name, "a form without a file"
        name = self._target(fields)
        self.adds.append(file.name)
        if file.name in self.refuses:
            raise self.refuses[file.name]
        made = self.dataset(name)
        for kept in self.kept.get(name, {}).values():
            if stem(kept.name) == stem(file.name) and kept.md5 != file.md5:
                text = f"POST /api/v1/add does not update documents. {file.name!r} exists."
                raise Refusal(409, {"detail": text})
        data_id = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{file.md5}{made.id}"))
        if file.name not in self.loses:
            self.kept.setdefault(name, {}).setdefault(data_id, file)
        self._cut(file.name)
        item = {"run_info": {"status": "PipelineRunCompleted"}, "data_id": data_id}
        if self.echoes is not None:
            item["content_hash"] = file.md5 if self.echoes == "true" else self.echoes
        return {
            "status": "PipelineRunCompleted",
            "pipeline_run_id": str(uuid.uuid4()),
            "dataset_id": made.id,
            "dataset_name": name,
            "data_ingestion_info": [item],
        }

    def _target(self, fields: dict[str, list[str]]) -> str:
        if "datasetName" in fields:
            return fields["datasetName"][0]
        (found,) = [one for one in self.datasets.values() if one.id == fields["datasetId"][0]]
        return found.name

    def _cut(self, name: str) -> None:
        if self.silent_after.get(name, 0) > 0:
            self.silent_after[name] -= 1
            raise ConnectionError("the answer was cut")

    def _cognify(self, asked: dict[str, Any]) -> Any:
        if self.cognify_refusal is not None:
            raise self.cognify_refusal
        (dataset_id,) = asked["datasetIds"]
        assert asked["runInBackground"] is True
        (made,) = [one for one in self.datasets.values() if one.id == dataset_id]
        self.cognified.append(made.name)
        run_id = str(uuid.uuid4())
        how = {"pipeline_name": "cognify_pipeline"}
        self.add_row(run_id, made, "STARTED", **how)

        def end() -> str:
            fault = {} if self.has_llm else {"error_class": "InternalServerError"}
            self.add_row(run_id, made, "COMPLETED" if self.has_llm else "ERRORED", **how, **fault)
            return run_id

        self.ending[run_id] = self.looks_until_done, end
        told = {"status": "PipelineRunStarted", "pipeline_run_id": run_id, "dataset_id": made.id}
        return {made.id: told}

    def _receive(self, steps: list[str], headers: dict[str, str], body: bytes) -> Any:
        (made,) = [one for one in self.datasets.values() if one.id == steps[0]]
        have = self.kept.setdefault(made.name, {})
        if steps[1:] == ["diff"]:
            hashes = {one.md5 for one in have.values()}
            asked = json.loads(body)["hashes"]
            return {
                "missing_on_remote": [one for one in asked if one not in hashes],
                "missing_on_local": [],
            }
        fields, file = _parsed(headers, body)
        self.adds.append(file.name)
        if fields["md5"] != [file.md5]:
            raise Refusal(422, {"detail": "The md5 differs."})
        have[steps[2]] = file
        return {"status": "stored", "md5": file.md5}


def stem(name: str) -> str:
    """Return what a cognee tells files apart by."""
    return name.rpartition(".")[0] or name


class _TakingHandler(_Handler):
    def do_PUT(self) -> None:  # noqa: N802 - as http.server has it
        self._serve(self._post)

    def _serve(self, work: Callable[[], Any]) -> None:
        cognee = self.server.cognee
        assert isinstance(cognee, CogneeTaking)
        if cognee.dead_after is not None and len(cognee.adds) >= cognee.dead_after:
            self.close_connection = True
            return
        super()._serve(work)

    def _post(self) -> Any:
        path = urlsplit(self.path).path
        cognee = self.server.cognee
        if path == "/api/v1/remember" or not isinstance(cognee, CogneeTaking):
            return super()._post()
        if cognee.swallows and path == "/api/v1/add":
            cognee.swallowed.append(self._read_body(None))
            return {"status": "PipelineRunCompleted", "dataset_id": cognee.dataset("swallowed").id}
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if len(body) < int(self.headers.get("Content-Length", 0)):
            raise ConnectionError("the request's body was cut")
        headers = {name.lower(): value for name, value in self.headers.items()}
        with cognee.lock:
            return cognee.post(path, headers, body)


def _parsed(headers: dict[str, str], body: bytes) -> tuple[dict[str, list[str]], Kept]:
    """Take a multipart form apart: its fields, and the one file of it."""
    marker = headers["content-type"].partition("boundary=")[2].encode()
    fields: dict[str, list[str]] = {}
    file: Kept | None = None
    for part in body.split(b"--" + marker)[1:-1]:
        head, _, value = part[2:-2].partition(b"\r\n\r\n")
        named = dict(re.findall(r'(\w+)="([^"]*)"', head.decode()))
        if "filename" in named:
            file = Kept(named["filename"], value)
        else:
            fields.setdefault(named["name"], []).append(value.decode())
    file = file or Kept("", b"")
    file.fields = fields
    return fields, file
