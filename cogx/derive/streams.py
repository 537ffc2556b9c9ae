"""Knows how record streams are put behind each other, kind by kind; nothing about derivers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

Batches = Iterable[tuple[str, Sequence[Any]]]


def iter_followed(
    batches: Batches, kinds: Iterable[str], after: Callable[[str], Batches]
) -> Iterator[tuple[str, Sequence[Any]]]:
    """Yield batches that come in the order of ``kinds``, those of each kind followed by others.

    So that an archive is gone through once for all its kinds, and not once for each.
    """
    waiting = list(kinds)
    for kind, batch in batches:
        while waiting[0] != kind:
            yield from after(waiting.pop(0))
        yield kind, batch
    for kind in waiting:
        yield from after(kind)
