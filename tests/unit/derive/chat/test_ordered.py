"""Work on several threads, in order."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Barrier, Event
from typing import Any

import pytest

from cogx.derive.chat.ordered import iter_ordered


def doubled(number: int) -> int:
    if number == 13:
        raise ValueError("unlucky")
    return 2 * number


def results(work: Any, items: Any, threads: int = 3) -> list[tuple[int, Any]]:
    outcomes = iter_ordered(work, items, threads=threads, may_go_on=lambda: True)
    return [(item, future.exception() or future.result()) for item, future in outcomes]


@pytest.mark.parametrize("threads", [1, 2, 9])
def test_results_come_in_the_order_of_the_items(threads: int) -> None:
    assert results(doubled, range(50, 0, -2), threads) == [(n, 2 * n) for n in range(50, 0, -2)]


def test_nothing_comes_of_nothing() -> None:
    assert results(doubled, []) == []


def test_an_error_is_an_outcome() -> None:
    outcome = results(doubled, [12, 13, 14])
    assert isinstance(outcome[1][1], ValueError)
    assert (outcome[0], outcome[2]) == ((12, 24), (14, 28))


def test_work_is_done_at_once() -> None:
    together = Barrier(3, timeout=20)
    assert len(results(lambda _: together.wait(), range(6))) == 6


def test_an_error_of_the_source_reaches_the_caller() -> None:
    def source() -> Iterator[int]:
        yield 1
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        results(doubled, source())


def test_once_it_may_not_go_on_nothing_is_read_but_all_that_was_is_done() -> None:
    read: list[int] = []
    seen: list[int] = []

    def source() -> Iterator[int]:
        for number in range(100):
            read.append(number)
            yield number

    for item, _ in iter_ordered(doubled, source(), threads=2, may_go_on=lambda: not seen):
        seen.append(item)
    assert seen == read
    assert len(read) <= 5


def test_what_nobody_waits_for_is_not_begun() -> None:
    may_end, begun = Event(), []

    def work(number: int) -> None:
        begun.append(number)
        may_end.wait(20)

    def source() -> Iterator[int]:
        yield from range(3)
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        list(iter_ordered(work, source(), threads=2, may_go_on=lambda: True))
    may_end.set()
    assert 2 not in begun
