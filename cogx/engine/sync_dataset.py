"""Knows how the files of one dataset get to one server: hashed, compared, sent, looked for.

Never sends a file that the server shows, and calls none sent that it does not show afterwards.
Source: spec/wire.md#sync.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from cogx.engine.raw_data import RawItem, RawSource
from cogx.engine.sync_state import MOST_NAMES, SyncedDataset
from cogx.errors import (
    RemoteError,
    RemoteGarbled,
    RemoteRefused,
    RunFailed,
)
from cogx.progress import Progress
from cogx.remote.dataset import RemoteDataset
from cogx.remote.download import patience
from cogx.remote.files import (
    Added,
    FileChanged,
    FileToSend,
    SyncRoutes,
    add_file,
    find_own,
    iter_marks,
    make_dataset,
    start_rebuild,
)
from cogx.remote.ledger import Hashed, Ledger
from cogx.remote.runs import find_run
from cogx.remote.runs import wait as wait_for
from cogx.remote.server import Server, passes

REBUILDS: Final = ("wait", "start", "none")
_READ_BYTES: Final = 1 << 20
_ASKED_AT_ONCE: Final = 5000
_UNBUILT: Final = "unbuilt"
_NO_RUN: Final = "?"
_OF_THE_FILE: Final = frozenset({400, 409, 413, 415, 422, 500})
"""What a server says to one file, while it may take the next one."""
_NOT_SHOWN: Final = frozenset({403, 404, 405, 501})
_MOST_REFUSED: Final = 20
_MEANINGS: Final = {
    400: "The server does not take it as it is.",
    401: "The key is wrong or missing. Set COGNEE_API_KEY, or log in with `cogx connect`.",
    403: "The key may not write to this dataset. Ask its owner for write permission.",
    404: "The server has no such dataset or route; a cognee before 1.0 cannot take files so.",
    409: "Something else is under way there, or a service behind the server does not answer. "
    "Sync again later.",
    413: "It is too large for the server, or for the account's plan there.",
    415: "The server has no loader for such a file.",
    429: "Too many requests. Sync again later; what was sent is not sent again.",
}


class DatasetSync:
    """One dataset on its way to one server.

    Args:
        ledger: that of the dataset, held by us.
        with_routes: the server has the receiving side of a sync.
        moved: is called when something has changed in ``done``.
    """

    def __init__(
        self,
        server: Server,
        source: RawSource,
        ledger: Ledger,
        done: SyncedDataset,
        *,
        with_routes: bool,
        progress: Progress,
        moved: Callable[[], None],
    ) -> None:
        self._server = server
        self._source = source
        self._ledger = ledger
        self._done = done
        self._with_routes = with_routes
        self._progress = progress
        self._moved = moved
        self._remote: RemoteDataset | None = None
        self._is_shown = True
        self._refused_in_a_row = 0

    def compare(self, *, dry_run: bool) -> None:
        """Hash what is here and find out what of it is missing there; nothing is sent.

        Raises:
            StoreError, ArchiveError: what is here cannot be read.
            RemoteError: the server cannot be asked.
        """
        self._hash()
        self._remote = find_own(self._server, self._done.target)
        if self._with_routes and self._remote is None and not dry_run:
            self._remote = make_dataset(self._server, self._done.target)
        self._done.target_id = self._remote.id if self._remote else None
        if self._with_routes and self._remote is not None:
            self._ask_for_missing(SyncRoutes(self._server, self._remote.id, self._done.target))
        else:
            self._look()
            self._ledger.compare(self._done.target_id, shown=self._is_shown)
        self._done.files_unchanged = self._ledger.standing("unchanged").files
        self._done.files_repeated = self._ledger.standing("repeated").files
        self._count_failed()
        if dry_run:
            missing = self._ledger.standing("missing")
            self._done.files_sent, self._done.bytes_sent = missing.files, missing.size_bytes
            self._done.sent = [name for name, _ in self._ledger.names("missing", MOST_NAMES)]
        self._moved()

    def send(self) -> None:
        """Send what is missing, and look afterwards whether it is there.

        Raises:
            RemoteUnavailable, RemoteGarbled: the server is gone.
            RemoteRefused: it takes nothing for this dataset.
        """
        missing = self._ledger.standing("missing")
        if not missing.files:
            return
        before = self._ledger.told(_UNBUILT)
        self._ledger.keep(_UNBUILT, _NO_RUN)  # first: a process may die when a file has arrived
        self._progress.begin(f"send {self._done.name}", total=missing.size_bytes, unit="bytes")
        try:
            for number, item in enumerate(self._source.iter_items()):
                file = self._ledger.missing(number)
                if file is not None:
                    self._send_file(item, file)
                    self._moved()
        finally:
            self._progress.end()
            self._count_failed()
        self._check_sent()
        self._count_failed()
        if not self._done.files_sent:
            self._ledger.keep(_UNBUILT, before)

    def rebuild(self, how: str) -> None:
        """Let the server make a graph of what is new; ``how`` is one of :data:`REBUILDS`."""
        run_id = self._ledger.told(_UNBUILT)
        if run_id is None or self._remote is None:
            self._done.rebuild = "not needed"
            return
        if how == "none":
            return
        try:
            self._build(self._remote.id, run_id, wait=how == "wait")
        except (RemoteRefused, RemoteGarbled, RunFailed) as error:
            self._ledger.keep(_UNBUILT, _NO_RUN)
            self._done.rebuild = "failed"
            self._done.error = (
                f"The files are stored there, but the server made no graph of them: {error}"
            )
        self._moved()

    def _build(self, dataset_id: str, run_id: str, *, wait: bool) -> None:
        if self._done.files_sent or not self._goes_on(dataset_id, run_id):
            if self._done.rebuild == "completed":
                return
            started = start_rebuild(self._server, dataset_id)
            self._ledger.keep(_UNBUILT, started or _NO_RUN)
            self._done.rebuild_run_id = started
        self._done.rebuild = "started"
        self._moved()
        if wait and self._done.rebuild_run_id is not None:
            wait_for(
                self._server,
                self._done.rebuild_run_id,
                dataset=dataset_id,
                progress=self._progress,
            )
            self._is_built()

    def _goes_on(self, dataset_id: str, run_id: str) -> bool:
        """Tell whether the run of an earlier sync is still at work, with all that is there now."""
        run = find_run(self._server, run_id, dataset_id) if run_id != _NO_RUN else None
        if run is not None and run.is_done:
            self._is_built()
        if run is None or run.is_over:
            return False
        self._done.rebuild_run_id = run_id
        return True

    def _is_built(self) -> None:
        self._ledger.keep(_UNBUILT, None)
        self._done.rebuild = "completed"

    def _hash(self) -> None:
        self._progress.begin(f"look at {self._done.name}", total=None, unit="bytes")
        try:
            for number, item in enumerate(self._source.iter_items()):
                self._hash_item(number, item)
        finally:
            self._progress.end()

    def _hash_item(self, number: int, item: RawItem) -> None:
        if item.path is None:
            reason = item.problem or "its content is not here"
            self._ledger.note_failed(number, item.id, item.name, reason)
            return
        try:
            file = _hashed(number, item, item.path, self._progress)
        except OSError as error:
            reason = error.strerror or str(error)
            self._ledger.note_failed(number, item.id, item.name, reason)
            return
        self._done.files_text_only += item.is_text_only
        self._ledger.note_here(file)

    def _ask_for_missing(self, routes: SyncRoutes) -> None:
        def missing() -> Iterator[str]:
            hashes = self._ledger.iter_hashes()
            while some := list(islice(hashes, _ASKED_AT_ONCE)):
                yield from routes.missing(some)

        self._ledger.note_missing(missing())

    def _look(self) -> None:
        """Take what the server shows of the files it has."""
        self._ledger.forget_there()
        if self._remote is None:
            return
        try:
            for marks in iter_marks(self._remote):
                self._ledger.note_there(marks)
        except RemoteRefused as error:
            if error.status not in _NOT_SHOWN:
                raise
            self._is_shown = False

    def _send_file(self, item: RawItem, file: Hashed) -> None:
        if item.path is None or item.id != file.id:
            self._failed(file, "it changed since it was looked at. Sync again.")
            return
        to_send = FileToSend(
            file.id, item.path, file.name, file.size_bytes, file.sha256, file.md5,
            item.mime_type, item.label, item.external_metadata, item.node_set,
        )  # fmt: skip
        try:
            added = self._delivered(to_send, file)
        except FileChanged as error:
            self._failed(file, str(error))
            return
        except OSError as error:
            self._failed(file, error.strerror or str(error))
            return
        except RemoteRefused as error:
            self._refused(file, error)
            return
        self._refused_in_a_row = 0
        told = (added.content_hash or file.md5).lower()
        if told not in {file.md5, file.sha256}:
            self._failed(file, f"the server says that it stored other bytes (hash {told})")
            return
        self._sent(file, added)

    def _delivered(self, to_send: FileToSend, file: Hashed) -> Added:
        """Send a file until the server has it; after a try that may have arrived, look first."""
        fruitless = 0
        heard = _Once(self._progress)
        while True:
            try:
                heard.again()
                return self._put(to_send, heard.advance)
            except RemoteError as error:
                if not (passes(error) or isinstance(error, RemoteGarbled)):
                    raise
                fruitless = patience(error, fruitless + 1)
            if self._has_arrived(file):
                return Added(None, self._done.target_id, None)

    def _put(self, to_send: FileToSend, advance: Callable[[int], None]) -> Added:
        if self._with_routes and self._remote is not None:
            routes = SyncRoutes(self._server, self._remote.id, self._done.target)
            return routes.put(to_send, advance=advance)
        return add_file(
            self._server,
            to_send,
            dataset_name=self._done.target,
            dataset_id=self._done.target_id,
            advance=advance,
        )

    def _has_arrived(self, file: Hashed) -> bool:
        if self._with_routes and self._remote is not None:
            routes = SyncRoutes(self._server, self._remote.id, self._done.target)
            return file.md5 not in routes.missing([file.md5])
        self._find_remote(None)
        self._look()
        return self._is_shown and self._ledger.is_there(file, self._done.target_id)

    def _sent(self, file: Hashed, added: Added) -> None:
        self._find_remote(added.dataset_id)
        if self._done.target_id is None:
            self._failed(file, "the server took it, but shows no dataset that it is in")
            return
        self._ledger.note_sent(file, self._done.target_id, added.data_id)
        self._done.files_sent += 1
        self._done.bytes_sent += file.size_bytes
        if len(self._done.sent) < MOST_NAMES:
            self._done.sent.append(file.name)

    def _find_remote(self, told: str | None) -> None:
        """Learn the id of a dataset that the first file has made."""
        if self._remote is None:
            if told is not None:
                self._remote = RemoteDataset(self._server, told, self._done.target)
            else:
                self._remote = find_own(self._server, self._done.target)
            self._done.target_id = self._remote.id if self._remote else None

    def _refused(self, file: Hashed, error: RemoteRefused) -> None:
        self._refused_in_a_row += error.status in {409, 500}
        if error.status not in _OF_THE_FILE or self._refused_in_a_row >= _MOST_REFUSED:
            raise error
        self._failed(file, explained(error))

    def _failed(self, file: Hashed, reason: str) -> None:
        self._ledger.note_failed(file.number, file.id, file.name, reason)

    def _check_sent(self) -> None:
        """Look whether the server shows what it said it took."""
        if self._with_routes or self._remote is None or not self._done.files_sent:
            return
        self._look()
        if not self._is_shown:
            return
        for file, data_id in self._ledger.iter_sent(self._remote.id):
            if data_id is not None and not self._ledger.is_there(file, self._remote.id, data_id):
                reason = "the server took it, but does not show it among the dataset's files"
                self._ledger.forget_sent(file, self._remote.id, reason)
                self._done.files_sent -= 1
                self._done.bytes_sent -= file.size_bytes

    def _count_failed(self) -> None:
        self._done.files_failed = self._ledger.standing("failed").files
        self._done.failed = self._ledger.names("failed", MOST_NAMES)


class _Once:
    """Hears of the bytes of each try, and tells the progress of none twice."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._told = 0
        self._now = 0

    def again(self) -> None:
        self._now = 0

    def advance(self, amount: int) -> None:
        self._now += amount
        self._progress.advance(max(0, self._now - self._told))
        self._told = max(self._told, self._now)


def explained(error: RemoteRefused) -> str:
    """Return what a server said, with what it means for a sync."""
    meaning = _MEANINGS.get(error.status)
    return f"{meaning} ({error})" if meaning else str(error)


def _hashed(number: int, item: RawItem, path: Path, progress: Progress) -> Hashed:
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    size = 0
    with path.open("rb") as file:
        while part := file.read(_READ_BYTES):
            sha256.update(part)
            md5.update(part)
            size += len(part)
            progress.advance(len(part))
    return Hashed(number, item.id, item.name, size, sha256.hexdigest(), md5.hexdigest())
