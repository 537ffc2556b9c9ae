"""Knows a few examples of each thing that was counted; never all of them."""

from __future__ import annotations

from typing import Final

_MOST: Final = 3


class Examples(dict[str, list[str]]):
    """The first examples of each code, for a receipt."""

    def note(self, code: str, example: str, *, most: int = _MOST) -> None:
        """Keep an example if there are few of its code and it is a new one."""
        kept = self.setdefault(code, [])
        if len(kept) < most and example not in kept:
            kept.append(example)
