"""Knows how an account of the cloud gets at its own server: tenant, address, key.

Asked with the access token of a login. It must never save anything.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Self
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from cogx.errors import RemoteGarbled, RemoteRefused, RemoteUnavailable
from cogx.progress import SILENT, Progress
from cogx.remote.address import fit_key
from cogx.remote.login import safe_url
from cogx.remote.server import Server

URL_VARIABLE: Final = "COGNEE_CLOUD_URL"
DEFAULT_URL: Final = "https://api.dev.cloud.topoteretes.com"

INTERVAL_S: Final = 5.0
LONGEST_S: Final = 300.0
_TRIES: Final = 3
_TENANT: Final = "/api/tenants/current"
_KEYS: Final = "/api/api-keys"


@dataclass(frozen=True, slots=True)
class Tenant:
    """Whose server it is."""

    id: str
    name: str


def management_url(given: str | None = None) -> str:
    """Return the address of the management API: given, of the environment, or cognee's."""
    return safe_url(given or os.environ.get(URL_VARIABLE, "").strip() or DEFAULT_URL)


class Management:
    """The management API, asked with one access token. Close it.

    Every method raises RemoteUnavailable, RemoteRefused (401: the token holds no longer) and
    RemoteGarbled.

    Args:
        interval_s: how long to wait between two looks at a tenant that is being made.
    """

    def __init__(self, url: str, access_token: str, *, interval_s: float = INTERVAL_S) -> None:
        self.url = safe_url(url)
        self._server = Server(self.url, access_token, bearer=True)
        self._interval_s = interval_s

    def tenant(self) -> Tenant | None:
        """Return the account's tenant, None if it has none yet."""
        try:
            answer = self._server.get_json(_TENANT)
        except RemoteRefused as error:
            if error.status == 404:
                return None
            raise
        name, number = _object(answer).get("name"), answer.get("id")
        return Tenant(str(number), str(name or "")) if number else None

    def make_tenant(self, email: str, *, progress: Progress = SILENT) -> Tenant:
        """Have a tenant made, wait until it is there, and return it.

        Args:
            email: the account; the tenant's name is made of it as cognee does.
            progress: may stop the wait by raising.

        Raises:
            RemoteUnavailable: it took too long; it may be there later.
        """
        name = quote(f"tenant-{uuid5(NAMESPACE_URL, email)}")
        with suppress(RemoteGarbled):  # it took the request; what comes of it is asked below
            self._server.post_json(f"/api/tenants?tenant_name={name}")
        progress.begin("wait for the tenant", total=None, unit="s")
        end = time.monotonic() + LONGEST_S
        while time.monotonic() < end:
            time.sleep(self._interval_s)
            progress.advance(0)
            if tenant := self.tenant():
                progress.end()
                return tenant
        raise RemoteUnavailable(
            f"{self.url}: the tenant was not ready after {LONGEST_S:.0f} s. Connect again later."
        )

    def service_url(self) -> str:
        """Return the address of the tenant's own server."""
        answer = _object(self._server.get_json(f"{_TENANT}/service-url"))
        url = answer.get("service_url") or answer.get("url")
        if not isinstance(url, str) or not url:
            raise RemoteUnavailable(
                f"{self.url} knows no address of the tenant's server yet. Connect again later."
            )
        return safe_url(url)

    def usable_keys(self) -> Iterator[str]:
        """Give keys for the tenant's server: those that are there, then a new one.

        A listed key may be of no use: some servers list them masked. Take the first that works.
        """
        try:
            listed = self._server.get_json(_KEYS)
        except RemoteRefused as error:
            if error.status == 401:
                raise
            listed = []
        for one in listed if isinstance(listed, list) else []:
            key = _key(one)
            if key and "*" not in key:
                yield key
        yield self._new_key()

    def close(self) -> None:
        """Let go of the connections."""
        self._server.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _new_key(self) -> str:
        for attempt in range(_TRIES):
            try:
                key = _key(self._server.post_json(_KEYS))
            except (RemoteRefused, RemoteUnavailable) as error:
                status = error.status if isinstance(error, RemoteRefused) else 503
                if attempt == _TRIES - 1 or status < 500:
                    raise
            else:
                if key:
                    return key
            time.sleep(2**attempt * self._interval_s / INTERVAL_S)
        raise RemoteGarbled(f"{self.url}{_KEYS}: the answer holds no key.")


def _key(answer: Any) -> str | None:
    if not isinstance(answer, Mapping):
        return None
    value = answer.get("key") or answer.get("api_key")
    return fit_key(value) if isinstance(value, str) else None


def _object(answer: Any) -> Mapping[str, Any]:
    if not isinstance(answer, Mapping):
        raise RemoteGarbled("The management API's answer is not an object. Is its address right?")
    return answer
