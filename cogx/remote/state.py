"""Knows where this user's state is kept, and how one process at a time gets at a part of it.

Never knows what is kept there.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from cogx.errors import OutputError, StoreBusy

STATE_VARIABLE: Final = "XDG_STATE_HOME"


class Lock:
    """The right to do something alone. The kernel takes it back from a process that dies.

    Raises:
        StoreBusy: somebody has it.
        OutputError: the file cannot be made.
    """

    def __init__(self, path: Path, what: str, holder: Mapping[str, Any]) -> None:
        try:
            path.parent.mkdir(0o700, parents=True, exist_ok=True)
            self._held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise OutputError(f"{path}: {error.strerror}.") from error
        try:
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = _owner(os.pread(self._held, 4096, 0))
            self.release()
            raise StoreBusy(
                f"{what} is under way already ({owner}). Wait until it has ended, or stop it; "
                "what it has sent by then is not sent again."
            ) from error
        me = {"pid": os.getpid(), "host": socket.gethostname(), "since": time.time(), **holder}
        os.ftruncate(self._held, 0)
        os.pwrite(self._held, json.dumps(me).encode(), 0)

    def release(self) -> None:
        """Give it back. May be called twice."""
        if self._held >= 0:
            os.close(self._held)
            self._held = -1


def is_held(path: Path) -> bool:
    """Tell whether somebody has the lock of a path."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def state_directory() -> Path:
    """Return where cogx keeps what it knows of syncs: below XDG_STATE_HOME, or ~/.local/state."""
    named = Path(os.environ.get(STATE_VARIABLE, ""))
    base = named if named.is_absolute() else Path("~/.local/state").expanduser()
    return base / "cogx" / "sync"


def _owner(told: bytes) -> str:
    try:
        owner = json.loads(told)
        age_s = max(0, round(time.time() - owner["since"]))
        run = f", run {owner['run_id']}" if "run_id" in owner else ""
        return f"process {owner['pid']} on {owner['host']}{run}, for {age_s} s"
    except (ValueError, KeyError, TypeError):
        return "it has not said which"
