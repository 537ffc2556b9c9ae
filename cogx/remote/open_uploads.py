"""Knows which uploads are under way from this machine, so that a later process can go on.

Never the only proof of anything: the server is asked, and what is lost here is sent again.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from cogx.remote.state import state_directory

_KEPT_S: Final = 7 * 24 * 3600.0
_MOST_BYTES: Final = 1000


def known_upload(url: str, sha256: str) -> str | None:
    """Return the id of an upload of these bytes that was begun on a server, if one is known."""
    try:
        with _file(url, sha256).open("rb") as file:
            return file.read(_MOST_BYTES).decode("ascii", "replace").strip() or None
    except OSError:
        return None


def remember_upload(url: str, sha256: str, identity: str) -> None:
    """Keep the id of an upload for a week; where nothing can be kept, nothing is."""
    place = _file(url, sha256)
    with suppress(OSError):
        place.parent.mkdir(0o700, parents=True, exist_ok=True)
        _drop_old(place.parent)
        handle, name = tempfile.mkstemp(dir=place.parent)
        with os.fdopen(handle, "w") as file:
            file.write(identity)
        Path(name).replace(place)


def forget_upload(url: str, sha256: str) -> None:
    """Forget the id of an upload that is over."""
    with suppress(OSError):
        _file(url, sha256).unlink(missing_ok=True)


def _file(url: str, sha256: str) -> Path:
    return state_directory() / "uploads" / hashlib.sha256(f"{url}\n{sha256}".encode()).hexdigest()


def _drop_old(directory: Path) -> None:
    oldest = time.time() - _KEPT_S
    for one in directory.iterdir():
        with suppress(OSError):
            if one.stat().st_mtime < oldest:
                one.unlink()
