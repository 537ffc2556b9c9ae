"""Knows which server is meant and which key may go to it; asks no server anything.

Four sources, in the order that cognee documents: the arguments, the live connection of this
process, the environment, the saved login. A key that was given explicitly always wins; one that
was saved, or belongs to a connection, goes to its own server only.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Final, Literal

from cogx.errors import BadSetting, NotConnected
from cogx.remote.address import fit_key, fit_url, origin
from cogx.remote.saved_login import read_login

URL_VARIABLE: Final = "COGNEE_SERVICE_URL"
KEY_VARIABLE: Final = "COGNEE_API_KEY"

Source = Literal["argument", "connection", "environment", "saved"]


@dataclass(frozen=True, slots=True)
class ServerAt:
    """A server, and the key for it; ``repr`` shows no key.

    ``source`` says where the URL came from, ``key_source`` where the key; ``notes`` are for
    people.
    """

    url: str
    key: str | None = field(default=None, repr=False)
    source: Source = "argument"
    key_source: Source | None = None
    notes: tuple[str, ...] = ()


def resolve_server(
    url: str | None = None, api_key: str | None = None, live: ServerAt | None = None
) -> ServerAt:
    """Return the server that a call is for, from the first source that names one.

    A key is taken from ``api_key``, then from where the URL came from (for ``url``: from
    COGNEE_API_KEY), then from a live or saved login to the same scheme, host and port.
    An empty text counts as not given.

    Args:
        url: the base URL.
        api_key: the key; it wins whatever names the server.
        live: the connection of this process, if there is one.

    Raises:
        NotConnected: nothing names a server; the text says the three ways out.
        BadSetting: a URL that is none, or a key that no header can carry.
    """
    given = _key(api_key, "api_key")
    if url and url.strip():
        at = _with_key(fit_url(url), "argument", (given, "argument"), _environment_key())
    elif live is not None:
        at = _with_key(live.url, "connection", (given, "argument"))
    elif named := os.environ.get(URL_VARIABLE, "").strip():
        base = _fit(named, URL_VARIABLE)
        at = _with_key(base, "environment", (given, "argument"), _environment_key())
    else:
        return _saved(given)
    return at if at.key else _with_own_key(at, live)


def _with_key(url: str, source: Source, *keys: tuple[str | None, Source]) -> ServerAt:
    for key, key_source in keys:
        if key:
            return ServerAt(url, key, source, key_source)
    return ServerAt(url, None, source)


def _with_own_key(at: ServerAt, live: ServerAt | None) -> ServerAt:
    """Add the key of a connection or a saved login to the same server, if there is one."""
    if live is not None and live.key and origin(live.url) == origin(at.url):
        return ServerAt(at.url, live.key, at.source, "connection")
    if at.source == "connection":
        return at  # it was made without a key, and works without
    login, note = read_login()
    notes = (note,) if note else ()
    if login is None or not login.service_url or not login.api_key:
        return ServerAt(at.url, None, at.source, None, notes)
    if not _is_same_server(login.service_url, at.url):
        return ServerAt(at.url, None, at.source)
    return ServerAt(at.url, _key(login.api_key, "the saved login"), at.source, "saved", notes)


def _is_same_server(saved_url: str, url: str) -> bool:
    try:
        return origin(fit_url(saved_url)) == origin(url)
    except BadSetting:
        return False  # no key is worth an error here


def _saved(given: str | None) -> ServerAt:
    login, note = read_login()
    notes = (note,) if note else ()
    if login is None or not login.service_url.strip():
        raise NotConnected(
            "No server is named. Give its URL (url=... or --url), or set "
            f"{URL_VARIABLE} and {KEY_VARIABLE}, or log in once with `cogx connect URL` "
            "(await cogx.connect(url))." + (f" {note}" if note else "")
        )
    base = _fit(login.service_url, "the saved login")
    own = _key(login.api_key, "the saved login")
    at = _with_key(base, "saved", (given, "argument"), (own, "saved"), _environment_key())
    return ServerAt(at.url, at.key, at.source, at.key_source, notes)


def _environment_key() -> tuple[str | None, Source]:
    return _key(os.environ.get(KEY_VARIABLE), KEY_VARIABLE), "environment"


def _fit(url: str, where: str) -> str:
    try:
        return fit_url(url)
    except BadSetting as error:
        raise BadSetting(f"{where}: {error}") from error


def _key(text: str | None, where: str) -> str | None:
    try:
        return fit_key(text)
    except BadSetting as error:
        raise BadSetting(f"{where}: {error}") from error
