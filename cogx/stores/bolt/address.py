"""Knows what a Bolt URI may say and where its password comes from; never shows a password."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from cogx.errors import BadSetting

SCHEMES: Final = ("bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc")
PASSWORD_VARIABLES: Final = ("COGX_STORE_PASSWORD", "NEO4J_PASSWORD")
_DEFAULT_USER: Final = "neo4j"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is, and who asks. ``shown`` is what may stand in a message."""

    uri: str
    database: str | None
    shown: str
    credentials: tuple[str, str] | None = field(repr=False)


def parse_address(
    uri: str, database: str | None, variables: Mapping[str, str] | None = None
) -> Address:
    """Return the address that a URI means.

    Args:
        variables: where the password is looked for; the environment if None.

    Raises:
        BadSetting: a scheme of something else, a password, a path or settings in the URI.
    """
    variables = os.environ if variables is None else variables
    parts = _split(uri)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    target = f"{parts.scheme}://{host}:{parts.port or 7687}"
    user = unquote(parts.username or "")
    password = next((variables[name] for name in PASSWORD_VARIABLES if variables.get(name)), None)
    credentials = None if password is None else (user or _DEFAULT_USER, password)
    shown = f"{target}/{database}" if database else target
    return Address(target, database, shown, credentials)


def _split(uri: str) -> SplitResult:
    """Return the parts of a URI that says nothing it may not; messages show none of it."""
    try:
        parts = urlsplit(uri)
        port_is_fit = parts.port is None or parts.port > 0
    except ValueError:
        parts, port_is_fit = urlsplit(""), False
    if parts.scheme not in SCHEMES or not parts.hostname or not port_is_fit:
        raise BadSetting(
            "A Bolt store is named by bolt://USER@HOST:PORT; "
            f"the scheme may be {', '.join(SCHEMES)}. The URI given is none of these."
        )
    if parts.password is not None or ":" in uri.partition("://")[2].rpartition("@")[0]:
        raise BadSetting(
            "A password in a URI can be seen in the list of processes and in the shell's history. "
            f"Put it into the variable {PASSWORD_VARIABLES[0]} (or {PASSWORD_VARIABLES[1]}) "
            f"and write {parts.scheme}://USER@HOST."
        )
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise BadSetting(
            f"{parts.scheme}://{parts.hostname}: nothing may follow host and port. "
            "Name a database with ?database=NAME."
        )
    return parts
