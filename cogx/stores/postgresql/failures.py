"""Knows what the errors of PostgreSQL and its driver mean to us; opens nothing.

Texts of the server are repeated: they name users, hosts, databases and keys, never a password.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg

from cogx.errors import CogxError, NoSpace, StoreRefused, StoreUnavailable
from cogx.stores.postgresql.address import WAYS, Address

_LOST: Final = (psycopg.OperationalError, psycopg.InterfaceError)
_PASSING: Final = ("too many", "remaining connection slots", "starting up", "shutting down")
"""Words of a server that is there and will take connections later."""
_MEANWHILE: Final = frozenset({"40001", "40P01", "42P06", "42P07"})
"""Another session did the same, or something in the way, at the same time."""


@contextmanager
def translated(address: Address) -> Iterator[None]:
    """Let errors of the driver appear as ours; every other passes."""
    try:
        yield
    except psycopg.Error as error:
        raise meaning(error, address) from error


def meaning(error: psycopg.Error, address: Address) -> CogxError:
    """Return our error for one of a statement."""
    text, code = _text(error), error.sqlstate or ""
    reason = {"reason": text, "sqlstate": code}
    where = address.text
    if code == "53100":
        return NoSpace(
            f"{where}: the server's disk is full ({text}). Nothing was written.", **reason
        )
    if code == "55P03":
        return StoreUnavailable(
            f"{where}: another session holds what this one needs ({text}). Wait until it is done, "
            "then try again.",
            **reason,
        )
    if code in _MEANWHILE:
        return StoreUnavailable(
            f"{where} was changed by another session meanwhile ({text}). Nothing of this import "
            "was kept. Try again.",
            **reason,
        )
    if code[:2] in {"08", "53", "57"} or (not code and isinstance(error, _LOST)):
        return StoreUnavailable(
            f"{where}: the connection was lost or broken off ({text}). What was not finished is "
            "undone by the server. Try again.",
            **reason,
        )
    return StoreRefused(f"{where}: {_refusal(code, error, text)}", **reason)


def connect_failure(error: psycopg.Error, address: Address) -> CogxError:
    """Return our error for a connection that did not come about."""
    text = _text(error)
    asked = error.pgconn is not None and (error.pgconn.needs_password or error.pgconn.used_password)
    if "FATAL" not in text and not asked:
        return StoreUnavailable(
            f"{address.text}: no connection ({text}). Check that the server runs and the address "
            "is right, then try again.",
            reason=text,
        )
    if any(words in text for words in _PASSING):
        return StoreUnavailable(f"{address.text}: {text}. Try again later.", reason=text)
    return StoreRefused(
        f"{address.text}: the server lets nobody in like this ({text}). Check user and database; "
        f"for the password, {WAYS}.",
        reason=text,
    )


def _refusal(code: str, error: psycopg.Error, text: str) -> str:
    detail = f" {error.diag.message_detail}" if error.diag.message_detail else ""
    match code:
        case "23505" | "21000":
            return f"An id came twice.{detail} Ids are unique among nodes, and among edges."
        case "23503":
            return f"An edge ends in what is no node.{detail}"
        case "42501":
            return (
                f"{text}. Ask who runs the database to GRANT what is missing: USAGE and SELECT on "
                "the schema to read, CREATE on the database or ownership of the schema to write."
            )
        case "25006":
            return f"the database can only be read ({text}). Give the address of its primary."
    return f"{'PostgreSQL' if code else 'the driver'} says: {text}.{detail}"


def _text(error: psycopg.Error) -> str:
    told = error.diag.message_primary or str(error) or type(error).__name__
    return " ".join(told.split()).rstrip(".")
