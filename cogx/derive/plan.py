"""Knows what deriving will take, before it is done; makes no call and derives nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cogx.derive.passages import CHARACTERS_PER_TOKEN, PassageSize, iter_passages
from cogx.ports import Deriver, Passage, RecordSource


@dataclass(frozen=True, slots=True)
class Plan:
    """What deriving will take.

    ``calls`` are those to a language model, if each passage needs one try; ``cached`` passages
    were derived before and need none. ``tokens_in`` and ``tokens_out`` are those of the calls as
    the deriver estimates them; without an estimate, a token for every four characters of each
    passage, rounded up, and none out. ``cost`` is None without prices, and ``seconds`` if nobody
    knows how long a call takes. ``left_out`` counts records that are not read, by reason.
    """

    deriver: str
    origin: Mapping[str, Any]
    texts: int
    passages: int
    characters: int
    cached: int
    calls: int
    tokens_in: int
    tokens_out: int
    cost: float | None
    seconds: float | None
    left_out: Mapping[str, int]


def plan(source: RecordSource, deriver: Deriver, size: PassageSize) -> Plan:
    """Return what deriving from a source will take; :class:`cogx.ports.Deriver` says who tells it.

    Cost: one pass over the content records.
    """
    report: Counter[str] = Counter()
    estimate: Callable[[Passage], tuple[int, int]] = getattr(deriver, "estimate", _estimate)
    is_cached: Callable[[Passage], bool] = getattr(deriver, "is_cached", _never)
    tokens_in = tokens_out = cached = 0
    for placed in iter_passages(source, report, size):
        if is_cached(placed.passage):
            cached += 1
            continue
        read, written = estimate(placed.passage)
        tokens_in, tokens_out = tokens_in + read, tokens_out + written
    texts, passages, characters = (report.pop(n, 0) for n in ("texts", "passages", "characters"))
    calls = (passages - cached) * int(getattr(deriver, "calls_per_passage", 1))
    return Plan(
        deriver=deriver.name,
        origin=dict(getattr(deriver, "origin", {})),
        texts=texts,
        passages=passages,
        characters=characters,
        cached=cached,
        calls=calls,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        cost=getattr(deriver, "cost_of", _unknown)(tokens_in, tokens_out),
        seconds=getattr(deriver, "seconds_for", _unknown)(calls),
        left_out=dict(report),
    )


def _estimate(passage: Passage) -> tuple[int, int]:
    return -(-len(passage.text) // CHARACTERS_PER_TOKEN), 0


def _never(_: Passage) -> bool:
    return False


def _unknown(*_: int) -> None:
    return None
