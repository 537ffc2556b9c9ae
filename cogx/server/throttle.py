"""Knows how often something may be tried: so many times within some minutes, per key; never why.

Kept in memory and bounded: of the keys that were tried longest ago the count is forgotten first.
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final

_MOST_KEYS: Final = 10_000


class Throttle:
    """Counts tries. Threads may share it.

    Args:
        most: tries of one key that are let through within ``within_s``, counted from the first.
    """

    def __init__(
        self, most: int, within_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = most
        self._within_s = within_s
        self._clock = clock
        self._tries: OrderedDict[Hashable, tuple[float, int]] = OrderedDict()
        self._lock = threading.Lock()

    def wait_s(self, key: Hashable) -> int:
        """Count a try; return 0 if it may be made, else the seconds until one may be.

        Counted before it is made, so that those made at once are no more than those made in turn.
        """
        with self._lock:
            moment = self._clock()
            began, count = self._tries.pop(key, (moment, 0))
            if moment - began >= self._within_s:
                began, count = moment, 0
            may = count < self._most
            self._tries[key] = (began, count + may)
            if len(self._tries) > _MOST_KEYS:
                self._tries.popitem(last=False)
            return 0 if may else max(1, math.ceil(began + self._within_s - moment))

    def forget(self, key: Hashable) -> None:
        """Forget the tries of a key: one of them has succeeded."""
        with self._lock:
            self._tries.pop(key, None)
