"""Knows what deriving will take, before it is done; makes no call and derives nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cogx.derive.passages import PASSAGE_CHARACTERS, iter_passages
from cogx.ports import Deriver, RecordSource

CHARACTERS_PER_TOKEN: Final = 4
"""The rule of thumb for English; texts in other scripts may be several times as many tokens."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What deriving will take.

    ``tokens`` is an estimate, a token for every four characters of each passage, rounded up.
    ``calls`` are those to a language model, if each passage needs one try. ``left_out`` counts
    records that are not read, by reason.
    """

    deriver: str
    texts: int
    passages: int
    characters: int
    tokens: int
    calls: int
    left_out: Mapping[str, int]


def plan(source: RecordSource, deriver: Deriver, *, characters: int = PASSAGE_CHARACTERS) -> Plan:
    """Return what deriving from a source will take.

    ``deriver.calls_per_passage`` tells its calls to a language model; without it, one each.

    Cost: one pass over the content records.
    """
    report: Counter[str] = Counter()
    tokens = 0
    for passage, _ in iter_passages(source, report, characters=characters):
        tokens += -(-len(passage.text) // CHARACTERS_PER_TOKEN)
    counted = {name: report.pop(name, 0) for name in ("texts", "passages", "characters")}
    calls = counted["passages"] * int(getattr(deriver, "calls_per_passage", 1))
    return Plan(deriver.name, **counted, tokens=tokens, calls=calls, left_out=dict(report))
