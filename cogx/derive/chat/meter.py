"""Knows how many calls and tokens a model has taken, and how many it may; makes no call.

Tokens are what the endpoint counts; where it does not say, a token for every four bytes.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from cogx.errors import BudgetSpent

BYTES_PER_TOKEN: Final = 4
"""The rule of thumb. Bytes, because letters beyond ASCII take more tokens."""
_MOST: Final = 10**9


def tokens_of(*texts: str) -> int:
    """Return about how many tokens texts are, rounded up."""
    size = sum(len(text) if text.isascii() else len(text.encode()) for text in texts)
    return -(-size // BYTES_PER_TOKEN)


class Meter:
    """Counts calls and tokens. Any thread may call.

    Once a call was refused, all are: a smaller one must not be answered in its place.
    """

    def __init__(self, budget: int | None) -> None:
        self._budget = budget
        self._lock = threading.Lock()
        self._reserved = 0
        self._spent = 0
        self._refused = False
        self._counts: Counter[str] = Counter()

    @property
    def report(self) -> Counter[str]:
        """``calls``, ``tokens_in``, ``tokens_out``, ``calls_estimated``, and what was counted."""
        with self._lock:
            return +self._counts  # without noughts

    def count(self, name: str) -> None:
        """Count something else."""
        with self._lock:
            self._counts[name] += 1

    def reserve(self, estimate: int) -> None:
        """Take room for a call out of the budget.

        Raises:
            BudgetSpent: there is too little left.
        """
        with self._lock:
            if self._budget is not None:
                self._refused |= self._spent + self._reserved + estimate > self._budget
                if self._refused:
                    raise BudgetSpent(self._budget, self._spent, self._counts["calls"])
            self._reserved += estimate

    def release(self, estimate: int) -> None:
        """Give the room back: the call came to nothing."""
        with self._lock:
            self._reserved -= estimate

    def settle(self, estimate: int, usage: object, guessed: tuple[int, int]) -> None:
        """Take what a call took in the place of the room for it.

        Args:
            usage: what the endpoint says; anything may stand there.
            guessed: tokens in and out, where it says nothing.
        """
        told = usage if isinstance(usage, Mapping) else {}
        counts = [_count(told.get(name)) for name in ("prompt_tokens", "completion_tokens")]
        read, written = (
            guess if count is None else count for count, guess in zip(counts, guessed, strict=True)
        )
        with self._lock:
            self._reserved -= estimate
            self._spent += read + written
            self._counts["calls"] += 1
            self._counts["tokens_in"] += read
            self._counts["tokens_out"] += written
            self._counts["calls_estimated"] += None in counts


def _count(value: Any) -> int | None:
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST
    return value if is_count else None
