"""Knows where a store is: a URI as libpq reads it, and a schema; never a password.

A password in a URI would stand in the process list, in the shell's history and in messages, so
it is refused, and no text made here repeats a URI that could hold one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

import psycopg
from psycopg.conninfo import conninfo_to_dict

from cogx.errors import BadSetting

WAYS: Final = "set COGX_STORE_PASSWORD or PGPASSWORD, or put it into ~/.pgpass"
_SCHEMES: Final = ("postgresql://", "postgres://")
_SECRETS: Final = ("password", "sslpassword")
_LONGEST_NAME_BYTES: Final = 63
"""PostgreSQL cuts longer names, and two schemas would become one."""


@dataclass(frozen=True, slots=True)
class Address:
    """A place for one graph. ``uri`` goes to libpq, ``text`` into messages."""

    uri: str
    schema: str
    text: str


def parse_address(uri: str, schema: str) -> Address:
    """Return the address that a URI and a schema mean.

    Raises:
        BadSetting: the URI cannot be read or holds a password, or no schema has such a name.
    """
    scheme, colon, rest = uri.partition("//")
    if scheme + colon not in _SCHEMES:
        raise BadSetting("A PostgreSQL store is named by postgresql://USER@HOST:PORT/DATABASE.")
    if "@" in rest.partition("/")[2].partition("?")[0]:
        # More likely the end of a password that holds a slash than a part of a name.
        raise BadSetting(
            "The store's URI has an @ behind its first slash. In a name, write it as %40; a "
            f"password does not belong there: {WAYS} instead."
        )
    try:
        parts = conninfo_to_dict(uri)
    except psycopg.ProgrammingError:
        # Its text repeats parts of the URI.
        raise BadSetting(
            "The store's URI cannot be read. Write postgresql://USER@HOST:PORT/DATABASE, with "
            "%XX for special characters in a name."
        ) from None
    if any(name in parts for name in _SECRETS):
        raise BadSetting(
            "The store's URI has a password in it, which would be visible in the process list "
            f"and in the shell's history. Leave it out there and {WAYS}."
        )
    _check_schema(schema)
    return Address(uri, schema, f"{_shown(parts)}, schema {schema!r}")


def _shown(parts: dict[str, str | int | None]) -> str:
    user, host, port, database = (
        quote(str(parts.get(name) or ""), safe="/:[],")
        for name in ("user", "host", "port", "dbname")
    )
    at = f"{user}@" if user else ""
    return f"postgresql://{at}{host}{':' if port else ''}{port}/{database}"


def _check_schema(schema: str) -> None:
    fits = 0 < len(schema.encode("utf-8", "replace")) <= _LONGEST_NAME_BYTES
    if not fits or "\x00" in schema or schema.startswith("pg_") or schema == "information_schema":
        raise BadSetting(
            f"{schema!r:.80} cannot be a schema of a store: a name has 1 to {_LONGEST_NAME_BYTES} "
            "bytes, and those that PostgreSQL keeps for itself are not ours."
        )
