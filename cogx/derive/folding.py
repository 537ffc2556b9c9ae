"""Knows when two spellings are one and where a folded text stands in the original; no names.

Folded away are: letter case (full case folding), how an accent is composed, how much white
space there is and of which sort, typographic apostrophes and hyphens, and characters that are
not seen (soft hyphens, joiners). A blank line stays apart from a space: no name spans it.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple
from unicodedata import category, normalize

_ODD: Final = re.compile(r"(?P<space>\s{2,}|[^\S ])|[!-~]?(?:(?!\s)[^\x00-\x7f])+")
"""White space that is not one bare space; and stretches beyond ASCII with the letter before."""
_BREAK: Final = re.compile("\r\n|[\n\r\f\x0b\x85\u2028\u2029]")
_LOOKALIKES: Final = str.maketrans("\u2018\u2019\u02bc\u2010\u2011", "'''--")


class Folded(NamedTuple):
    """A folded text; ``places`` tells where each of its characters begins in the original.

    One place more stands at the end. None: nothing has moved.
    """

    text: str
    places: array[int] | None

    def original(self, start: int, end: int) -> tuple[int, int] | None:
        """Return where a stretch stands in the original, None if it cuts a letter in two."""
        places = self.places
        if places is None:
            return start, end
        if start and places[start - 1] == places[start]:
            return None
        if end < len(self.text) and places[end - 1] == places[end]:
            return None
        return places[start], places[end]


def fold(text: str) -> Folded:
    """Return the text as it is compared.

    Cost: next to nothing for ASCII, about 0.3 microseconds for a letter beyond it.
    """
    if text.isascii() and _ODD.search(text) is None:
        return Folded(text.lower(), None)
    folded: list[str] = []
    places = array("L")
    done = 0
    for match in _ODD.finditer(text):
        start, end = match.span()
        if start > done:
            folded.append(text[done:start].lower())
            places.extend(range(done, start))
        if match["space"]:
            folded.append(_space(match["space"]))
            places.append(start)
        else:
            for place, cluster in _clusters(match.group()):
                letters = _fold_cluster(cluster)
                folded.append(letters)
                places.extend([start + place] * len(letters))
        done = end
    if done < len(text):
        folded.append(text[done:].lower())
        places.extend(range(done, len(text)))
    places.append(len(text))
    return Folded("".join(folded), places)


def fold_name(name: str) -> str:
    """Return a name as it is looked for: folded, without white space around it."""
    return fold(name.strip()).text


def keep_case(text: str) -> str:
    """Return a spelling with all folded away but letter case; for short stretches."""
    spaced = _SPACES.sub(" ", text.strip())
    if spaced.isascii():
        return spaced
    seen = "".join(letter for letter in spaced if category(letter) != "Cf")
    return normalize("NFC", seen).translate(_LOOKALIKES)


_SPACES: Final = re.compile(r"\s+")


def _space(space: str) -> str:
    return "\n" if len(_BREAK.findall(space)) > 1 else " "


def _clusters(run: str) -> Iterator[tuple[int, str]]:
    """Yield (place, letter with its marks) for a stretch beyond ASCII."""
    start = 0
    for place in range(1, len(run)):
        if not _extends(run[place]):
            yield start, run[start:place]
            start = place
    yield start, run[start:]


@lru_cache(maxsize=8192)
def _extends(letter: str) -> bool:
    """Tell whether a character belongs to the one before it: marks, joiners, parts of Hangul."""
    kind = category(letter)
    return kind[0] == "M" or kind == "Cf" or "\u1160" <= letter <= "\u11ff"


@lru_cache(maxsize=65536)
def _fold_cluster(cluster: str) -> str:
    seen = "".join(letter for letter in cluster if category(letter) != "Cf")
    return normalize("NFC", normalize("NFC", seen).casefold()).translate(_LOOKALIKES)
