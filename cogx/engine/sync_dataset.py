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

from cogx.engine.raw_data import RawSource
from cogx.engine.raw_records import RawItem
from cogx.engine.sync_delivery import Goal, NotDelivered, deliver, explained
from cogx.engine.sync_rebuild import NO_RUN, UNBUILT
from cogx.engine.sync_state import MOST_NAMES, SyncedDataset
from cogx.errors import RemoteError, RemoteRefused
from cogx.progress import Progress
from cogx.remote.file_form import FileChanged, FileToSend
from cogx.remote.files import Added, SyncRoutes
from cogx.remote.ledger import Hashed, Ledger

_READ_BYTES: Final = 1 << 20
_ASKED_AT_ONCE: Final = 5000
_OF_THE_FILE: Final = frozenset({400, 409, 413, 415, 422, 500})
"""What a server says to one file, while it may take the next one."""
_OF_THE_SERVER: Final = frozenset({409, 500})
"""Those of them that are perhaps no fault of the file."""
_MOST_REFUSED: Final = 20
_MOST_LOST: Final = 3
_MARK_DIGITS: Final = 12
"""Of the hash, in the name of a file whose own is taken."""


class DatasetSync:
    """One dataset on its way to one server.

    Args:
        ledger: that of the dataset, held by us.
        moved: is called when something has changed in ``done``.
    """

    def __init__(
        self,
        source: RawSource,
        goal: Goal,
        ledger: Ledger,
        done: SyncedDataset,
        *,
        progress: Progress,
        moved: Callable[[], None],
    ) -> None:
        self._source = source
        self._goal = goal
        self._ledger = ledger
        self._done = done
        self._progress = progress
        self._moved = moved
        self._refused = 0
        """Files in a row that were refused for no fault of theirs, perhaps."""

    def compare(self, *, dry_run: bool) -> None:
        """Hash what is here and find out what of it is missing there; nothing is sent.

        Raises:
            StoreError, ArchiveError: what is here cannot be read.
            RemoteError: the server cannot be asked.
        """
        self._hash()
        self._goal.find(make=not dry_run)
        self._done.target_id = self._goal.id
        if self._goal.routes is not None:
            self._ledger.note_missing(self._asked(self._goal.routes))
        else:
            self._goal.look(self._ledger)
            self._ledger.compare(self._goal.id, shown=self._goal.is_shown)
        self._done.files_unchanged = self._ledger.standing("unchanged").files
        self._done.files_repeated = self._ledger.standing("repeated").files
        self._done.files_changed = self._ledger.count_changed()
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
        before = self._ledger.told(UNBUILT)
        self._ledger.keep(UNBUILT, NO_RUN)  # first: a process may die when a file has arrived
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
            self._ledger.keep(UNBUILT, before)

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

    def _asked(self, routes: SyncRoutes) -> Iterator[str]:
        """Yield the hashes of which the server says that it lacks them."""
        hashes = self._ledger.iter_hashes()
        while some := list(islice(hashes, _ASKED_AT_ONCE)):
            yield from routes.missing(some)

    def _send_file(self, item: RawItem, file: Hashed) -> None:
        if item.path is None or item.id != file.id:
            self._failed(file, "it changed since it was looked at. Sync again.")
            return
        to_send = FileToSend(
            file.id, item.path, self._name_there(file), file.size_bytes, file.sha256, file.md5,
            item.mime_type, item.label, item.external_metadata, item.node_set,
        )  # fmt: skip
        try:
            added = deliver(self._goal, to_send, file, self._ledger, self._progress)
        except FileChanged as error:
            self._failed(file, str(error))
        except OSError as error:
            self._failed(file, error.strerror or str(error))
        except NotDelivered as error:
            self._not_taken(file, error.error, most=_MOST_LOST)
        except RemoteRefused as error:
            if error.status not in _OF_THE_FILE:
                raise
            most = _MOST_REFUSED if error.status in _OF_THE_SERVER else None
            self._not_taken(file, error, most=most)
        else:
            self._refused = 0
            self._taken(file, added)

    def _name_there(self, file: Hashed) -> str:
        """Return a name that no other file has there: a cognee refuses a second one of a name."""
        if self._goal.routes is not None or not self._ledger.is_name_taken(file):
            return file.name
        name = Path(file.name)
        return f"{name.stem}-{file.sha256[:_MARK_DIGITS]}{name.suffix}"

    def _not_taken(self, file: Hashed, error: RemoteError, *, most: int | None) -> None:
        """Note that a file was not taken; raise if that has befallen too many in a row."""
        self._failed(file, explained(error))
        self._refused += most is not None
        if most is not None and self._refused >= most:
            raise error

    def _taken(self, file: Hashed, added: Added) -> None:
        told = (added.content_hash or file.md5).lower()
        if told not in {file.md5, file.sha256}:
            self._failed(file, f"the server says that it stored other bytes (hash {told})")
            return
        self._goal.learn(added.dataset_id)
        self._done.target_id = self._goal.id
        if self._goal.id is None:
            self._failed(file, "the server took it, but shows no dataset that it is in")
            return
        self._ledger.note_sent(file, self._goal.id, added.data_id)
        self._done.files_sent += 1
        self._done.bytes_sent += file.size_bytes
        if len(self._done.sent) < MOST_NAMES:
            self._done.sent.append(file.name)

    def _failed(self, file: Hashed, reason: str) -> None:
        self._ledger.note_failed(file.number, file.id, file.name, reason)

    def _check_sent(self) -> None:
        """Look whether the server shows what it said it took."""
        goal = self._goal
        if goal.routes is not None or goal.id is None or not self._done.files_sent:
            return
        goal.look(self._ledger)
        if not goal.is_shown:
            return
        for file, data_id in self._ledger.iter_sent(goal.id):
            if data_id is not None and not self._ledger.is_there(file, goal.id, data_id):
                reason = "the server took it, but does not show it among the dataset's files"
                self._ledger.forget_sent(file, goal.id, reason)
                self._done.files_sent -= 1
                self._done.bytes_sent -= file.size_bytes

    def _count_failed(self) -> None:
        self._done.files_failed = self._ledger.standing("failed").files
        self._done.failed = self._ledger.names("failed", MOST_NAMES)


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
