"""A server of the tests that keeps uploads: pieces arrive, cuts leave what had arrived."""

from __future__ import annotations

import hashlib
import io
import json
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO, Any
from urllib.parse import urlsplit

from tests.unit.remote.cognee_graphs import Refusal
from tests.unit.remote.cognee_like import Upload
from tests.unit.remote.taking import CogneeTaking, Kept, _TakingHandler

UPLOADS = "/api/v1/cogx/uploads"


class Sink(bytearray):
    """Takes bytes, and keeps nothing but their number and hash."""

    def __init__(self) -> None:
        super().__init__()
        self._size = 0
        self.hash = hashlib.sha256()

    def __iadd__(self, part: Any) -> Any:
        self._size += len(part)
        self.hash.update(part)
        return self

    def __len__(self) -> int:
        return self._size


@dataclass
class Open:
    """An upload that is under way, or whole."""

    size: int
    sha256: str
    name: str
    data: bytearray = field(default_factory=bytearray)
    lock: threading.Lock = field(default_factory=threading.Lock)


class CogneeResumable(CogneeTaking):
    """The server. Switches are attributes and may be set at any time."""

    def __init__(self, *, piece_bytes: int = 64 << 10, sync: bool = False, **more: Any) -> None:
        super().__init__(**more)
        self._http.RequestHandlerClass = _ResumableHandler
        self.capabilities = {
            "cogx_versions": ["0.1"],
            "import_modes": ["preserve", "hybrid", "re-derive"],
            "resumable": True,
            "upload_chunk_bytes": piece_bytes,
            "checksum": ["sha256"],
            "background": True,
            "sync": sync,
        }
        self.open: dict[str, Open] = {}
        self.begun: list[Open] = []
        self.dropped: list[str] = []
        self.piece_sizes: list[int] = []
        """Bytes of each piece that arrived whole."""
        self.taken_bytes = 0
        """Bytes of pieces that arrived, whole or cut."""
        self.most_bytes: int | None = None
        self.after_piece: Callable[[int], None] | None = None
        """Is called with the number of pieces, before one is answered."""
        self.silent_for = 0
        """So many requests for uploads are cut without an answer."""
        self.location = UPLOADS
        self.loses_answers = False

    def begin(self, told: dict[str, Any]) -> str:
        if self.most_bytes is not None and told["size"] > self.most_bytes:
            raise Refusal(413, {"detail": f"At most {self.most_bytes} bytes."})
        identity = uuid.uuid4().hex
        self.open[identity] = Open(told["size"], told["sha256"], told["name"])
        if self.swallows:
            self.open[identity].data = Sink()
        self.begun.append(self.open[identity])
        return identity

    def whole(self, identity: str) -> bytes:
        """Give an upload to what uses it up."""
        one = self.open.get(identity)
        if one is None:
            raise Refusal(404, {"detail": "No such upload."})
        if len(one.data) != one.size:
            raise Refusal(409, {"detail": "Bytes are missing."})
        if hashlib.sha256(one.data).hexdigest() != one.sha256:
            raise Refusal(422, {"detail": "Other bytes.", "code": "checksum_mismatch"})
        del self.open[identity]
        return bytes(one.data)

    def remember(self, upload: Upload, archive: IO[bytes], key: str | None) -> Any:
        identity = upload.fields.get("upload_id")
        if identity is not None:
            data = b"" if self.swallows else self.whole(identity)
            upload.size, upload.sha256 = len(data), hashlib.sha256(data).hexdigest()
            archive = io.BytesIO(data)
        return super().remember(upload, archive, key)

    def _add(self, fields: dict[str, list[str]], file: Kept) -> Any:
        if "upload_id" in fields:
            data = self.whole(fields["upload_id"][0])
            file = Kept(fields["filename"][0], data, fields)
        return super()._add(fields, file)


class _ResumableHandler(_TakingHandler):
    def do_HEAD(self) -> None:  # noqa: N802 - as http.server has it
        self._uploads(self._head)

    def do_PATCH(self) -> None:  # noqa: N802 - as http.server has it
        self._uploads(self._patch)

    def do_DELETE(self) -> None:  # noqa: N802 - as http.server has it
        self._uploads(self._delete)

    def do_POST(self) -> None:  # noqa: N802 - as http.server has it
        if urlsplit(self.path).path == UPLOADS:
            self._uploads(self._begin)
        else:
            super().do_POST()

    @property
    def cognee(self) -> CogneeResumable:
        found = self.server.cognee
        assert isinstance(found, CogneeResumable)
        return found

    def _uploads(self, work: Callable[[], tuple[int, dict[str, str]]]) -> None:
        self.cognee.requests.append((self.command, self.path))
        try:
            if self.cognee.silent_for > 0:
                self.cognee.silent_for -= 1
                raise ConnectionError("nobody answers")
            if self.headers.get("X-Api-Key") != self.cognee.key:
                raise Refusal(401, {"detail": "Authentication required."})
            status, headers = work()
        except Refusal as refusal:
            status, headers = refusal.status, refusal.headers
            self.close_connection = True  # what is left of the body is not read
        except ConnectionError:
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", "0")
        self.end_headers()

    def _begin(self) -> tuple[int, dict[str, str]]:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        identity = self.cognee.begin(json.loads(body))
        return 201, {"Location": f"{self.cognee.location}/{identity}", "Upload-Offset": "0"}

    def _one(self) -> Open:
        found = self.cognee.open.get(self.path.rpartition("/")[2])
        if found is None:
            raise Refusal(404, {})
        return found

    def _head(self) -> tuple[int, dict[str, str]]:
        one = self._one()
        with one.lock:  # a piece that is cut is taken as far as it came
            return 200, {"Upload-Offset": str(len(one.data)), "Upload-Length": str(one.size)}

    def _delete(self) -> tuple[int, dict[str, str]]:
        self._one()
        identity = self.path.rpartition("/")[2]
        del self.cognee.open[identity]
        self.cognee.dropped.append(identity)
        return 204, {}

    def _patch(self) -> tuple[int, dict[str, str]]:
        one = self._one()
        size = left = int(self.headers["Content-Length"])
        most = (self.cognee.capabilities or {})["upload_chunk_bytes"]
        if size > most or self.headers["Content-Type"] != "application/offset+octet-stream":
            raise Refusal(413 if size > most else 415, {})
        with one.lock:
            if int(self.headers["Upload-Offset"]) != len(one.data):
                raise Refusal(409, {}, {"Upload-Offset": str(len(one.data))})
            while left:
                part = self.rfile.read(min(left, 1 << 12))
                one.data += part
                self.cognee.taken_bytes += len(part)
                left -= len(part)
                if not part:
                    raise ConnectionError("the piece was cut")
            self.cognee.piece_sizes.append(size)
            if self.cognee.after_piece is not None:
                self.cognee.after_piece(len(self.cognee.piece_sizes))
            if self.cognee.loses_answers:
                self.cognee.loses_answers = False
                raise ConnectionError("the answer was lost")
            return 204, {"Upload-Offset": str(len(one.data))}
