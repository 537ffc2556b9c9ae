"""Knows addresses of servers: which are fit, and when two are one origin; sends nothing."""

from __future__ import annotations

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
    url = text.strip().rstrip("/")
    parts = urlsplit(url if "://" in url else f"https://{url}")
    if parts.scheme not in _PORTS or not parts.hostname:
        raise BadSetting(f"{url!r} is no address of a server. Write https://HOST[:PORT].")
    if "@" in parts.netloc:
        raise BadSetting(
            "The address carries a name or a password, which everybody on this machine could see. "
            "Leave them out; keys come from COGNEE_API_KEY, the credentials file, or a prompt."
        )
    if parts.query or parts.fragment:
        raise BadSetting(f"{url!r} has a query or a fragment. Write https://HOST[:PORT][/PATH].")
    return f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/")


def origin(url: str) -> tuple[str, str, int]:
    """Return what must be equal for a key to be sent along: scheme, host and port."""
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme, 0)
