"""Knows what is named where in one passage, no two mentions over each other; makes no record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from cogx.derive.folding import fold
from cogx.derive.names import Find, Names
from cogx.derive.patterns import Pattern, iter_patterns
from cogx.derive.sentences import iter_ends
from cogx.derive.spellings import Thing
from cogx.ports import Passage
from cogx.transform.examples import Examples

_EXAMPLES: Final = 10


class Mention(NamedTuple):
    """A stretch of a passage that names something."""

    start: int
    end: int
    thing: Thing
    known: bool


class Mentions:
    """Finds mentions; ``report`` and ``examples`` say what it left alone."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self.report: Counter[str] = Counter()
        self.examples = Examples()

    def find(self, passage: Passage) -> list[Mention]:
        """Return what is named, in order: the longest of overlapping finds, then the first.

        A name that several things bear stands for none of them, and nothing shorter is found
        inside it. A document's title in its own text is no mention.
        """
        text = passage.text
        finds: list[Find | Pattern] = [
            *self._names.find(text, fold(text)),
            *iter_patterns(text, self.report),
        ]
        # A known name goes before a pattern of the same length.
        finds.sort(key=lambda find: (find.start - find.end, find.start, isinstance(find, Pattern)))
        free, kept = _Free(len(text)), []
        for find in finds:
            if free.take(find.start, find.end):
                mention = self._mention(find, passage)
                if mention is not None:
                    kept.append(mention)
        return sorted(kept, key=lambda mention: mention.start)

    def _mention(self, find: Find | Pattern, passage: Passage) -> Mention | None:
        if isinstance(find, Pattern):
            thing = Thing(find.id, find.name, find.entity_type, [], False)
            return Mention(find.start, find.end, thing, False)
        if find.thing is None:
            self.report["ambiguous"] += 1
            name = passage.text[find.start : find.end]
            self.examples.note("ambiguous", name, most=_EXAMPLES)
            return None
        if find.thing.id == passage.record[1]:
            return None
        return Mention(find.start, find.end, find.thing, True)


def iter_shared(text: str, mentions: Sequence[Mention]) -> Iterator[tuple[int, int, list[Mention]]]:
    """Yield (start, end, mentions) of sentences with two of them; no name is cut by an end."""
    ends = [position for position, _ in iter_ends(text)]
    start, index = 0, 0
    for end in (*ends, len(text)):
        inside: list[Mention] = []
        at = index
        while at < len(mentions) and mentions[at].start < end:
            inside.append(mentions[at])
            at += 1
        if inside and inside[-1].end > end:
            continue  # "J. R. R. Tolkien" goes on: so does the sentence
        if len(inside) > 1:
            yield start, end, inside
        start, index = end, at


class _Free:
    """Which characters of a text no find has taken."""

    def __init__(self, length: int) -> None:
        self._taken = bytearray(length)

    def take(self, start: int, end: int) -> bool:
        if any(self._taken[start:end]):
            return False
        self._taken[start:end] = b"\1" * (end - start)
        return True
