"""Knows what must be so before a server can run, and looks whether it is; leaves nothing changed.

Whether the settings can be read at all is known by then.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import Final, NamedTuple

from sqlalchemy import make_url

from cogx.errors import BadSetting, CogxError, MissingExtra, RemoteRefused
from cogx.remote.server import Server
from cogx.server.derivers import deriver_of, has_model
from cogx.server.places import Places
from cogx.server.serve import listening
from cogx.server.settings import Settings
from cogx.server.state.database import Database

_SILENCE_S: Final = 10.0
_REFUSED: Final = (401, 403)
_OTHERS: Final = 0o077
_STORES: Final = {"ladybug": ("ladybug", "pyarrow"), "sqlite": ()}


class Finding(NamedTuple):
    """What was looked at, whether it is as it must be, and what was seen."""

    name: str
    ok: bool
    text: str


def check(settings: Settings) -> list[Finding]:
    """Look at all that a server with these settings needs; what is wrong is not raised."""
    findings = [
        _looked("data directory", lambda: _directory(settings)),
        _looked("database", lambda: _database(settings)),
        _looked("address", lambda: _address(settings)),
        _looked("graph store", lambda: _store(settings)),
        _looked("deriver", lambda: _deriver(settings)),
    ]
    if has_model(settings):
        findings.append(_looked("language model", lambda: _model(settings)))
    return findings


def _looked(name: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(name, True, look())
    except CogxError as error:
        return Finding(name, False, " ".join(str(error).split()))


def _directory(settings: Settings) -> str:
    root = settings.data_directory
    if not root.exists():
        return _to_be_made(root)
    Places(root).lock().release()
    loose = root.stat().st_mode & _OTHERS
    note = "; other users of this machine can look into it (chmod 700 is better)" if loose else ""
    free = os.statvfs(root)
    return f"{root}, {free.f_bavail * free.f_frsize >> 20:,} MiB free{note}"


def _to_be_made(root: Path) -> str:
    there = next(one for one in root.absolute().parents if one.exists())
    if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
        raise BadSetting(f"{root} cannot be made: {there} cannot be written (COGX_DATA_DIR).")
    return f"{root} will be made"


def _database(settings: Settings) -> str:
    shown = make_url(settings.state_url).render_as_string(hide_password=True)
    if settings.database_url is None and not (settings.data_directory / "state.sqlite").exists():
        return f"{shown} will be made"
    with closing(Database(settings.state_url)) as database:
        version = database.version()
    return f"{shown}, " + (f"tables {version}" if version else "tables will be made")


def _address(settings: Settings) -> str:
    with listening(settings) as listener:
        host, port, *_ = listener.getsockname()
    return f"{host} port {port} is free"


def _store(settings: Settings) -> str:
    if not all(map(find_spec, _STORES[settings.store])):
        raise MissingExtra(settings.store, f"The graph store {settings.store}")
    return settings.store


def _deriver(settings: Settings) -> str:
    deriver = deriver_of(settings)
    if close := getattr(deriver, "close", None):
        close()
    return f"{deriver.name} {deriver.version}"


def _model(settings: Settings) -> str:
    """Ask for the list of models: it costs nothing, and a wrong key is told."""
    assert settings.llm_url is not None
    key = settings.llm_api_key.get_secret_value() if settings.llm_api_key else None
    with Server(settings.llm_url, key, silence_s=_SILENCE_S, bearer=True) as server:
        try:
            told = server.get_json("/models")
        except RemoteRefused as error:
            if error.status in _REFUSED:
                raise
            return f"{settings.llm_url} answers; it has no list of models to look into"
    listed = {one.get("id") for one in told.get("data", []) if isinstance(one, dict)}
    if listed and settings.llm_model not in listed:
        return f"{settings.llm_url} answers, but does not list {settings.llm_model}"
    return f"{settings.llm_url} answers; {settings.llm_model}"
