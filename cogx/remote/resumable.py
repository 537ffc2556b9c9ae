"""Knows how a file gets to a server in pieces, and goes on where it was cut; imports nothing.

How much of it is there the server says: after every break it is asked, and never guessed.
Source: spec/wire.md#resumable.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, Final
from urllib.parse import urlsplit

from cogx.errors import RemoteError, RemoteGarbled, RemoteRefused
from cogx.remote.download import patience
from cogx.remote.file_form import FileChanged, file_state
from cogx.remote.open_uploads import forget_upload, known_upload, remember_upload
from cogx.remote.server import Server, Told, passes

UPLOADS: Final = "/api/v1/cogx/uploads"
STALL_S: Final = 600.0
"""How long a server may take nothing of a piece, and say nothing once it has it."""
_PIECE: Final = "application/offset+octet-stream"
_PART_BYTES: Final = 64 << 10
_MOST_BEGUN: Final = 3
"""How often one file is begun, where a server forgets what it has of it."""
_GONE: Final = frozenset({404, 410})
_NOT_OURS: Final = _GONE | {401, 403}
_ELSEWHERE: Final = 409
_NUMBER: Final = re.compile(r"[0-9]{1,18}")
_ID: Final = re.compile(r"[A-Za-z0-9._~-]{1,200}")


class ResumableUpload:
    """One file on its way into the keeping of a server. Run it, use its id, then :meth:`end` it.

    Args:
        path: it must not change meanwhile.
        name: what the server is told it is called.
        sha256: of the file, in hex; told to the server, and checked here when all has left.
        piece_bytes: the most that one request carries.
        advance: hears how many bytes more are there; those of a piece that is sent again are not
            told twice.
    """

    def __init__(
        self,
        server: Server,
        path: Path,
        *,
        name: str,
        sha256: str,
        piece_bytes: int,
        advance: Callable[[int], None] | None = None,
    ) -> None:
        self._server = server
        self._path = path
        self._name = name
        self._sha256 = sha256.lower()
        self._piece_bytes = piece_bytes
        self._advance = advance
        self._begun = 0
        self._furthest = 0
        """How much of the file the server has had at its best, since it was begun."""
        self._told = 0
        self.id = ""

    def run(self) -> str:
        """Bring all of the file there, going on after every break, and return the upload's id.

        What an earlier process has brought there of the same file is not sent again.

        Raises:
            FileChanged: the file is not what its hash is of; the upload was dropped.
            RemoteRefused: the server does not take it. RemoteUnavailable, RemoteGarbled: it does
                not get on; the server keeps what it has for a while.
        Cost: memory does not grow with the file.
        """
        with self._path.open("rb") as file:
            source = _Source(file, self._path, self._sha256)
            try:
                self._bring(source, self._found(source.size))
                source.check()
            except FileChanged:
                self.drop()
                raise
        return self.id

    def end(self) -> None:
        """Forget the upload: the server has used it up."""
        forget_upload(self._server.url, self._sha256)

    def drop(self) -> None:
        """Let the server forget the upload, if it can be reached."""
        self.end()
        try:
            self._server.tell("DELETE", self._place)
        except RemoteError:
            return  # the server drops it by itself, later

    @property
    def _place(self) -> str:
        return f"{UPLOADS}/{self.id}"

    def _bring(self, source: _Source, offset: int) -> None:
        breaks = 0
        while offset < source.size:
            try:
                offset = self._send_piece(source, offset)
            except RemoteError as error:
                if not (_passes(error) or _is_elsewhere(error)):
                    raise
                breaks = patience(error, breaks + 1)
                offset = self._look(source.size)
            if self._heard(offset):
                breaks = 0

    def _heard(self, offset: int) -> bool:
        """Tell the progress of what has come there for the first time, and whether it got on."""
        if self._advance is not None and offset > self._told:
            self._advance(offset - self._told)
        self._told = max(self._told, offset)
        gets_on = offset > self._furthest
        self._furthest = max(self._furthest, offset)
        return gets_on

    def _found(self, size: int) -> int:
        """Return how much the server has of this file already; begin it if it has nothing."""
        self.id = known_upload(self._server.url, self._sha256) or ""
        if _ID.fullmatch(self.id):
            try:
                offset, length = self._ask()
            except RemoteRefused as error:
                if error.status not in _NOT_OURS:
                    raise
            else:
                if length == size:
                    self._heard(offset)
                    return offset
        return self._begin(size)

    def _begin(self, size: int) -> int:
        body = {"size": size, "sha256": self._sha256, "name": self._name}
        self._begun += 1
        self._furthest = 0
        told = self._tell("POST", UPLOADS, json=body)  # one that is not told of is dropped there
        self.id = _id_in(told, self._server.url)
        remember_upload(self._server.url, self._sha256, self.id)
        return 0

    def _look(self, size: int) -> int:
        """Return how much the server has; begin anew where it knows nothing of it."""
        try:
            offset, length = self._ask()
        except RemoteRefused as error:
            if error.status not in _GONE or self._begun >= _MOST_BEGUN:
                raise
            return self._begin(size)
        if length not in {None, size}:
            raise RemoteGarbled(
                f"{self._server.url}{self._place}: the upload is said to have {length:,} bytes, "
                f"and the file has {size:,}. Send it again."
            )
        return min(offset, size)

    def _ask(self) -> tuple[int, int | None]:
        told = self._tell("HEAD", self._place)
        offset = _number(told, "upload-offset")
        if offset is None:
            raise RemoteGarbled(f"{self._server.url}{self._place}: no Upload-Offset in the answer.")
        return offset, _number(told, "upload-length")

    def _tell(self, method: str, path: str, **content: Any) -> Told:
        """Ask until there is an answer: for what may be asked twice."""
        tried = 0
        while True:
            try:
                return self._server.tell(method, path, **content)
            except RemoteError as error:
                if not _passes(error):
                    raise
                tried = patience(error, tried + 1)

    def _send_piece(self, source: _Source, offset: int) -> int:
        size = min(self._piece_bytes, source.size - offset)
        headers = {
            "Content-Type": _PIECE,
            "Content-Length": str(size),
            "Upload-Offset": str(offset),
        }
        told = self._server.tell(
            "PATCH",
            self._place,
            content=source.iter_parts(offset, size),
            headers=headers,
            silence_s=STALL_S,
        )
        reached = _number(told, "upload-offset")
        if reached is None or not offset < reached <= offset + size:
            raise RemoteGarbled(
                f"{self._server.url}{self._place}: the piece from byte {offset:,} on was taken, "
                "but the answer does not say up to where."
            )
        return reached


class _Source:
    """The file, read in any order, and hashed in its own."""

    def __init__(self, file: IO[bytes], path: Path, sha256: str) -> None:
        self._file = file
        self._path = path
        self._sha256 = sha256
        self._state = file_state(file)
        self.size = self._state[0]
        self._hash = hashlib.sha256()
        self._hashed = 0

    def iter_parts(self, offset: int, size: int) -> Iterator[bytes]:
        self._hash_to(offset)
        yield from self._read(offset, size)

    def check(self) -> None:
        """Raise if what was read is not what the hash is of."""
        self._hash_to(self.size)
        if self._hash.hexdigest() != self._sha256:
            raise self._changed()

    def _hash_to(self, offset: int) -> None:
        for _ in self._read(self._hashed, offset - self._hashed):
            pass

    def _read(self, offset: int, size: int) -> Iterator[bytes]:
        if file_state(self._file) != self._state:
            raise self._changed()
        end = offset + max(0, size)
        while offset < end:
            self._file.seek(offset)
            part = self._file.read(min(_PART_BYTES, end - offset))
            if not part:
                raise self._changed()
            if offset <= self._hashed < offset + len(part):
                self._hash.update(part[self._hashed - offset :])
                self._hashed = offset + len(part)
            offset += len(part)
            yield part

    def _changed(self) -> FileChanged:
        return FileChanged(
            f"{self._path}: the file changed while it was sent. The upload was dropped and "
            "nothing was imported; send it again when it rests."
        )


def _passes(error: RemoteError) -> bool:
    return passes(error) or isinstance(error, RemoteGarbled)


def _is_elsewhere(error: RemoteError) -> bool:
    """Tell whether the server says that it has more or less of the file, or nothing at all."""
    return isinstance(error, RemoteRefused) and error.status in _GONE | {_ELSEWHERE}


def _id_in(told: Told, url: str) -> str:
    """Return the id in a Location. What else it says is not followed: the key stays here."""
    lead, _, identity = urlsplit(told.headers.get("location", "")).path.rpartition("/")
    if not lead.endswith(UPLOADS) or not _ID.fullmatch(identity):
        raise RemoteGarbled(
            f"{url}{UPLOADS}: the answer names no upload ({told.status}). The server says that "
            "uploads can be resumed there, and then does not know how; upgrade it."
        )
    return identity


def _number(told: Told, name: str) -> int | None:
    text = told.headers.get(name, "")
    return int(text) if _NUMBER.fullmatch(text) else None
