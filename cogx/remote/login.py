"""Knows how a person logs in at an identity server with another device (RFC 8628).

It prints nothing, and never knows what the login is for. Tokens go to the identity server over
TLS only, this machine excepted, and are in no text.
"""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cogx.errors import BadSetting, NotConnected, RemoteGarbled, RemoteRefused, RemoteUnavailable
from cogx.progress import SILENT, Progress
from cogx.remote.address import fit_url, is_loopback
from cogx.remote.server import Server

CLIENT_VARIABLE: Final = "COGNEE_AUTH0_DEVICE_CLIENT_ID"
DOMAIN_VARIABLE: Final = "COGNEE_AUTH0_DOMAIN"
AUDIENCE_VARIABLE: Final = "COGNEE_AUTH0_AUDIENCE"
DEFAULT_DOMAIN: Final = "cognee.eu.auth0.com"
DEFAULT_AUDIENCE: Final = "cognee:api"

_SCOPE: Final = "openid profile email offline_access"
_DEVICE_GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"
_LONGEST_S: Final = 3600.0
_SLOWER_S: Final = 5.0
"""RFC 8628, 3.5: by so much the interval grows with each slow_down."""
LEAST_INTERVAL_S: Final = 1.0
"""Whatever a server says: nobody confirms a code faster."""
_SLICE_S: Final = 0.5
"""How long a cancelled login may go on."""
_USUAL_LIFE_S: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Identity:
    """An identity server, and what this program is called there."""

    url: str
    client_id: str
    audience: str


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """What a person needs: where to go, which code to confirm, and how long there is for it.

    ``str()`` says it in one sentence, so ``print`` can show it.
    """

    user_code: str
    verification_uri: str
    verification_uri_complete: str | None
    expires_in_s: float
    interval_s: float
    device_code: str = field(repr=False)

    def __str__(self) -> str:
        return (
            f"Open {self.verification_uri_complete or self.verification_uri} and confirm the "
            f"code {self.user_code}; it holds for {round(self.expires_in_s / 60)} minutes."
        )


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a login gives; ``repr`` shows no token. ``expires_at`` is in Unix seconds."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_at: float
    email: str


def find_identity(
    domain: str | None = None, client_id: str | None = None, audience: str | None = None
) -> Identity:
    """Return where to log in, from the arguments or the environment.

    Raises:
        NotConnected: no client id; the text says the other ways to a server.
        BadSetting: an address without TLS.
    """
    client = client_id or os.environ.get(CLIENT_VARIABLE, "").strip()
    if not client:
        raise NotConnected(
            "A cloud login in the browser needs the id of a client that may do it: set "
            f"{CLIENT_VARIABLE} (a native application with the device code grant). Without one, "
            "give URL and key: `cogx connect URL` (await cogx.connect(url, api_key)), or set "
            "COGNEE_SERVICE_URL and COGNEE_API_KEY."
        )
    return Identity(
        safe_url(domain or os.environ.get(DOMAIN_VARIABLE, "").strip() or DEFAULT_DOMAIN),
        client,
        audience or os.environ.get(AUDIENCE_VARIABLE, "").strip() or DEFAULT_AUDIENCE,
    )


def safe_url(text: str) -> str:
    """Return the base URL of a server that tokens may go to.

    Raises:
        BadSetting: it is not on this machine, and has no TLS.
    """
    url = fit_url(text)
    if url.startswith("http:") and not is_loopback(url):
        raise BadSetting(f"{url}: a login is sent over https only. Write https://.")
    return url


def log_in(
    identity: Identity,
    show: Callable[[DeviceCode], object],
    *,
    progress: Progress = SILENT,
) -> Tokens:
    """Show a person a code, wait until it is confirmed in a browser, and return the tokens.

    Args:
        show: called once with the code; it must put it where a person sees it.
        progress: hears of every half second, and may stop the wait by raising.

    Raises:
        RemoteRefused: the person said no, the time is over, or the identity server does not know
            this client.
        RemoteUnavailable, RemoteGarbled: the identity server.
    """
    with Server(identity.url, None) as server:
        code = _ask_for_code(server, identity)
        show(code)
        return _wait_for_tokens(server, identity, code, progress)


def refresh(identity: Identity, refresh_token: str) -> Tokens:
    """Return new tokens for a refresh token, without a person.

    Raises:
        RemoteRefused: it holds no longer.
        RemoteUnavailable, RemoteGarbled: the identity server.
    """
    form = {
        "grant_type": "refresh_token",
        "client_id": identity.client_id,
        "refresh_token": refresh_token,
    }
    with Server(identity.url, None) as server:
        tokens = _tokens(server.post_form("/oauth/token", form))
    kept = tokens.refresh_token or refresh_token  # a new one comes only where they rotate
    return Tokens(tokens.access_token, kept, tokens.expires_at, tokens.email)


def _ask_for_code(server: Server, identity: Identity) -> DeviceCode:
    answer = server.post_form(
        "/oauth/device/code",
        {"client_id": identity.client_id, "scope": _SCOPE, "audience": identity.audience},
    )
    where = _text(answer, "verification_uri")
    complete = answer.get("verification_uri_complete")
    for url in (where, complete):
        if url is not None and not str(url).startswith(("https://", "http://")):
            raise _garbled("an address of a page")
    return DeviceCode(
        user_code=_text(answer, "user_code"),
        verification_uri=where,
        verification_uri_complete=complete if isinstance(complete, str) else None,
        expires_in_s=min(_seconds(answer, "expires_in", 900.0), _LONGEST_S),
        interval_s=max(_seconds(answer, "interval", 5.0), LEAST_INTERVAL_S),
        device_code=_text(answer, "device_code"),
    )


def _wait_for_tokens(
    server: Server, identity: Identity, code: DeviceCode, progress: Progress
) -> Tokens:
    form = {
        "grant_type": _DEVICE_GRANT,
        "device_code": code.device_code,
        "client_id": identity.client_id,
    }
    interval = code.interval_s
    end = time.monotonic() + code.expires_in_s
    progress.begin("wait for the login", total=None, unit="s")
    while time.monotonic() < end:
        _sleep(min(interval, max(end - time.monotonic(), 0.0)), progress)
        try:
            tokens = _tokens(server.post_form("/oauth/token", form))
        except RemoteUnavailable:
            interval *= 2  # RFC 8628, 3.5
        except RemoteRefused as error:
            if error.code not in ("authorization_pending", "slow_down"):
                raise _refused(error) from error
            interval += _SLOWER_S if error.code == "slow_down" else 0.0
        else:
            progress.end()
            return tokens
    raise RemoteRefused(
        "Nobody confirmed the code in time. Log in again.", status=400, code="expired_token"
    )


def _sleep(seconds: float, progress: Progress) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(left, _SLICE_S))
        progress.advance(0)


_REASONS: Final = {
    "access_denied": "The login was refused in the browser.",
    "expired_token": "Nobody confirmed the code in time. Log in again.",
}


def _refused(error: RemoteRefused) -> RemoteRefused:
    told = _REASONS.get(error.code or "", f"The identity server refused the login: {error}")
    return RemoteRefused(told, error.status, error.code)


def _tokens(answer: Any) -> Tokens:
    refresh_token = answer.get("refresh_token") if isinstance(answer, dict) else None
    return Tokens(
        access_token=_text(answer, "access_token"),
        refresh_token=refresh_token if isinstance(refresh_token, str) else None,
        expires_at=time.time() + _seconds(answer, "expires_in", _USUAL_LIFE_S),
        email=_email(answer.get("id_token")),
    )


def _email(id_token: object) -> str:
    """Return the address in an identity token, or nothing.

    It came from the identity server itself over TLS, so its signature proves nothing more
    (OpenID Connect Core, 3.1.3.7); it names the account, and allows nothing.
    """
    parts = id_token.split(".") if isinstance(id_token, str) else []
    if len(parts) != 3:
        return ""
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return ""
    email = claims.get("email") if isinstance(claims, Mapping) else None
    return email if isinstance(email, str) else ""


def _text(answer: Any, name: str) -> str:
    value = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(value, str) or not value:
        raise _garbled(name)
    return value


def _seconds(answer: Mapping[str, Any], name: str, usual: float) -> float:
    value = answer.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e9:
        return usual
    return float(value)


def _garbled(missing: str) -> RemoteGarbled:
    return RemoteGarbled(
        f"The identity server's answer lacks {missing}. Is its address right ({DOMAIN_VARIABLE})?"
    )
