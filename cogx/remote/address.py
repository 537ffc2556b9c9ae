"""Knows addresses and keys of servers: which are fit, when two are one origin; sends nothing."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from cogx.errors import BadSetting

_PORTS: Final = {"http": 80, "https": 443}


def fit_url(text: str) -> str:
    """Return the base URL that a person meant, without a slash at its end.

    Raises:
        BadSetting: no http or https URL with a host, or one that carries credentials (they would
            be seen in the process list), a query or a fragment.
    """
    url = text.strip()
    try:
        parts = urlsplit(url if "://" in url else f"{_scheme_for(url)}://{url}")
        _ = parts.port  # a port that is none shows only when it is asked for
    except ValueError as error:
        raise BadSetting("That is no address of a server. Write https://HOST[:PORT].") from error
    # What may be a secret is not repeated in the text.
    if "@" in url:
        raise BadSetting(
            "The address carries a name or a password, which everybody on this machine could see. "
            "Leave them out; keys come from COGNEE_API_KEY, the credentials file, or a prompt."
        )
    if parts.query or parts.fragment:
        raise BadSetting("The address has a query or a fragment. Write https://HOST[:PORT][/PATH].")
    if parts.scheme not in _PORTS or not parts.hostname:
        raise BadSetting(f"{url!r} is no address of a server. Write https://HOST[:PORT].")
    return f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/")


def _scheme_for(url: str) -> str:
    """Return the scheme that is meant where none was written: TLS, but on this machine."""
    return "http" if is_loopback(f"http://{url}") else "https"


def is_loopback(url: str) -> bool:
    """Tell whether the address is one of this machine, by its spelling."""
    host = (urlsplit(url).hostname or "").lower()
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def origin(url: str) -> tuple[str, str, int]:
    """Return what must be equal for a key to be sent along: scheme, host and port."""
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme, 0)


def fit_key(text: str | None) -> str | None:
    """Return a key without the white space around it, None for an empty one.

    Raises:
        BadSetting: a character that no HTTP header can carry; the text does not show the key.
    """
    key = (text or "").strip()
    if not key:
        return None
    if not (key.isascii() and key.isprintable() and " " not in key):
        raise BadSetting(
            "The key holds a space, a control character or one that is not ASCII, which no "
            "request can carry. Copy it again; nothing was sent."
        )
    return key
