"""A throttle lets so many tries through, and says how long to wait."""

from __future__ import annotations

import pytest

from cogx.server import throttle
from cogx.server.throttle import Throttle


class Clock:
    """A clock that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_as_many_tries_as_allowed_are_let_through() -> None:
    one = Throttle(3, 60, Clock())
    assert [one.wait_s("key") for _ in range(4)] == [0, 0, 0, 60]


def test_the_wait_shrinks_with_time() -> None:
    clock = Clock()
    one = Throttle(1, 60, clock)
    one.wait_s("key")
    clock.now = 59.5
    assert one.wait_s("key") == 1


def test_after_the_wait_tries_are_let_through_again() -> None:
    clock = Clock()
    one = Throttle(1, 60, clock)
    one.wait_s("key")
    clock.now = 60
    assert one.wait_s("key") == 0


def test_tries_that_are_refused_do_not_make_the_wait_longer() -> None:
    clock = Clock()
    one = Throttle(1, 60, clock)
    one.wait_s("key")
    clock.now = 30
    one.wait_s("key")
    clock.now = 60
    assert one.wait_s("key") == 0


def test_another_key_has_tries_of_its_own() -> None:
    one = Throttle(1, 60, Clock())
    one.wait_s("key")
    assert one.wait_s("other") == 0


def test_a_success_forgets_the_tries_before_it() -> None:
    one = Throttle(1, 60, Clock())
    one.wait_s("key")
    one.forget("key")
    assert one.wait_s("key") == 0


def test_memory_is_bounded_by_the_number_of_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "_MOST_KEYS", 2)
    one = Throttle(1, 60, Clock())
    for key in range(5):
        one.wait_s(key)
    assert len(one._tries) == 2
