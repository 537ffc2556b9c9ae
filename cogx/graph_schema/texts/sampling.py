"""Knows which parts of a long text stand for all of it; never what they say."""

from __future__ import annotations

from typing import Final

SAMPLE_CHARACTERS: Final = 12_000
"""What is shown of a text unless told otherwise: some 3,000 tokens of English."""
GAP: Final = "\n\n[...]\n\n"


def sample(text: str, characters: int = SAMPLE_CHARACTERS) -> str:
    """Return a text if it fits, else its head and tail, of one more than twice as long its middle.

    The parts are equal; what is left out between them is marked with :data:`GAP`.
    """
    if len(text) <= characters:
        return text
    parts = 2 if len(text) <= 2 * characters else 3
    length = max(1, (characters - len(GAP) * (parts - 1)) // parts)
    middle = (len(text) - length) // 2
    starts = [0, len(text) - length] if parts == 2 else [0, middle, len(text) - length]
    return GAP.join(text[start : start + length] for start in starts)
