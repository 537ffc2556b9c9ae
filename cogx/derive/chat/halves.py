"""Knows how a passage is cut in two where a sentence ends; asks nothing."""

from __future__ import annotations

from typing import Final

import msgspec

from cogx.derive.sentences import iter_ends
from cogx.ports import Passage

_CONTEXT: Final = 240


def halves(passage: Passage) -> tuple[tuple[Passage, int], tuple[Passage, int]] | None:
    """Return two passages and where each begins in the whole, None if it cannot be cut.

    They keep the id and the place of the whole: what is made of them is made of that.
    """
    text = passage.text
    middle = len(text) // 2
    spaces = [text.rfind(" ", 0, middle) + 1, text.find(" ", middle) + 1]
    ends = [end for end, _ in iter_ends(text)] or [at for at in spaces if at > 0]
    if not ends:
        return None
    at = min(ends, key=lambda end: abs(end - middle))
    before = text[max(0, at - _CONTEXT) : at]
    return (
        (msgspec.structs.replace(passage, text=text[:at]), 0),
        (msgspec.structs.replace(passage, text=text[at:], before=before), at),
    )
