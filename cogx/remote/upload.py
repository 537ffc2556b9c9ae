"""Knows how an archive is sent to a server in one request, and what the answer proves.

Never sends an archive twice where the first one may have been taken: a server that got the last
byte may have imported it, whatever became of its answer.
Source: spec/wire.md#upload.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

from cogx.errors import (
    BadSetting,
    RemoteError,
    RemoteGarbled,
    RemoteRefused,
    RemoteUnavailable,
)
from cogx.progress import SILENT, Progress
from cogx.remote.imported import Imported, imported
from cogx.remote.probe import REMEMBER
from cogx.remote.server import TRIES, Server

__all__ = ["Imported", "imported", "upload_archive", "wire_name"]

LONG_SILENCE_S: Final = 6 * 3600.0
"""How long a server may say nothing while it imports in the foreground."""
STALL_S: Final = 600.0
"""How long it may take nothing while it is sent to."""
MOST_WAIT_S: Final = 600.0
"""The longest wait that a server can ask for before the same upload is tried again."""
_PART_BYTES: Final = 64 << 10
FIRST_WAIT_S: Final = 0.5
_ENDINGS: Final = (".gz", ".tgz", ".zst", ".bz2", ".xz", ".tar", ".cogx")
_GATEWAYS: Final = frozenset({502, 503, 504})
"""Said by what stands before a server, which may go on importing behind it."""
_PARTLY: Final = frozenset({409, 422})
"""A cognee's answers to imports that fail on the way."""
_LOOK: Final = "Look with `cogx status` what runs there before you send it again."


def upload_archive(
    server: Server,
    path: Path,
    *,
    dataset: str,
    mode: str,
    background: bool = False,
    progress: Progress = SILENT,
    silence_s: float = LONG_SILENCE_S,
    sha256: str | None = None,
    idempotency_key: str | None = None,
) -> dict[str, Any]:
    """Send an archive and return the server's answer, which :func:`imported` reads.

    It is sent again only if no byte of the body had left, or the server said that it did not
    take it (429, or 503, with Retry-After).

    Args:
        path: a tarball; it must not change meanwhile.
        dataset: its name there; the server makes it if there is none.
        mode: preserve, hybrid, re-derive.
        background: let the server answer before it has imported.
        silence_s: how long it may say nothing once it has everything.
        sha256: of the file, in hex: told to the server, and checked here before the last byte.
        idempotency_key: the same for every try at the same push, for servers that know it.

    Raises:
        BadSetting: the file changed while it was sent; nothing was imported.
        RemoteUnavailable, RemoteRefused, RemoteGarbled: the text says whether an import may have
            happened, and so does ``context["may_have_happened"]``.
    Cost: memory does not grow with the archive.
    """
    form = _Form(dataset, mode, background, wire_name(path))
    headers = {"Content-Type": f"multipart/form-data; boundary={form.boundary}"}
    if sha256:
        headers["X-Cogx-Sha256"] = sha256
    if idempotency_key:
        headers["Idempotency-Key"] = idempotency_key
    tries = 0
    while True:
        tries += 1
        with path.open("rb") as file:
            body = _Body(file, path, form, sha256, progress)
            headers["Content-Length"] = str(body.size)
            try:
                with body:
                    answer = server.post_bytes(
                        REMEMBER, body, headers=headers, silence_s=silence_s, stall_s=STALL_S
                    )
            except RemoteError as error:
                wait_s = _wait_before_retry(error, body, tries)
                if wait_s is None:
                    raise _explained(error, body, server) from error
            else:
                return _checked(answer, body, server)
        time.sleep(wait_s)


def wire_name(path: Path) -> str:
    """Return the file name that a server is told: no directory, and the ending it knows."""
    name = path.name
    while name.lower().endswith(_ENDINGS):
        name = name[: name.rindex(".")]
    return f"{name or 'archive'}.cogx.tar.gz"


class _Form:
    """The bytes around the archive: parts in the order in which a cognee client sends them."""

    def __init__(self, dataset: str, mode: str, background: bool, name: str) -> None:
        self.boundary = secrets.token_hex(24)
        fields = {"datasetName": dataset}
        if background:
            fields["run_in_background"] = "true"
        fields |= {"content_type": "cogx-archive", "import_mode": mode}
        parts = [
            f'--{self.boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n'
            f"Content-Type: text/plain; charset=utf-8\r\n\r\n{value}\r\n"
            for key, value in fields.items()
        ]
        parts.append(
            f'--{self.boundary}\r\nContent-Disposition: form-data; name="data"; '
            f'filename="{_quoted(name)}"\r\nContent-Type: application/x-tar\r\n\r\n'
        )
        self.before = "".join(parts).encode("utf-8", "replace")
        self.after = f"\r\n--{self.boundary}--\r\n".encode()


class _Body:
    """One request's body while it is sent: what has left, and whether that was all of it.

    The end of the form is held back until the file has proven to be what it was at the start:
    without it no server imports anything.
    """

    def __init__(
        self, file: IO[bytes], path: Path, form: _Form, sha256: str | None, progress: Progress
    ) -> None:
        self._file = file
        self._path = path
        self._form = form
        self._sha256 = sha256
        self._progress = progress
        self._before = _state(file)
        self.archive_size = os.fstat(file.fileno()).st_size
        self.size = len(form.before) + self.archive_size + len(form.after)
        self.sent = 0
        """Bytes handed on, of which the last ones may not have left."""

    @property
    def is_complete(self) -> bool:
        return self.sent >= self.size

    def __enter__(self) -> None:
        self._progress.begin("upload", total=self.archive_size, unit="bytes")

    def __exit__(self, *_: object) -> None:
        self._progress.end()

    def __iter__(self) -> Iterator[bytes]:
        yield self._counted(self._form.before)
        seen = hashlib.sha256()
        left = self.archive_size
        while left:
            part = self._file.read(min(_PART_BYTES, left))
            if not part:
                raise self._changed()
            left -= len(part)
            if self._sha256:
                seen.update(part)
            yield self._counted(part)
            self._progress.advance(len(part))
        wrong = self._sha256 and seen.hexdigest() != self._sha256.lower()
        if wrong or _state(self._file) != self._before:
            raise self._changed()
        yield self._counted(self._form.after)

    def _counted(self, part: bytes) -> bytes:
        self.sent += len(part)
        return part

    def _changed(self) -> BadSetting:
        return BadSetting(
            f"{self._path}: the file changed while it was sent. The upload was broken off and "
            "nothing was imported; push it again when it rests."
        )


def _state(file: IO[bytes]) -> tuple[int, int]:
    found = os.fstat(file.fileno())
    return found.st_size, found.st_mtime_ns


def _quoted(name: str) -> str:
    """Return a file name as browsers write it into a form."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _wait_before_retry(error: RemoteError, body: _Body, tries: int) -> float | None:
    """Return how long to wait before the same upload may be tried again; None: it must not."""
    if tries >= TRIES:
        return None
    if isinstance(error, RemoteUnavailable):
        return None if body.sent else FIRST_WAIT_S * 2**tries
    if not isinstance(error, RemoteRefused):
        return None
    asked = error.context.get("retry_after")
    if error.status == 429 or (error.status == 503 and asked is not None):
        seconds = _seconds(asked)
        return FIRST_WAIT_S * 2**tries if seconds is None else seconds
    return None


def _seconds(asked: object) -> float | None:
    """Return the seconds of a Retry-After; of a date, or of nonsense, nothing."""
    if not isinstance(asked, str) or not asked.strip().isascii() or not asked.strip().isdigit():
        return None
    return min(float(asked), MOST_WAIT_S)


def _explained(error: RemoteError, body: _Body, server: Server) -> RemoteError:
    """Return the same error with what became of the import in its text."""
    where = f"{server.url}{REMEMBER}"
    if isinstance(error, RemoteRefused) and error.status not in _GATEWAYS:
        partly = error.status >= 500 or error.status in _PARTLY
        rest = " A part of it may be stored there; imports are not undone." if partly else ""
        told: RemoteError = RemoteRefused(f"{error}{rest}", error.status, error.code)
        told.context["may_have_happened"] = partly
        return told
    if not body.is_complete:
        told = RemoteUnavailable(
            f"{where}: the upload broke off after {body.sent:,} of {body.size:,} bytes. "
            f"The server cannot have imported it; push it again. ({error})"
        )
        told.context["may_have_happened"] = False
        return told
    text = (
        f"{where}: the whole archive was sent, but the answer says nothing about it: the import "
        f"may have happened, or still go on. {_LOOK} ({error})"
    )
    told = RemoteGarbled(text) if isinstance(error, RemoteGarbled) else RemoteUnavailable(text)
    told.context["may_have_happened"] = True
    return told


def _checked(answer: Any, body: _Body, server: Server) -> dict[str, Any]:
    """Return the answer if it can be one."""
    if not body.is_complete:
        raise RemoteGarbled(
            f"{server.url}{REMEMBER}: it said yes after {body.sent:,} of {body.size:,} bytes, "
            "so it cannot have imported anything. Is something between us and the server?",
            may_have_happened=False,
        )
    if not isinstance(answer, dict):
        raise _explained(RemoteGarbled("The answer is no JSON object."), body, server)
    return answer
