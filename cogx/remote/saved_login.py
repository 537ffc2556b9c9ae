"""Knows the file in which a login outlives its process; sends nothing and chooses no server.

The file is cognee's own: either tool reads what the other wrote. It holds secrets, so no other
account can read it at any moment, and nothing here puts its content into a text.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final, NamedTuple

from cogx.errors import OutputError

DIRECT: Final = "local"
"""The e-mail of a login where somebody gave URL and key, as cognee writes it."""
_MOST_BYTES: Final = 1 << 20
_MARGIN_S: Final = 60.0
"""A token that lives no longer than this counts as expired."""


@dataclass(frozen=True, slots=True)
class Login:
    """A login as it is saved; ``repr`` shows no secret.

    ``access_token`` is empty where somebody gave URL and key directly; ``expires_at`` is in Unix
    seconds. ``others`` holds keys of the file that this version does not know.
    """

    access_token: str = field(default="", repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    expires_at: float = 0.0
    service_url: str = ""
    api_key: str = field(default="", repr=False)
    management_url: str = ""
    tenant_id: str = ""
    tenant_name: str = ""
    email: str = ""
    others: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def is_expired(self) -> bool:
        """Whether the access token is of no use any more, or will be within a minute."""
        return self.expires_at - _MARGIN_S <= time.time()

    def to_json(self) -> dict[str, Any]:
        """Return the object that the file holds. It contains the secrets."""
        return {name: getattr(self, name) for name in _KNOWN} | dict(self.others)


_KNOWN: Final = tuple(one.name for one in fields(Login) if one.name != "others")


class Found(NamedTuple):
    """What the file gave: a login or None, and what a person should know about the file."""

    login: Login | None
    note: str | None = None


def login_path() -> Path:
    """Return where the file is, in the home directory; it need not exist."""
    try:
        return Path.home() / ".cognee" / "cloud_credentials.json"
    except RuntimeError as error:
        raise OutputError("There is no home directory for a login. Set HOME.") from error


def read_login() -> Found:
    """Read the saved login. A file that cannot be used counts as absent, and the note says so."""
    path = login_path()
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
            mode = os.fstat(file.fileno()).st_mode
    except FileNotFoundError:
        return Found(None)
    except OSError as error:
        return Found(None, _unusable(path, error.strerror or "it cannot be read"))
    login = _parsed(data)
    if isinstance(login, str):
        return Found(None, _unusable(path, login))
    if os.name == "posix" and mode & 0o077:
        return Found(login, f"{path}: other accounts can read this login. Run: chmod 600 {path}")
    return Found(login)


def save_login(login: Login) -> Path:
    """Save the login in place of the one before, at once and readable for its owner only.

    Keys of the old file that are unknown stay.

    Raises:
        OutputError: the file cannot be written; the old one is as it was.
    """
    old = read_login().login
    content = (dict(old.others) if old else {}) | login.to_json()
    ordered = {name: content[name] for name in (*_KNOWN, *(content.keys() - set(_KNOWN)))}
    path = Path(os.path.realpath(login_path()))  # a link to another place stays a link
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_privately(beside, json.dumps(ordered, indent=2).encode())
        beside.replace(path)
    except OSError as error:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise OutputError(f"{path}: {error.strerror or error}. The login was not saved.") from error
    return path


def delete_login() -> bool:
    """Delete the file and tell whether there was one."""
    path = login_path()
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror}. The login is still there.") from error
    return True


def _write_privately(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _unusable(path: Path, reason: str) -> str:
    return f"{path}: {reason}; it counts as absent. `cogx connect URL` writes it anew."


def _parsed(data: bytes) -> Login | str:
    """Return the login, or why there is none. The reason never quotes the file."""
    if len(data) > _MOST_BYTES:
        return f"the file is longer than {_MOST_BYTES:,} bytes"
    try:
        plain = json.loads(data)
    except (ValueError, RecursionError):
        return "the file is not JSON"
    if not isinstance(plain, dict) or "access_token" not in plain:
        return "the file holds no login (access_token is missing)"
    values: dict[str, Any] = {}
    for name in _KNOWN:
        value = plain.pop(name, None)
        if value is None:
            continue
        wanted = int | float if name == "expires_at" else str
        if isinstance(value, bool) or not isinstance(value, wanted):
            return f"the file holds no login ({name} has the wrong type)"
        values[name] = value
    return Login(**values, others=plain)
