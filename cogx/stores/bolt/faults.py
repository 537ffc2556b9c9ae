"""Knows what the driver's errors mean in cogx's words; never shows a password."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from neo4j.exceptions import (
    BrokenRecordError,
    ConfigurationError,
    ConstraintError,
    DriverError,
    Neo4jError,
    TransientError,
)

from cogx.errors import BadSetting, CogxError, StoreRefused, StoreUnavailable
from cogx.stores.bolt.address import PASSWORD_VARIABLES

_SECURITY: Final = "Neo.ClientError.Security."
_NO_DATABASE: Final = "Neo.ClientError.Database.DatabaseNotFound"
_LONGEST_TEXT: Final = 500


@contextmanager
def translated(shown: str, advice: str = "") -> Iterator[None]:
    """Let the driver's errors appear as ours, but for broken constraints, which a caller names.

    Args:
        shown: the address as it may stand in a message.
        advice: what to say besides if the server is gone.
    """
    try:
        yield
    except ConstraintError:
        raise
    except (Neo4jError, DriverError, OSError) as error:
        raise _meaning(error, shown, advice) from error
    except (UnicodeEncodeError, OverflowError) as error:
        raise StoreRefused(f"{shown}: a value cannot be stored ({error}).") from error


def message_of(error: Exception) -> str:
    """Return the server's own words, shortened."""
    text = getattr(error, "message", None) or str(error)
    return str(text)[:_LONGEST_TEXT]


def _meaning(error: Exception, shown: str, advice: str) -> CogxError:
    text = message_of(error)
    if isinstance(error, BrokenRecordError):
        return StoreRefused(
            f"{shown}: a value cannot be read ({error.__cause__ or text}). Dates before year 1 or "
            "after 9999 are such values; change them, or drop the property."
        )
    if isinstance(error, ConfigurationError):
        return BadSetting(f"{shown}: the driver cannot be set up like this ({text}).")
    if isinstance(error, TransientError) or not isinstance(error, Neo4jError):
        return StoreUnavailable(
            f"{shown} cannot be reached, or does not answer ({text.splitlines()[0]}). Is the "
            f"server running? Try again later.{advice}"
        )
    code = error.code or ""
    if code.startswith(_SECURITY):
        return StoreRefused(
            f"{shown} refuses the credentials ({text}). Name the user in the URI "
            f"(bolt://USER@HOST) and put the password into {PASSWORD_VARIABLES[0]} "
            f"or {PASSWORD_VARIABLES[1]}.",
            reason=code,
        )
    if code == _NO_DATABASE:
        return StoreRefused(f"{shown}: there is no such database. Make it first, or name another.")
    return StoreRefused(f"{shown}: the server says: {text}", reason=code)
