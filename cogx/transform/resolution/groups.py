"""Knows which entities are one by the decisions of a review; contradictions are told, never solved.

Decisions carry over: who merges a with b and b with c merges a with c. To keep a and c apart then
is a contradiction; to merge them, too, says nothing new.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence

from cogx.transform.resolution.review import KEEP, MERGE, Line


class Groups:
    """Ids that are one, by the lines that say so.

    ``faults`` say which lines contradict each other. A line is meant to merge if it says so, or
    if it says nothing and has at least the score ``auto_above``.
    """

    def __init__(self, lines: Sequence[Line], auto_above: float | None = None) -> None:
        self._merging = [line for line in lines if is_merged(line, auto_above)]
        self._parents: dict[str, str] = {}
        for line in self._merging:
            one, other = self._root(line.left_id), self._root(line.right_id)
            self._parents[max(one, other)] = min(one, other)
        self._rights = {line.right_id for line in self._merging}
        keeping = [line for line in lines if line.decision == KEEP]
        self.faults = [*self._alone(), *self._contradictions(keeping)]

    def __contains__(self, identity: object) -> bool:
        return identity in self._parents

    def __len__(self) -> int:
        return len(self._parents)

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._parents))

    @property
    def lines(self) -> Sequence[Line]:
        """The lines that merge."""
        return self._merging

    def survivors(self, facts: Mapping[str, int]) -> dict[str, str]:
        """Return who each id becomes; the one that stays becomes itself.

        It is one that stands on the left of its lines only, if there is any; of several the one
        with the most facts, then the smallest id.
        """
        members: defaultdict[str, list[str]] = defaultdict(list)
        for identity in self:
            members[self._root(identity)].append(identity)
        become: dict[str, str] = {}
        for group in members.values():
            first = min(group, key=lambda one: (one in self._rights, -facts.get(one, 0), one))
            become |= dict.fromkeys(group, first)
        return become

    def _root(self, identity: str) -> str:
        path = []
        while (parent := self._parents.setdefault(identity, identity)) != identity:
            path.append(identity)
            identity = parent
        for one in path:
            self._parents[one] = identity
        return identity

    def _alone(self) -> Iterator[str]:
        for line in self._merging:
            if line.left_id == line.right_id:
                yield f"{place_of(line)}: {line.left_id!r:.80} cannot be merged with itself."

    def _contradictions(self, keeping: Iterable[Line]) -> Iterator[str]:
        joins: defaultdict[str, list[tuple[str, Line]]] | None = None
        for line in keeping:
            one, other = line.left_id, line.right_id
            if one in self and other in self and self._root(one) == self._root(other):
                if joins is None:
                    joins = self._joins()
                chain = ", ".join(map(place_of, _chain(joins, one, other)))
                yield (
                    f"{place_of(line)}: {one!r:.80} and {other!r:.80} are kept apart here, and are "
                    f"one by {chain}. Change one of these decisions."
                )

    def _joins(self) -> defaultdict[str, list[tuple[str, Line]]]:
        joins: defaultdict[str, list[tuple[str, Line]]] = defaultdict(list)
        for line in self._merging:
            joins[line.left_id].append((line.right_id, line))
            joins[line.right_id].append((line.left_id, line))
        return joins


def is_merged(line: Line, auto_above: float | None) -> bool:
    """Tell whether a line merges its two."""
    if line.decision or auto_above is None or line.score is None:
        return line.decision == MERGE
    return line.score >= auto_above


def _chain(joins: Mapping[str, Sequence[tuple[str, Line]]], start: str, end: str) -> list[Line]:
    """Return the fewest lines that make two ids one."""
    came: dict[str, tuple[str, Line] | None] = {start: None}
    waiting = deque([start])
    while end not in came:
        here = waiting.popleft()
        for there, line in joins[here]:
            if there not in came:
                came[there] = (here, line)
                waiting.append(there)
    lines = []
    step = came[end]
    while step is not None:
        lines.append(step[1])
        step = came[step[0]]
    return lines[::-1]


def place_of(line: Line) -> str:
    """Return how messages call a line."""
    if line.number:
        return f"line {line.number}"
    return f"the proposal {line.left_id!r:.40}, {line.right_id!r:.40}"
