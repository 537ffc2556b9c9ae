"""Knows which answers of an endpoint end everything, and what to do about them; asks nothing."""

from __future__ import annotations

from typing import Final

from cogx.derive.chat.patience import MOST_WAIT_S, NO_CREDIT, wait_of
from cogx.derive.chat.settings import KEY_VARIABLES, ChatSettings
from cogx.errors import RemoteError, RemoteRefused

_NOT_ALLOWED: Final = frozenset({401, 403})
_NOT_THERE: Final = frozenset({404, 405, 410})
_UNPAID: Final = 402
_REFUSED: Final = 400


def is_final(error: RemoteError) -> bool:
    """Tell whether every other call would be refused, too: the key, the model, the credit."""
    if not isinstance(error, RemoteRefused):
        return False
    return (
        error.status in _NOT_ALLOWED | _NOT_THERE
        or error.status == _UNPAID
        or error.status < _REFUSED  # a redirect, which is not followed
        or error.code in NO_CREDIT
        or ("retry_after" in error.context and wait_of(error, 1) > MOST_WAIT_S)
    )


def told_as(error: RemoteError, settings: ChatSettings) -> RemoteError:
    """Return an error with what to do about it."""
    if not isinstance(error, RemoteRefused):
        return error
    remedy = _remedy(error, settings)
    said = str(error) if not remedy or str(error).endswith((".", "!", "?")) else f"{error}."
    return RemoteRefused(f"{said}{remedy}", error.status, error.code)


def _remedy(error: RemoteRefused, settings: ChatSettings) -> str:
    if error.status in _NOT_ALLOWED:
        names = " or ".join(KEY_VARIABLES)
        if settings.api_key is None:
            return f" No key was sent: set {names}."
        return f" The key is not accepted; set {names} to one that is."
    if error.status in _NOT_THERE:
        return (
            f" There is no model {settings.model!r}, or this is not the base URL of the API, "
            "which usually ends in /v1."
        )
    if error.status == _UNPAID or error.code in NO_CREDIT:
        return " There is no credit left for this key."
    if "retry_after" in error.context:
        return f" It asks to be left alone ({error.context['retry_after']})."
    return ""
