"""Knows how the outcomes of an import are counted, and what they do to a fingerprint."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from cogx.codec.fingerprint import FingerprintSums, digest_lines
from cogx.graph.mapping import is_stub, kinds_of
from cogx.graph.reconcile import Action, Outcome
from cogx.ports import Edge, Node

_EXAMPLES: Final = 5
_TOLD: Final = frozenset({Action.MERGED, Action.UPDATED, Action.SKIPPED})


@dataclass(slots=True)
class Tally:
    """What was done, record by record.

    ``actions`` counts by kind and action; ``examples`` names some records of the actions that
    deserve it; ``overwritten`` counts values that gave way, by their path. ``sums`` becomes
    the fingerprint that the store must have when all is written, if it is told every outcome.
    """

    sums: FingerprintSums = field(default_factory=FingerprintSums)
    actions: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    examples: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    overwritten: Counter[str] = field(default_factory=Counter)
    stubs: int = 0

    def add(self, outcomes: Iterable[Outcome]) -> None:
        """Count what was done with some records."""
        for outcome in outcomes:
            self.actions[outcome.kind][outcome.action] += outcome.came
            if outcome.action in _TOLD and len(self.examples[outcome.action]) < _EXAMPLES:
                self.examples[outcome.action].append(f"{outcome.kind} {outcome.id}")
            self.overwritten.update(outcome.overwritten)
            if outcome.after == outcome.before and outcome.copies == outcome.copies_before:
                continue
            if outcome.before is not None:
                gone = digest_lines(outcome.kind, [outcome.before])
                self.sums.remove(outcome.kind, gone * outcome.copies_before)
            made = digest_lines(outcome.kind, [outcome.after])
            self.sums.add(outcome.kind, made * outcome.copies)

    def add_nodes(self, nodes: Iterable[Node]) -> None:
        """Count nodes that went into a new store; ``sums`` is not touched."""
        for node in nodes:
            if is_stub(node):
                self.stubs += 1
            for kind, copies in kinds_of(node):
                self.actions[kind][Action.CREATED] += copies

    def add_edges(self, edges: Iterable[Edge]) -> None:
        """Count edges that went into a new store; ``sums`` is not touched."""
        self.actions["fact"][Action.CREATED] += sum(
            1 if edge.rest is None else edge.rest.get("copies", 1) for edge in edges
        )

    def total(self, *actions: Action) -> int:
        """Return how many records had one of these outcomes."""
        return sum(counts[action] for counts in self.actions.values() for action in actions)

    def changes_nothing(self) -> bool:
        """Tell whether every record was there already, as it is, or was left out."""
        return not self.stubs and not self.total(Action.CREATED, Action.MERGED, Action.UPDATED)
