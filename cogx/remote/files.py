"""Knows the routes by which raw files get into a dataset of a server, and a graph is made of them.

A cognee has /add and /cognify; its own /sync is never called: it starts a job and then answers
500. A server that offers the receiving side of a sync is asked by the hashes of what it lacks.
Source: spec/wire.md#sync.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any, Final
from urllib.parse import quote, unquote

from cogx.errors import BadSetting, RemoteGarbled, RemoteRefused
from cogx.remote.dataset import RemoteDataset, Row
from cogx.remote.file_form import FileForm, FileToSend
from cogx.remote.ledger import document_mark, name_mark
from cogx.remote.probe import CAPABILITIES, DATASETS, MOST_LIST_BYTES
from cogx.remote.resumable import ResumableUpload
from cogx.remote.server import Server

ADD: Final = "/api/v1/add"
COGNIFY: Final = "/api/v1/cognify"
ME: Final = "/api/v1/users/me"
SYNC: Final = "/api/sync"
"""The receiving side of a sync, with no version in its path."""
MARK: Final = "cogx_sync"
"""The key under which a file's hash stands in the metadata that a server keeps and shows."""
LONG_SILENCE_S: Final = 1800.0
"""How long a server may say nothing while it stores a file."""
STALL_S: Final = 600.0
_ABSENT: Final = frozenset({404, 405, 501})
_SHOWN: Final = 20
_TEXT_FILE: Final = re.compile(r"text_([0-9a-f]{32})\.\w+")
_HASH: Final = re.compile(r"[0-9a-f]{32}|[0-9a-f]{64}")
_TOLD_HASHES: Final = ("contentHash", "content_hash", "sha256", "md5")


@dataclass(frozen=True, slots=True)
class Added:
    """What a server said of a file that it took; None where it does not say."""

    data_id: str | None
    dataset_id: str | None
    content_hash: str | None


def find_own(server: Server, name: str) -> RemoteDataset | None:
    """Return the dataset of a name that is the key's user's own, None if there is none.

    Others may share one of the same name; a cognee makes a new one beside it. A server that does
    not say who the user is gives the one there is.

    Raises:
        BadSetting: several datasets have the name, and the server does not say which is whose.
        RemoteGarbled: no list of datasets.
    """
    rows = server.get_json(DATASETS, most_bytes=MOST_LIST_BYTES)
    if not isinstance(rows, list):
        raise RemoteGarbled(f"{server.url}{DATASETS}: no list of datasets. Is this a cognee?")
    same = [
        row
        for row in rows
        if isinstance(row, dict) and row.get("name") == name and isinstance(row.get("id"), str)
    ]
    me = user_id(server) if same else None
    if me is not None and all(isinstance(row.get("ownerId"), str) for row in same):
        same = [row for row in same if row["ownerId"] == me]
    if len(same) > 1:
        listed = ", ".join(row["id"] for row in same[:_SHOWN])
        raise BadSetting(
            f"{len(same)} datasets on {server.url} are called {name!r}, and it does not say which "
            f"is yours: {listed}. Give another name with --target-dataset."
        )
    return RemoteDataset(server, same[0]["id"], name) if same else None


def user_id(server: Server) -> str | None:
    """Return the id of the key's user, None if the server does not say."""
    try:
        told = server.get_json(ME)
    except RemoteRefused as error:
        if error.status in _ABSENT | {401, 403}:
            return None
        raise
    found = told.get("id") if isinstance(told, dict) else None
    return found if isinstance(found, str) else None


def iter_marks(dataset: RemoteDataset) -> Iterator[list[str]]:
    """Yield, page by page, what is shown of a dataset's files: ids, hashes, names, documents.

    See :class:`cogx.remote.ledger.Ledger`, which takes these marks.
    """
    for rows in dataset.iter_pages():
        yield [mark for row in rows for mark in _marks(row)]


def add_file(
    server: Server,
    file: FileToSend,
    *,
    dataset_name: str,
    dataset_id: str | None = None,
    advance: Callable[[int], None] | None = None,
    silence_s: float = LONG_SILENCE_S,
) -> Added:
    """Store a file in a dataset, once, without making anything of it.

    Args:
        dataset_name: made if there is none; not sent where ``dataset_id`` is given.
        advance: hears how many bytes of the file were handed on.

    Raises:
        FileChanged: the file is not what was looked at; the server did not get it whole.
        RemoteUnavailable, RemoteRefused, RemoteGarbled: the file may be there all the same.
    Cost: memory does not grow with the file.
    """
    fields = _fields(file, dataset_name, dataset_id)
    body = partial(FileForm, file=file, fields=fields, part="data", advance=advance)
    return _added(server, _send(server, "POST", ADD, body, file.path, silence_s=silence_s))


def add_in_pieces(
    server: Server,
    file: FileToSend,
    *,
    dataset_name: str,
    dataset_id: str | None = None,
    piece_bytes: int,
    advance: Callable[[int], None] | None = None,
    silence_s: float = LONG_SILENCE_S,
) -> Added:
    """Store a file as :func:`add_file` does, but bring it there in pieces first.

    Args:
        piece_bytes: how much the server, which keeps uploads, takes at once.

    Raises:
        As :func:`add_file`; what is there of the file is not sent again.
    """
    upload = ResumableUpload(
        server,
        file.path,
        name=file.name,
        sha256=file.sha256,
        piece_bytes=piece_bytes,
        advance=advance,
    )
    fields = _fields(file, dataset_name, dataset_id)
    fields += [("upload_id", upload.run()), ("filename", file.name)]
    if file.mime_type:
        fields.append(("mime_type", file.mime_type))
    parts = [(name, (None, value)) for name, value in fields]
    added = _added(server, server.post_form(ADD, {}, parts, silence_s=silence_s))
    upload.end()
    return added


def start_rebuild(server: Server, dataset_id: str) -> str | None:
    """Let the server make a graph of what it has not made one of yet; return the run's id.

    Raises:
        RemoteRefused, RemoteUnavailable, RemoteGarbled
    """
    body = {"datasetIds": [dataset_id], "runInBackground": True}
    answer = server.post_json(COGNIFY, body)
    told = answer.get(dataset_id, answer) if isinstance(answer, dict) else None
    if not isinstance(told, dict):
        raise RemoteGarbled(f"{server.url}{COGNIFY}: the answer names no run.")
    run = told.get("pipeline_run_id")
    if "errored" in str(told.get("status", "")).lower():
        raise RemoteRefused(f"{server.url}{COGNIFY}: {told.get('status')}: {_payload(told)}", 409)
    return run if isinstance(run, str) else None


class SyncRoutes:
    """The receiving side of a sync, for one dataset of a server that offers it."""

    def __init__(self, server: Server, dataset_id: str, name: str) -> None:
        self._server = server
        self.dataset_id = dataset_id
        self._name = name
        self._path = f"{SYNC}/{quote(dataset_id, safe='')}"

    def missing(self, hashes: Sequence[str]) -> list[str]:
        """Return those of these hashes (MD5) that the server has no file of."""
        body = {"dataset_id": self.dataset_id, "dataset_name": self._name, "hashes": list(hashes)}
        path = f"{self._path}/diff"
        answer = self._server.post_json(path, body, most_bytes=MOST_LIST_BYTES)
        found = answer.get("missing_on_remote") if isinstance(answer, dict) else None
        if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
            raise RemoteGarbled(f"{self._server.url}{path}: no list of what is missing.")
        return found

    def put(
        self,
        file: FileToSend,
        *,
        advance: Callable[[int], None] | None = None,
        silence_s: float = LONG_SILENCE_S,
    ) -> Added:
        """Store a file under an id of ours; raises as :func:`add_file`."""
        fields = [
            ("dataset_id", self.dataset_id),
            ("dataset_name", self._name),
            ("data_id", file.id),
            ("mime_type", file.mime_type or "application/octet-stream"),
            ("extension", Path(file.name).suffix.lstrip(".")),
            ("md5", file.md5),
            *_about(file),
        ]
        path = f"{self._path}/data/{quote(file.id, safe='')}"
        body = partial(FileForm, file=file, fields=fields, part="file", advance=advance)
        answer = _send(self._server, "PUT", path, body, file.path, silence_s=silence_s)
        told = answer if isinstance(answer, dict) else {}
        return Added(file.id, self.dataset_id, _told_hash(told))


def offers_sync(server: Server) -> bool:
    """Tell whether a server says that it has the receiving side of a sync."""
    try:
        told = server.get_json(CAPABILITIES)
    except RemoteRefused as error:
        if error.status in _ABSENT:
            return False
        raise
    return isinstance(told, dict) and told.get("sync") is True


def make_dataset(server: Server, name: str) -> RemoteDataset:
    """Return the dataset of a name, made if there is none."""
    told = server.post_json(DATASETS, {"name": name})
    identity = told.get("id") if isinstance(told, dict) else None
    if not isinstance(identity, str) or not identity:
        raise RemoteGarbled(f"{server.url}{DATASETS}: the answer has no id of a dataset.")
    return RemoteDataset(server, identity, name)


def _fields(file: FileToSend, dataset_name: str, dataset_id: str | None) -> list[tuple[str, str]]:
    target = ("datasetId", dataset_id) if dataset_id else ("datasetName", dataset_name)
    return [target, *_about(file)]


def _about(file: FileToSend) -> list[tuple[str, str]]:
    """Return the fields that say of a file what its bytes do not, with our mark."""
    metadata = {**file.external_metadata, MARK: {"sha256": file.sha256, "document": file.id}}
    fields = [("external_metadata", json.dumps([metadata]))]
    if file.label:
        fields.append(("labels", json.dumps([file.label])))
    return fields + [("node_set", one) for one in file.node_set]


def _marks(row: Row) -> Iterator[str]:
    yield row["id"]
    if isinstance(row.get("name"), str):
        yield name_mark(f"{row['name']}.x")  # shown without its ending, whatever is left of it
    for name in _TOLD_HASHES:
        value = row.get(name)
        if isinstance(value, str):
            yield value
    given = row.get("externalMetadata", row.get("external_metadata"))
    own = given.get(MARK) if isinstance(given, dict) else None
    if isinstance(own, dict):
        if isinstance(own.get("sha256"), str):
            yield own["sha256"]
        if isinstance(own.get("document"), str):
            yield document_mark(own["document"])
    # A cognee names the text of a file after the MD5 of what it was given.
    location = row.get("rawDataLocation", row.get("raw_data_location"))
    if isinstance(location, str):
        found = _TEXT_FILE.fullmatch(unquote(location).rpartition("/")[2])
        if found is not None:
            yield found[1]


def _send(
    server: Server,
    method: str,
    route: str,
    form: Callable[[IO[bytes]], FileForm],
    path: Path,
    *,
    silence_s: float,
) -> Any:
    with path.open("rb") as content:
        body = form(content)
        headers = {
            "Content-Type": f"multipart/form-data; boundary={body.boundary}",
            "Content-Length": str(body.size),
        }
        return server.post_bytes(
            route, body, headers=headers, silence_s=silence_s, stall_s=STALL_S, method=method
        )


def _added(server: Server, answer: Any) -> Added:
    if not isinstance(answer, dict):
        raise RemoteGarbled(f"{server.url}{ADD}: the answer is no object. Is this a cognee?")
    listed = answer.get("data_ingestion_info", answer.get("items"))
    items = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    item = items[0] if len(items) == 1 else {}
    run = item.get("run_info")
    for told in (answer, run if isinstance(run, dict) else {}):
        status = str(told.get("status", ""))
        if status.lower().endswith("errored"):
            raise RemoteRefused(f"{server.url}{ADD}: {status}: {_payload(told)}", 409)
    data_id = item.get("data_id", item.get("id"))
    dataset_id = answer.get("dataset_id")
    return Added(
        data_id if isinstance(data_id, str) else None,
        dataset_id if isinstance(dataset_id, str) else None,
        _told_hash(item),
    )


def _payload(told: Mapping[str, Any]) -> str:
    value = told.get("error") or told.get("payload") or "the server does not say why"
    return str(value)[:300]


def _told_hash(told: Mapping[str, Any]) -> str | None:
    """Return the hash of what the server has stored, if it says one that can be compared."""
    for name in _TOLD_HASHES:
        value = told.get(name)
        if isinstance(value, str) and _HASH.fullmatch(value):
            return value
    return None
