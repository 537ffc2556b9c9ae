"""Calls and tokens, counted on many threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from cogx.derive.chat.meter import Meter, tokens_of
from cogx.errors import BudgetSpent

USAGE = {"prompt_tokens": 30, "completion_tokens": 10}


@pytest.mark.parametrize(
    ("texts", "tokens"), [((), 0), (("",), 0), (("abcd",), 1), (("abc", "de"), 2), (("安安",), 2)]
)
def test_a_token_is_four_bytes(texts: tuple[str, ...], tokens: int) -> None:
    assert tokens_of(*texts) == tokens


def test_calls_at_once_do_not_pass_the_budget() -> None:
    meter = Meter(1000)

    def call(_: int) -> bool:
        try:
            meter.reserve(40)
        except BudgetSpent:
            return False
        meter.settle(40, USAGE, (0, 0))
        return True

    with ThreadPoolExecutor(8) as pool:
        made = sum(pool.map(call, range(100)))
    report = meter.report
    assert made == report["calls"] == 25
    assert report["tokens_in"] + report["tokens_out"] == 1000


def test_room_that_was_given_back_is_free() -> None:
    meter = Meter(100)
    for _ in range(10):
        meter.reserve(100)
        meter.release(100)


def test_once_refused_a_smaller_call_is_refused_too() -> None:
    meter = Meter(100)
    for estimate in (101, 1):
        with pytest.raises(BudgetSpent):
            meter.reserve(estimate)


def test_without_a_budget_nothing_is_refused() -> None:
    Meter(None).reserve(10**12)
