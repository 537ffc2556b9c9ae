"""Knows what a sync did or is doing, and how another process learns of it; sends nothing."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from cogx.errors import OutputError, UnknownName
from cogx.format.timestamps import format_timestamp
from cogx.remote.state import Lock, is_held, state_directory

ACTIVE: Final = frozenset({"started", "in_progress"})
MOST_NAMES: Final = 1000
"""How many files are named in a result; all are counted."""
_RUNS: Final = "runs"
_KEPT: Final = 50
_EVERY_S: Final = 1.0


@dataclass(slots=True)
class SyncedDataset:
    """What became of one dataset.

    ``repeated`` files have the bytes of another one that is there; ``changed`` ones were there as
    another version, which stays there; ``text_only`` went as the text that cognee had made of an
    original that is gone. ``sent`` and ``failed`` name the first
    thousand, the failed ones with the reason. ``rebuild`` is "", "not needed", "started",
    "completed" or "failed"; ``graph`` what a push of the graph said, with ``graph=True``.
    """

    id: str
    name: str
    target: str
    target_id: str | None = None
    files_sent: int = 0
    files_unchanged: int = 0
    files_repeated: int = 0
    files_changed: int = 0
    files_failed: int = 0
    files_text_only: int = 0
    bytes_sent: int = 0
    sent: list[str] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    rebuild: str = ""
    rebuild_run_id: str | None = None
    graph: dict[str, Any] | None = None
    error: str | None = None

    @property
    def is_whole(self) -> bool:
        """Tell whether everything is there and nothing failed."""
        return not self.files_failed and self.error is None and self.rebuild != "failed"


@dataclass(slots=True)
class SyncResult:
    """What a sync did. The first seven fields are those of cognee's.

    ``status`` is started, in_progress (also: the server still builds its graph), completed,
    failed or cancelled; ``timestamp`` when it began; ``user_id`` who reads here, or whose key it
    is there.
    """

    run_id: str
    status: str
    dataset_ids: list[str]
    dataset_names: list[str]
    message: str
    timestamp: str
    user_id: str
    url: str = ""
    dry_run: bool = False
    datasets: list[SyncedDataset] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def finished(self) -> bool:
        """Tell whether nothing of it is under way any more."""
        return self.status not in ACTIVE

    @property
    def files_failed(self) -> int:
        """Return how many files could not be sent."""
        return sum(one.files_failed for one in self.datasets)

    @property
    def files_sent(self) -> int:
        """Return how many files were sent; in a rehearsal, would be."""
        return sum(one.files_sent for one in self.datasets)

    @property
    def bytes_sent(self) -> int:
        """Return how many bytes of files that were."""
        return sum(one.bytes_sent for one in self.datasets)

    def to_json(self) -> dict[str, Any]:
        """Return the result as plain JSON."""
        return asdict(self)


class RunFile:
    """The state of one run on disk, written while it goes. Close it.

    A run whose process has died is known by its lock, which the kernel took back.
    """

    def __init__(self, run_id: str) -> None:
        self._path = _file_of(run_id)
        self._lock = Lock(_lock_of(self._path), f"Run {run_id}", {"run_id": run_id})
        self._last = 0.0
        _clear_old(self._path.parent)

    def write(self, result: SyncResult, *, now: bool = True) -> None:
        """Write how the run stands; without ``now`` only if the last time is a second ago."""
        if not now and time.monotonic() < self._last + _EVERY_S:
            return
        self._last = time.monotonic()
        try:
            handle, name = tempfile.mkstemp(prefix=f".{self._path.name}.", dir=self._path.parent)
            with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
                json.dump(result.to_json(), file)
            Path(name).replace(self._path)
        except OSError as error:
            raise OutputError(f"{self._path}: {error.strerror}.") from error

    def close(self) -> None:
        """Let go. May be called twice."""
        self._lock.release()


def sync_status(run_id: str) -> SyncResult:
    """Return how a run of this user stands, from whatever process it goes.

    Raises:
        UnknownName: there is no such run, or it was forgotten: the last fifty are kept.
    """
    path = _file_of(run_id)
    try:
        told = json.loads(path.read_text("utf-8"))
        result = _result(told)
    except (OSError, ValueError, TypeError, KeyError) as error:
        known = [one.stem for one in _by_age(path.parent)][:10]
        raise UnknownName("run of a sync", run_id, known or ["none"]) from error
    if result.status in ACTIVE and not _goes_on_there(result) and not is_held(_lock_of(path)):
        result.status = "failed"
        result.message = (
            "The process that ran it has died. Sync again: what the server has is not sent again."
        )
    return result


def is_running(run_id: str) -> bool:
    """Tell whether a process is at work on a run."""
    return is_held(_lock_of(_file_of(run_id)))


def began_now() -> str:
    """Return the time as results tell it."""
    return format_timestamp(datetime.now(UTC))


def _goes_on_there(result: SyncResult) -> bool:
    """Tell whether only the server is at work still."""
    return bool(result.datasets) and all(
        one.rebuild for one in result.datasets if one.error is None
    )


def _result(told: Mapping[str, Any]) -> SyncResult:
    known = {one.name for one in fields(SyncResult)}
    plain = {name: value for name, value in told.items() if name in known}
    inner = {one.name for one in fields(SyncedDataset)}
    plain["datasets"] = [
        SyncedDataset(**{name: value for name, value in one.items() if name in inner})
        for one in told.get("datasets", ())
    ]
    for one in plain["datasets"]:
        one.failed = [(str(name), str(reason)) for name, reason in one.failed]
    return SyncResult(**plain)


def _file_of(run_id: str) -> Path:
    name = "".join(one for one in run_id if one.isalnum() or one == "-")[:64]
    return state_directory() / _RUNS / f"{name or 'none'}.json"


def _lock_of(path: Path) -> Path:
    return path.with_suffix(".lock")


def _by_age(directory: Path) -> list[Path]:
    """Return the runs that are known, the newest first."""
    found = []
    for path in directory.glob("*.json"):
        try:
            found.append((path.stat().st_mtime, path))
        except OSError:  # another process has cleared it away
            continue
    return [path for _, path in sorted(found, reverse=True)]


def _clear_old(directory: Path) -> None:
    for path in _by_age(directory)[_KEPT:]:
        if not is_held(_lock_of(path)):
            path.unlink(missing_ok=True)
            _lock_of(path).unlink(missing_ok=True)
