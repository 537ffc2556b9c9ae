"""Knows how texts are cut into passages with ids that stay; never what a passage says.

A passage ends where a paragraph or a sentence does, and put together again the passages are the
text, but for white space alone. Only an endless sentence is cut at a space, or anywhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final
from unicodedata import combining
from uuid import NAMESPACE_OID, uuid5

from cogx.codec.canonical import encode
from cogx.derive.sentences import iter_ends
from cogx.derive.texts import iter_texts, iter_whole
from cogx.errors import BadSetting
from cogx.ports import Passage, RecordSource

PASSAGE_CHARACTERS: Final = 2000
"""The most characters of a passage unless told otherwise: about a page's half."""
FEWEST_CHARACTERS: Final = 100
MOST_CHARACTERS: Final = 100_000


def iter_passages(
    source: RecordSource,
    report: Counter[str],
    *,
    characters: int = PASSAGE_CHARACTERS,
) -> Iterator[tuple[Passage, dict[str, Any]]]:
    """Yield (passage, scope of its record) for all raw content of a source, in its order.

    The same content gives the same passages with the same ids. ``report`` counts ``texts``,
    ``passages`` and ``characters``, and what :func:`cogx.derive.texts.iter_texts` leaves out.

    Args:
        characters: the most of a passage, 100 to 100,000.

    Raises:
        BadSetting: fewer characters, or more.
    Cost: one pass over the content records, one of them in memory.
    """
    checked_characters(characters)
    for text, contents in iter_whole(iter_texts(source, report)):
        report["texts"] += 1
        for at, piece in enumerate(cut(contents, characters)):
            report["passages"] += 1
            report["characters"] += len(piece)
            yield Passage(passage_id(text.record, at, piece), text.record, at, piece), text.scope


def checked_characters(characters: int) -> int:
    """Return the size of a passage if it can be one."""
    if not FEWEST_CHARACTERS <= characters <= MOST_CHARACTERS:
        raise BadSetting(
            f"A passage may have {FEWEST_CHARACTERS} to {MOST_CHARACTERS:,} characters, "
            f"not {characters:,}."
        )
    return characters


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
