"""Knows which failures of an endpoint pass, and how long to wait for it; asks nothing.

A wait that one call is told to make is made by all: else each would be turned away by itself.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from random import SystemRandom
from time import monotonic, sleep
from typing import Final

from cogx.errors import RemoteError, RemoteRefused, RemoteUnavailable

TRIES: Final = 5
"""How often one call is tried in all."""
FIRST_WAIT_S: Final = 1.0
"""How long to wait at most before the second try; twice as long before each further one."""
MOST_WAIT_S: Final = 300.0
"""An endpoint that wants to be left alone for longer ends the run."""
_PASSING: Final = frozenset({408, 425, 429})
_SERVERS_FAULT: Final = 500
_NOT_IMPLEMENTED: Final = 501
NO_CREDIT: Final = frozenset({"insufficient_quota", "billing_hard_limit_reached"})


def is_passing(error: RemoteError) -> bool:
    """Tell whether the same call may succeed in a while."""
    if isinstance(error, RemoteRefused):
        passes = error.status in _PASSING or error.status >= _SERVERS_FAULT
        return passes and error.status != _NOT_IMPLEMENTED and error.code not in NO_CREDIT
    return isinstance(error, RemoteUnavailable)


def wait_of(error: RemoteError, tried: int) -> float:
    """Return how many seconds to wait before the next try: as the endpoint says, or longer each.

    Args:
        tried: how often the call was tried so far.
    """
    told = _told(str(error.context.get("retry_after", "")).strip())
    if told is not None:
        return told
    # Not all at once again, where many were turned away at once.
    return FIRST_WAIT_S * float(2 ** (tried - 1)) * SystemRandom().uniform(0.5, 1.0)


class Pause:
    """The time until which nobody asks. Any thread may call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until = 0.0

    def add(self, seconds: float) -> None:
        """Let everybody wait so long from now on."""
        with self._lock:
            self._until = max(self._until, monotonic() + seconds)

    def wait(self) -> None:
        """Wait until it is over."""
        with self._lock:
            rest = self._until - monotonic()
        if rest > 0:
            sleep(rest)


def _told(text: str) -> float | None:
    """Return the seconds that Retry-After says, in either of its two forms."""
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (zoned - datetime.now(UTC)).total_seconds())
