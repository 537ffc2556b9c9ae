"""Knows how work is done on several threads at once and comes back in order; not what work."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def iter_ordered(
    work: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    threads: int,
    may_go_on: Callable[[], bool],
) -> Iterator[tuple[Item, Future[Result]]]:
    """Yield each item with the outcome of the work on it, finished, in the order of the items.

    Items are read on the caller's thread, up to twice as many ahead as there are threads. Once
    ``may_go_on`` says no, no further one is read; what has been read is still worked on and
    yielded. When the caller goes away, what is in work is left to itself.
    """
    jobs: SimpleQueue[tuple[Future[Result], Item] | None] = SimpleQueue()
    # Daemons: who presses Ctrl-C does not wait until a model has finished its sentence.
    crew = [Thread(target=_work, args=(work, jobs), daemon=True) for _ in range(threads)]
    waiting: deque[tuple[Item, Future[Result]]] = deque()
    try:
        for number, item in enumerate(items):
            if number < threads:
                crew[number].start()
            future: Future[Result] = Future()
            waiting.append((item, future))
            jobs.put((future, item))
            while waiting and (len(waiting) >= 2 * threads or waiting[0][1].done()):
                yield _finished(waiting.popleft())
            if not may_go_on():
                break
        while waiting:
            yield _finished(waiting.popleft())
    finally:
        for _, future in waiting:
            future.cancel()
        for _ in crew:
            jobs.put(None)


def _finished(one: tuple[Item, Future[Result]]) -> tuple[Item, Future[Result]]:
    one[1].exception()  # waits, and raises nothing
    return one


class _Handing:
    """Hands an error of a block to whoever waits for its outcome: there it is raised again."""

    def __init__(self, future: Future[Any]) -> None:
        self._future = future

    def __enter__(self) -> None:
        return

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        if error is not None:
            self._future.set_exception(error)
        return True


def _work(work: Callable[[Any], Any], jobs: SimpleQueue[tuple[Future[Any], Any] | None]) -> None:
    while (job := jobs.get()) is not None:
        future, item = job
        if future.set_running_or_notify_cancel():
            with _Handing(future):
                future.set_result(work(item))
