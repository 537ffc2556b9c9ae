"""Knows how one file gets to a dataset of a server, and whether it has arrived; keeps no account.

Source: spec/wire.md#sync.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cogx.errors import RemoteError, RemoteGarbled, RemoteRefused
from cogx.progress import Progress
from cogx.remote.dataset import RemoteDataset
from cogx.remote.download import patience
from cogx.remote.file_form import FileToSend
from cogx.remote.files import (
    Added,
    SyncRoutes,
    add_file,
    add_in_pieces,
    find_own,
    iter_marks,
    make_dataset,
)
from cogx.remote.ledger import Hashed, Ledger
from cogx.remote.server import TRIES, Server, passes

_NOT_SHOWN: Final = frozenset({403, 404, 405, 501})
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


class NotDelivered(Exception):
    """A file does not get through, while the server answers to everything else."""

    def __init__(self, error: RemoteError) -> None:
        super().__init__(explained(error))
        self.error = error


@dataclass(slots=True)
class Goal:
    """A dataset of a server as far as it is known: it may be that the first file makes it.

    ``with_routes``: the server has the receiving side of a sync; ``piece_bytes``: it keeps uploads,
    and takes so much of one at once; ``is_shown``: it shows what files it has.
    """

    server: Server
    name: str
    with_routes: bool = False
    piece_bytes: int | None = None
    remote: RemoteDataset | None = None
    is_shown: bool = True

    @property
    def id(self) -> str | None:
        """Return the dataset's id there, None before it is known."""
        return None if self.remote is None else self.remote.id

    @property
    def routes(self) -> SyncRoutes | None:
        """Return the receiving side of a sync, if there is one for this dataset."""
        if not self.with_routes or self.remote is None:
            return None
        return SyncRoutes(self.server, self.remote.id, self.name)

    def find(self, *, make: bool) -> None:
        """Look whether the dataset is there; make it where a sync needs that."""
        self.remote = find_own(self.server, self.name)
        if self.with_routes and self.remote is None and make:
            self.remote = make_dataset(self.server, self.name)

    def learn(self, dataset_id: str | None) -> None:
        """Take the id of a dataset that a file may have made."""
        if self.remote is not None:
            return
        if dataset_id is None:
            self.find(make=False)
        else:
            self.remote = RemoteDataset(self.server, dataset_id, self.name)

    def look(self, ledger: Ledger) -> None:
        """Let the ledger know what the server shows of the files it has."""
        ledger.forget_there()
        if self.remote is None:
            return
        try:
            for marks in iter_marks(self.remote):
                ledger.note_there(marks)
        except RemoteRefused as error:
            if error.status not in _NOT_SHOWN:
                raise
            self.is_shown = False


def deliver(
    goal: Goal, to_send: FileToSend, file: Hashed, ledger: Ledger, progress: Progress
) -> Added:
    """Send a file until the server has it; after a try that may have arrived, look first.

    Raises:
        NotDelivered: no try got through.
        FileChanged, OSError: the file is not what was looked at, or cannot be read.
        RemoteError: the server refuses it, or does not answer at all.
    """
    heard = _Once(progress)
    for tried in range(1, TRIES + 1):
        heard.again()
        try:
            return _put(goal, to_send, heard.advance)
        except RemoteError as error:
            if not (passes(error) or isinstance(error, RemoteGarbled)):
                raise
            failure = error
        if tried < TRIES:
            patience(failure, tried)
        if _has_arrived(goal, file, ledger):
            return Added(None, goal.id, None)
    raise NotDelivered(failure) from failure


def explained(error: RemoteError) -> str:
    """Return what a server said, with what it means for a sync."""
    meaning = _MEANINGS.get(error.status) if isinstance(error, RemoteRefused) else None
    return f"{meaning} ({error})" if meaning else str(error)


def _put(goal: Goal, to_send: FileToSend, advance: Callable[[int], None]) -> Added:
    pieces = goal.piece_bytes
    if pieces is not None and to_send.size_bytes > pieces:
        return add_in_pieces(
            goal.server,
            to_send,
            dataset_name=goal.name,
            dataset_id=goal.id,
            piece_bytes=pieces,
            advance=advance,
        )
    if (routes := goal.routes) is not None:
        return routes.put(to_send, advance=advance)
    return add_file(
        goal.server, to_send, dataset_name=goal.name, dataset_id=goal.id, advance=advance
    )


def _has_arrived(goal: Goal, file: Hashed, ledger: Ledger) -> bool:
    routes = goal.routes
    if routes is not None:
        return file.md5 not in routes.missing([file.md5])
    goal.learn(None)
    goal.look(ledger)
    return goal.is_shown and ledger.is_there(file, goal.id)


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
