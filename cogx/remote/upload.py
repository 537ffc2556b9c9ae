"""Knows how an archive is sent to a server, and what the answer proves.

In one request, or, where the server keeps uploads, in pieces and then with a request without them.

Never sends an archive twice where the first one may have been taken: a server that got the last
byte may have imported it, whatever became of its answer.
Source: spec/wire.md#upload.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Final

from cogx.errors import (
    RemoteError,
    RemoteGarbled,
    RemoteRefused,
    RemoteUnavailable,
)
from cogx.progress import SILENT, Progress
from cogx.remote.archive_form import ArchiveBody, ArchiveForm, FieldsBody
from cogx.remote.imported import Imported, imported
from cogx.remote.probe import REMEMBER
from cogx.remote.resumable import ResumableUpload
from cogx.remote.server import TRIES, Server

__all__ = ["Imported", "imported", "upload_archive", "wire_name"]

LONG_SILENCE_S: Final = 6 * 3600.0
"""How long a server may say nothing while it imports in the foreground."""
STALL_S: Final = 600.0
"""How long it may take nothing while it is sent to."""
MOST_WAIT_S: Final = 600.0
"""The longest wait that a server can ask for before the same upload is tried again."""
FIRST_WAIT_S: Final = 0.5
_ENDINGS: Final = (".gz", ".tgz", ".zst", ".bz2", ".xz", ".tar", ".cogx")
_GATEWAYS: Final = frozenset({502, 503, 504})
"""Said by what stands before a server, which may go on importing behind it."""
_PARTLY: Final = frozenset({409, 415, 422})
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
    piece_bytes: int | None = None,
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
        piece_bytes: the server keeps uploads that can go on where they were cut, and takes so much
            of them at once; a longer archive goes there so, if its ``sha256`` is given.

    Raises:
        BadSetting: the file changed while it was sent; nothing was imported.
        RemoteUnavailable, RemoteRefused, RemoteGarbled: the text says whether an import may have
            happened, and so does ``context["may_have_happened"]``.
    Cost: memory does not grow with the archive.
    """
    fields = _fields(dataset, mode, background)
    headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
    if piece_bytes is not None and sha256 is not None and path.stat().st_size > piece_bytes:
        upload = ResumableUpload(
            server, path, name=wire_name(path), sha256=sha256, piece_bytes=piece_bytes,
            advance=progress.advance,
        )  # fmt: skip
        upload_id = _kept(upload, path, progress)
        whole = ArchiveForm({**fields, "upload_id": upload_id})
        answer = _post(server, whole, lambda: nullcontext(FieldsBody(whole)), headers, silence_s)
        upload.end()
        return answer
    if sha256:
        headers["X-Cogx-Sha256"] = sha256
    form = ArchiveForm(fields, wire_name(path))
    return _post(server, form, lambda: _opened(path, form, sha256, progress), headers, silence_s)


def _fields(dataset: str, mode: str, background: bool) -> dict[str, str]:
    fields = {"datasetName": dataset}
    if background:
        fields["run_in_background"] = "true"
    return fields | {"content_type": "cogx-archive", "import_mode": mode}


def _kept(upload: ResumableUpload, path: Path, progress: Progress) -> str:
    """Bring the archive into the server's keeping; nothing is imported by that."""
    progress.begin("upload", total=path.stat().st_size, unit="bytes")
    try:
        return upload.run()
    except RemoteRefused as error:
        told: RemoteError = RemoteRefused(
            f"{error} Nothing was imported.", error.status, error.code
        )
        cause: RemoteError = error
    except RemoteError as error:
        told = RemoteUnavailable(
            f"{error} Nothing was imported. What is there of the archive is kept for a while "
            f"(upload {upload.id or 'not begun'}): send the same archive again, and it goes on."
        )
        cause = error
    finally:
        progress.end()
    told.context["may_have_happened"] = False
    raise told from cause


@contextmanager
def _opened(
    path: Path, form: ArchiveForm, sha256: str | None, progress: Progress
) -> Iterator[ArchiveBody]:
    with path.open("rb") as file:
        progress.begin("upload", total=path.stat().st_size, unit="bytes")
        try:
            yield ArchiveBody(file, path, form, sha256, progress)
        finally:
            progress.end()


def _post(
    server: Server,
    form: ArchiveForm,
    opened: Callable[[], AbstractContextManager[FieldsBody]],
    more: Mapping[str, str],
    silence_s: float,
) -> dict[str, Any]:
    """Send the form, again only where nothing of it was taken."""
    tries = 0
    while True:
        tries += 1
        with opened() as body:
            headers = {
                "Content-Type": f"multipart/form-data; boundary={form.boundary}",
                "Content-Length": str(body.size),
                **more,
            }
            try:
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


def _wait_before_retry(error: RemoteError, body: FieldsBody, tries: int) -> float | None:
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


def _explained(error: RemoteError, body: FieldsBody, server: Server) -> RemoteError:
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


def _checked(answer: Any, body: FieldsBody, server: Server) -> dict[str, Any]:
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
