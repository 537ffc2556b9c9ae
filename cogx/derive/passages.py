"""Knows how texts are cut into passages with ids that stay; never what a passage says.

A passage ends where a paragraph or a sentence does, and put together again the passages are the
text, but for white space alone. Only an endless sentence is cut at a space, or anywhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final
from unicodedata import combining
from uuid import NAMESPACE_OID, uuid5

from msgspec import Struct

from cogx.codec.canonical import encode
from cogx.derive.sentences import iter_ends
from cogx.derive.texts import Text, iter_texts, iter_whole
from cogx.errors import BadSetting
from cogx.ports import Passage, RecordSource

CHARACTERS_PER_TOKEN: Final = 4
"""The rule of thumb for English; texts in other scripts may be several times as many tokens."""
PASSAGE_TOKENS: Final = 500
"""The most tokens of a passage unless told otherwise: about a page's half."""
FEWEST_TOKENS: Final = 25
MOST_TOKENS: Final = 25_000


@dataclass(frozen=True, slots=True)
class PassageSize:
    """How long a passage may be, and how much of the text before it goes with it.

    Args:
        tokens: the most of a passage, 25 to 25,000; four characters count as one.
        overlap: tokens of the text before it, at most as many as of a passage.

    Raises:
        BadSetting: fewer tokens, or more.
    """

    tokens: int = PASSAGE_TOKENS
    overlap: int = 0

    def __post_init__(self) -> None:
        if not FEWEST_TOKENS <= self.tokens <= MOST_TOKENS:
            raise BadSetting(
                f"A passage may have {FEWEST_TOKENS} to {MOST_TOKENS:,} tokens, "
                f"not {self.tokens:,}."
            )
        if not 0 <= self.overlap <= self.tokens:
            raise BadSetting(
                f"A passage of {self.tokens:,} tokens may overlap with 0 to {self.tokens:,} tokens "
                f"of the text before it, not {self.overlap:,}."
            )

    @property
    def characters(self) -> int:
        """The most characters of a passage."""
        return self.tokens * CHARACTERS_PER_TOKEN

    @property
    def overlap_characters(self) -> int:
        """The most characters of the text before it."""
        return self.overlap * CHARACTERS_PER_TOKEN


class Placed(Struct, frozen=True):
    """A passage in its text: the scope of its record, and the passage before it."""

    passage: Passage
    scope: dict[str, Any]
    previous: str | None
    is_last: bool

    @property
    def is_whole(self) -> bool:
        """Tell whether the passage is all of its text."""
        return self.previous is None and self.is_last


def iter_passages(
    source: RecordSource, report: Counter[str], size: PassageSize
) -> Iterator[Placed]:
    """Yield the passages of all raw content of a source, in its order.

    The same content gives the same passages with the same ids; how much they overlap makes no
    difference to the ids. ``report`` counts ``texts``, ``passages`` and ``characters``, and what
    :func:`cogx.derive.texts.iter_texts` leaves out.

    Cost: one pass over the content records, one of them in memory.
    """
    for text, contents in iter_whole(iter_texts(source, report)):
        report["texts"] += 1
        for placed in _in_text(text, contents, size):
            report["passages"] += 1
            report["characters"] += len(placed.passage.text)
            yield placed


def _in_text(text: Text, contents: Iterator[str], size: PassageSize) -> Iterator[Placed]:
    before, previous = "", None
    for at, (piece, is_last) in enumerate(_until_last(cut(contents, size.characters))):
        identity = passage_id(text.record, at, piece)
        passage = Passage(identity, text.record, at, piece, before)
        yield Placed(passage, text.scope, previous, is_last)
        before, previous = end_of(before + piece, size.overlap_characters), identity


def _until_last(pieces: Iterator[str]) -> Iterator[tuple[str, bool]]:
    """Yield each piece, and whether no other follows."""
    waiting = next(pieces, None)
    while waiting is not None:
        following = next(pieces, None)
        yield waiting, following is None
        waiting = following


def end_of(text: str, most: int) -> str:
    """Return up to ``most`` characters of a text's end, from where a sentence or word begins."""
    if len(text) <= most:
        return text
    window = text[len(text) - most :]
    start = next((position for position, _ in iter_ends(window)), 0)
    if not 0 < start <= most // 2:
        start = window.find(" ") + 1
    return window[start:]


def passage_id(record: tuple[str, str], at: int, text: str) -> str:
    """Return a passage's id: made of its record, its place and its text, so it stays."""
    return str(uuid5(NAMESPACE_OID, f"cogx:passage:{encode([*record, at, text]).decode()}"))


def cut(contents: Iterable[str], characters: int) -> Iterator[str]:
    """Yield the passages of one text that comes in pieces; where pieces meet makes no difference.

    Cost: the longest piece in memory.
    """
    rest = ""
    for content in contents:
        text, start = rest + content, 0
        while len(text) - start > characters:
            # One character more shows what stands behind an end.
            stop = start + _best_end(text[start : start + characters + 1])
            if not text[start:stop].isspace():
                yield text[start:stop]
            start = stop
        rest = text[start:]
    if rest and not rest.isspace():
        yield rest


def _best_end(window: str) -> int:
    """Return where to cut a window whose last character belongs to what follows."""
    half, last = len(window) // 2, 0
    paragraph = 0
    for position, is_paragraph in iter_ends(window):
        last = position
        if is_paragraph:
            paragraph = position
    if paragraph >= half:
        return paragraph
    if last:
        return last
    space = max(window.rfind(" ", half), window.rfind("\n", half))
    if space > 0 and space + 1 < len(window):
        return space + 1
    stop = len(window) - 1
    while stop > half and combining(window[stop]):  # a letter keeps its marks
        stop -= 1
    return stop
