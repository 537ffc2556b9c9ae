"""Knows how things stand between us and a server: is it there, does it take our key.

It asks two questions that change nothing; it must never connect, and never show a key.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

from cogx.errors import CogxError, RemoteGarbled, RemoteRefused, RemoteUnavailable
from cogx.remote.address import is_loopback
from cogx.remote.credentials import KEY_VARIABLE, ServerAt
from cogx.remote.saved_login import DIRECT, read_login
from cogx.remote.server import Server

REJECTED: Final = frozenset({401, 403})
_MOST_DATASETS_BYTES: Final = 16 << 20
_KEY_FROM: Final = {
    "argument": "that was given",
    "environment": f"in {KEY_VARIABLE}",
    "connection": "of the live connection",
    "saved": "of the saved login",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand with one server.

    ``source`` and ``key_source`` say what named the server and the key (None: no key is sent).
    ``accepted`` is None where it was not to be found out; ``version`` and ``datasets`` likewise.
    """

    url: str
    source: str
    key_source: str | None
    reachable: bool = False
    accepted: bool | None = None
    version: str | None = None
    datasets: int | None = None
    account: str = ""
    tenant: str = ""
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON; there is no key in it."""
        return asdict(self) | {"notes": list(self.notes)}


def check_server(at: ServerAt, *, allow_unreachable: bool = False) -> Standing:
    """Return how things stand, if they stand well.

    Args:
        allow_unreachable: whether a server that does not answer, or not as it should, will do.
            A key that is refused never does.

    Raises:
        RemoteRefused: the key is wrong, or one is needed; or the server answers something else.
        RemoteUnavailable, RemoteGarbled: there is no server, or none of cognee's kind.
    """
    with Server(at.url, at.key) as server:
        try:
            version, notes = _health(server)
            datasets = _datasets(server, at)
        except (RemoteUnavailable, RemoteRefused, RemoteGarbled) as error:
            status = error.status if isinstance(error, RemoteRefused) else None
            if status in REJECTED or not allow_unreachable:
                raise
            note = f"{error} Connected all the same, as asked."
            return Standing(at.url, at.source, at.key_source, notes=(*at.notes, note))
    return Standing(
        at.url,
        at.source,
        at.key_source,
        reachable=True,
        accepted=True,
        version=version,
        datasets=datasets,
        notes=(*at.notes, *_in_the_open(at), *notes),
    )


def standing(at: ServerAt) -> Standing:
    """Return how things stand, well or not; a fault is among the notes."""
    login = read_login().login
    account = tenant = ""
    if login is not None and login.service_url.rstrip("/") == at.url and login.email != DIRECT:
        account, tenant = login.email, login.tenant_name
    try:
        found = check_server(at)
    except CogxError as error:
        refused = isinstance(error, RemoteRefused) and error.status in REJECTED
        found = Standing(
            at.url,
            at.source,
            at.key_source,
            reachable=not isinstance(error, RemoteUnavailable),
            accepted=False if refused else None,
            notes=(*at.notes, str(error)),
        )
    return Standing(**(_fields(found) | {"account": account, "tenant": tenant}))


def _fields(found: Standing) -> dict[str, Any]:
    return asdict(found) | {"notes": found.notes}


def _health(server: Server) -> tuple[str | None, list[str]]:
    """Return the version, if it is told; a server without this route may still be one."""
    try:
        answer = server.get_json("/health", with_key=False, also=frozenset({503}))
    except (RemoteRefused, RemoteGarbled) as error:
        return None, [f"The server does not tell how it is: {error}"]
    plain = answer if isinstance(answer, dict) else {}
    version, status = plain.get("version"), plain.get("status")
    notes = [f"The server says that it is {status}."] if status == "not ready" else []
    return version if isinstance(version, str) else None, notes


def _datasets(server: Server, at: ServerAt) -> int:
    try:
        answer = server.get_json("/api/v1/datasets", most_bytes=_MOST_DATASETS_BYTES)
    except RemoteRefused as error:
        if error.status not in REJECTED:
            raise
        raise RemoteRefused(_rejected(at), error.status, error.code) from error
    if not isinstance(answer, list):
        raise RemoteGarbled(
            f"{at.url}/api/v1/datasets: the answer is no list of datasets. "
            "Is this a cognee or cogx server?"
        )
    return len(answer)


def _in_the_open(at: ServerAt) -> tuple[str, ...]:
    if at.key is None or not at.url.startswith("http:") or is_loopback(at.url):
        return ()
    return (f"{at.url} has no TLS: everybody on the way can read the key.",)


def _rejected(at: ServerAt) -> str:
    if at.key_source is None:
        return (
            f"{at.url} wants a key, and none was given. Set {KEY_VARIABLE}, or give it to "
            "`cogx connect` (api_key=... in Python). A self-hosted cognee makes one at "
            "POST /api/v1/auth/api-keys after a login."
        )
    return (
        f"{at.url} refused the key {_KEY_FROM[at.key_source]}. "
        "Does it belong to this server, and is it still valid?"
    )
