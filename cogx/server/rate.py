"""Knows how often a user may call within a minute; the user's agents count as the user."""

from __future__ import annotations

from typing import Final

from cogx.server.identity.users import User
from cogx.server.refusals import refused
from cogx.server.throttle import Throttle

WITHIN_S: Final = 60.0


def check_rate(throttle: Throttle | None, caller: User) -> None:
    """Count a request.

    Args:
        throttle: None if everybody may call as often as they like.

    Raises:
        Refusal: there were too many (429).
    """
    if throttle is None:
        return
    wait_s = throttle.wait_s(caller.parent_user_id or caller.id)
    if wait_s:
        raise refused(
            429, f"Too many requests. Try again in {wait_s} seconds.",
            code="rate.exceeded", headers={"Retry-After": str(wait_s)},
        )  # fmt: skip
