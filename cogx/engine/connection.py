"""Knows the server this process is connected to, and how a connection is made, kept and dropped.

What cognee calls serve() and disconnect(). It must never know what is sent over a connection.
"""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from functools import partial

from cogx.engine.cloud import Check, Cloud, Show, reach_cloud
from cogx.engine.standing import check_server
from cogx.errors import NotConnected, OutputError, RemoteError
from cogx.progress import SILENT, Progress
from cogx.remote.credentials import URL_VARIABLE, ServerAt, resolve_server
from cogx.remote.memory import MemoryClient
from cogx.remote.saved_login import DIRECT, Login, delete_login, read_login, save_login

_lock = threading.Lock()
_current: MemoryClient | None = None


def live() -> ServerAt | None:
    """Return the server this process is connected to, None if it is not."""
    with _lock:
        return _current.at if _current is not None and _current.is_open else None


def connect_sync(
    url: str | None = None,
    api_key: str | None = None,
    *,
    save: bool = True,
    allow_unreachable: bool = False,
    show: Show | None = None,
    management_url: str | None = None,
    auth0_domain: str | None = None,
    auth0_client_id: str | None = None,
    auth0_audience: str | None = None,
    progress: Progress = SILENT,
) -> MemoryClient:
    """Connect this process to a memory server, and remember the login for later ones.

    Until :func:`disconnect_sync`, verbs that need a server use this one. A connection that was
    there before is closed. With ``url``, or COGNEE_SERVICE_URL, the server is asked for its
    health and its datasets first. Without, the saved login is used if its server answers; else
    its tokens, renewed if need be, lead to the account's server; else a person logs in.

    Unlike cognee's serve(), a server that does not answer is an error.

    Args:
        url: the base URL of a cognee or cogx server.
        api_key: its key; else COGNEE_API_KEY, else the key saved for this very server.
        save: write the login to ~/.cognee/cloud_credentials.json, which cognee reads too.
        allow_unreachable: connect although the server does not answer. A key that is refused is
            an error all the same.
        show: is called with what a person must see to log in (``print`` will do).
        management_url, auth0_domain, auth0_client_id, auth0_audience: the cloud; else
            COGNEE_CLOUD_URL, COGNEE_AUTH0_DOMAIN, COGNEE_AUTH0_DEVICE_CLIENT_ID,
            COGNEE_AUTH0_AUDIENCE.

    Raises:
        RemoteRefused: the key was refused (401, 403), or the person said no. Nothing was saved.
        RemoteUnavailable: no server answers there; a retry may help.
        RemoteGarbled: it is no server of cognee's kind.
        NotConnected: no server is named, and no login can be made; the text says what to do.
        OutputError: the login cannot be saved; there is no connection then.
    """
    check = partial(check_server, allow_unreachable=allow_unreachable)
    if (url and url.strip()) or os.environ.get(URL_VARIABLE, "").strip():
        at = resolve_server(url, api_key, live() if url else None)
        check(at)
        login = _direct_login(at)
    else:
        cloud = Cloud(management_url, auth0_domain, auth0_client_id, auth0_audience)
        at, login = _without_url(api_key, cloud, check, show=show, save=save, progress=progress)
    memory = MemoryClient(at)
    try:
        if save and login is not None:
            save_login(login)
    except OutputError:
        memory.close()
        raise
    _put(memory)
    return memory


def disconnect_sync(clear_saved: bool = False) -> bool:
    """Drop the connection of this process, and tell whether there was anything to drop.

    Args:
        clear_saved: delete the saved login, too.

    Raises:
        OutputError: the saved login cannot be deleted; the connection is dropped.
    """
    dropped = _put(None)
    cleared = delete_login() if clear_saved else False
    return dropped or cleared


def _put(memory: MemoryClient | None) -> bool:
    """Make this the connection, close the one before, and tell whether there was one."""
    global _current
    with _lock:
        before, _current = _current, memory
    if before is not None:
        before.close()
    return before is not None


def _direct_login(at: ServerAt) -> Login | None:
    """Return the login to save, None if it is saved already, perhaps with tokens of a cloud."""
    saved = read_login().login
    key = at.key or ""
    if saved is not None and (saved.service_url.rstrip("/"), saved.api_key) == (at.url, key):
        return None
    return Login(service_url=at.url, api_key=key, email=DIRECT)


def _without_url(
    api_key: str | None,
    cloud: Cloud,
    check: Check,
    *,
    show: Show | None,
    save: bool,
    progress: Progress,
) -> tuple[ServerAt, Login | None]:
    """Return the server of the saved login, or of the account; and the login if it is new."""
    saved = read_login().login
    failure: RemoteError | None = None
    if saved is not None and saved.service_url.strip():
        at = resolve_server(None, api_key)
        given = at.key_source == "argument"
        try:
            check(at)
        except RemoteError as error:
            if given:
                raise
            failure = error
        else:
            return at, replace(saved, api_key=at.key or "") if given else None
    try:
        return reach_cloud(cloud, saved, check, show=show, save=save, progress=progress)
    except NotConnected as error:
        if failure is None:
            raise
        raise NotConnected(f"{failure} {error}") from failure
