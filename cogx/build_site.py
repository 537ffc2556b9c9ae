"""Knows how a file that takes long to make comes to its place: locked, beside it, at once.

Must never know what is in the file. One process at a time may build for a path; what one that
died has left is cleared away by the next.
"""

from __future__ import annotations

import fcntl
import getpass
import json
import os
import re
import socket
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from cogx.errors import BadSetting, NoSpace, OutputError, StoreBusy, StoreRefused, StoreUnavailable

PARTIAL: Final = ".cogx-partial"
_LOCK: Final = ".cogx-lock"
_SHOWN: Final = 100


class BuildSite:
    """A private directory beside a path, and the right to put something there.

    Args:
        path: where the file will be; what is there now is replaced, if nobody touches it meanwhile.

    Raises:
        BadSetting: the directory that is to hold it does not exist.
        StoreBusy: another process builds for this path; the text says who and since when.
    """

    def __init__(self, path: Path) -> None:
        if not path.parent.is_dir():
            raise BadSetting(f"{path.parent} is not a directory. Make it first.")
        self.path = path
        self._lock = Lock(path)
        try:
            self._was = _state(path)
            _clear_leftovers(path)
            self._directory = tempfile.TemporaryDirectory(
                prefix=_prefix(path),
                suffix=PARTIAL,
                dir=path.parent,
                ignore_cleanup_errors=True,
            )
        except BaseException as error:
            # Ctrl-C may come when the directory is there and nobody knows of it yet.
            with suppress(OSError):
                _clear_leftovers(path)
            self._lock.release()
            if isinstance(error, OSError):
                raise OutputError(f"{path.parent}: {error.strerror}.") from error
            raise
        self.directory = Path(self._directory.name)
        self.built = self.directory / "store"
        """Where to make the file that :meth:`publish` moves."""

    def publish(self) -> None:
        """Make the built file durable and give it its name, in one step.

        Raises:
            StoreRefused: there is something now that was not there before.
            StoreUnavailable: what is to be replaced was changed meanwhile; a retry may help.
            NoSpace: the disk is full.
        """
        now = _state(self.path)
        if now != self._was:
            if self._was is None:
                raise StoreRefused(f"{self.path} was made by somebody else meanwhile.")
            raise StoreUnavailable(
                f"{self.path} was written to by somebody else meanwhile. It stays as it is now; "
                "import again."
            )
        try:
            if now is not None:
                self.built.chmod(self.path.stat().st_mode & 0o7777)
            _sync(self.built)
            self.built.replace(self.path)
            _sync(self.path.parent)
        except OSError as error:
            raise NoSpace(f"{self.path}: {error.strerror}. Nothing was written there.") from error

    def close(self) -> None:
        """Clear away what was not published, and let others build. May be called twice."""
        try:
            self._directory.cleanup()
        finally:
            self._lock.release()


def clear_leftovers(path: Path) -> int:
    """Clear away what builders of a path that died have left; return how many there were.

    Raises:
        StoreBusy: one of them is alive.
    """
    lock = Lock(path)
    try:
        return _clear_leftovers(path)
    finally:
        lock.release()


def tidy(path: Path) -> None:
    """Clear away what builders that died have left, if there is anything and none is alive.

    What cannot be cleared away now harms nobody, and stays.
    """
    if _leftovers(path) or _lock_of(path).exists():
        with suppress(StoreBusy, OutputError, OSError):
            clear_leftovers(path)


class Lock:
    """The right to build for a path. The kernel takes it back from a process that dies.

    Args:
        busy: what to say if another process has it; ``{owner}`` becomes who and since when.

    Raises:
        StoreBusy: another process has it.
        OutputError: the lock cannot be written.
    """

    def __init__(self, path: Path, busy: str = "") -> None:
        busy = busy or (
            f"{path} is being written to by another process ({{owner}}). "
            "Wait until it is done, or stop it; nothing of it is lost if you do."
        )
        self._file = _lock_of(path)
        self._held = -1
        while self._held < 0:
            try:
                handle = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            except OSError as error:
                raise OutputError(f"{path.parent}: {error.strerror}.") from error
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                owner = _owner(handle)
                os.close(handle)
                raise StoreBusy(busy.replace("{owner}", owner)) from error
            # The name may have been taken away between the two calls, with the lock of its holder.
            if _is_at(handle, self._file):
                self._held = handle
            else:
                os.close(handle)
        try:
            os.ftruncate(handle, 0)
            os.write(handle, _me())
        except BaseException as error:
            self.release()
            if isinstance(error, OSError):
                raise OutputError(f"{path.parent}: {error.strerror}.") from error
            raise

    def release(self) -> None:
        """Give it back. May be called twice."""
        if self._held >= 0:
            with suppress(FileNotFoundError):
                self._file.unlink()
            os.close(self._held)
            self._held = -1


def _me() -> bytes:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    owner = {"pid": os.getpid(), "user": user, "host": socket.gethostname(), "since": time.time()}
    return json.dumps(owner).encode()


def _owner(handle: int) -> str:
    try:
        owner = json.loads(os.pread(handle, 4096, 0))
        age_s = max(0, round(time.time() - owner["since"]))
        return f"process {owner['pid']} of {owner['user']} on {owner['host']}, for {age_s} s"
    except (ValueError, KeyError, TypeError):
        return "it has not said which"


def _is_at(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _prefix(path: Path) -> str:
    return f".{path.name[:_SHOWN]}."


def _lock_of(path: Path) -> Path:
    return path.with_name(f".{path.name[:_SHOWN]}{_LOCK}")


def _leftovers(path: Path) -> list[Path]:
    # The middle is what tempfile chooses: a store whose name begins alike has a dot more.
    ours = re.compile(re.escape(_prefix(path)) + "[a-z0-9_]{8}" + re.escape(PARTIAL))
    return [one for one in path.parent.iterdir() if ours.fullmatch(one.name)]


def _clear_leftovers(path: Path) -> int:
    found = _leftovers(path)
    for leftover in found:
        for directory, folders, files in os.walk(leftover, topdown=False):
            for name in files:
                Path(directory, name).unlink()
            for name in folders:
                Path(directory, name).rmdir()
        leftover.rmdir()
    return len(found)


def _state(path: Path) -> tuple[int, int, int] | None:
    """Return what changes when a file is written to or replaced, None if nothing is there."""
    try:
        state = path.stat()
    except FileNotFoundError:
        return None
    return state.st_ino, state.st_size, state.st_mtime_ns


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
