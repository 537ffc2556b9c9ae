"""Knows where sentences and paragraphs end in plain text; nothing about names or passages.

A rule and no model: a full stop before a space ends a sentence unless a small letter follows,
or an initial or a common abbreviation stands before it. A line ends one too, unless the next
line goes on with a small letter, as wrapped text does. Wrong ends cost a pair of names that
stand together; missing ends would make up one, so the rule rather ends too often.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_CLOSERS: Final = r"[\"'”’»)\]」』）]*"  # noqa: RUF001 - marks of other scripts
_LINE: Final = "\n\r\f\x85\u2028\u2029"
_END: Final = re.compile(
    rf"(?<![.!?…])[.!?…]+{_CLOSERS}\s+"
    rf"|(?P<wide>[。！？｡।॥؟۔]+{_CLOSERS}\s*)"  # noqa: RUF001 - marks of other scripts
    rf"|(?P<line>(?<![^\S{_LINE}])[^\S{_LINE}]*[{_LINE}]\s*)"
)
_BREAK: Final = re.compile(rf"\r\n|[{_LINE}]")
_STARTS_ANEW: Final = re.compile(
    r"[-*•#>|]|[0-9]{1,3}[.)]\s|[^\s:\[][^:\n\[]{0,40}(?: \[[^\]\n]{1,40}\])?: "
)
"""A list item, a heading, or who speaks in a transcript."""
_ABBREVIATIONS: Final = frozenset(
    {"mr", "mrs", "ms", "dr", "prof", "st", "rev", "gen", "col", "capt", "lt", "sgt", "sen", "rep"}
    | {"gov", "mt", "vs", "cf", "no", "nos", "fig", "vol", "ca", "bzw", "nr"}
)
_LOOK_BACK: Final = 24


def iter_ends(text: str) -> Iterator[tuple[int, bool]]:
    """Yield (position, whether a paragraph ends there) for every end inside a text, ascending.

    A position is that of the first character of the next sentence; the end of the text is none.
    """
    for match in _END.finditer(text):
        position = match.end()
        if position == len(text):
            return
        breaks = len(_BREAK.findall(match.group()))
        if breaks > 1:
            yield position, True
        elif match["wide"] or _ends(text, position, after_line=breaks > 0, bare=match["line"]):
            yield position, False


def _ends(text: str, position: int, *, after_line: bool, bare: str | None) -> bool:
    if after_line and _STARTS_ANEW.match(text, position):
        return True
    if text[position].islower():
        return False
    return bare is not None or not _is_abbreviated(text[max(0, position - _LOOK_BACK) : position])


def _is_abbreviated(before: str) -> bool:
    """Tell whether a full stop belongs to the word before it: an initial, J.R.R., e.g., Dr."""
    words = before.rstrip()[:-1].split() if before.rstrip().endswith(".") else []
    if not words or words[-1] == "I":
        return False
    word = words[-1].lstrip("([{\"'“„«")
    return word.casefold() in _ABBREVIATIONS or all(
        len(letter) == 1 and letter.isalpha() for letter in word.split(".")
    )
