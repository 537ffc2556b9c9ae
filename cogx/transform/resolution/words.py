"""Knows a name as its words, and which of them tell things apart; compares no two names.

Numbers tell things apart wherever they stand, Roman ones behind the first word; so does a single
letter at the end (``Vitamin B``). Articles, legal forms and titles do not.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from unicodedata import category, decimal, normalize

from msgspec import Struct

from cogx.format.identity import folded_name

_LONGEST: Final = 300
"""What is longer is no name; to hold two such against each other may take seconds."""
_ACCENTS: Final = re.compile("[\u0300-\u036f]")
_DIGITS: Final = re.compile(r"\d+")
_ROMAN: Final = re.compile(r"x{0,3}(?:ix|iv|v?i{0,3})")
_LIGHT: Final = frozenset(
    {"the", "of", "and", "der", "die", "das", "und", "von", "de", "la", "le", "el", "et"}
    | {"inc", "incorporated", "ltd", "limited", "llc", "llp", "plc", "corp", "corporation", "co"}
    | {"company", "gmbh", "ag", "kg", "se", "sa", "sarl", "spa", "srl", "bv", "nv", "oy", "ab"}
    | {"mr", "mrs", "ms", "miss", "dr", "prof", "professor", "sir", "madam", "herr", "frau"}
)
"""Words that a name may have or not. A name of nothing else keeps them."""


class Words(Struct, frozen=True, gc=False):
    """A name in words.

    ``written`` are all in order, ``core`` those that are not light, sorted. ``numbers`` are equal
    in two names of one thing. ``family`` is the last word and the first letters of the others
    (``tolkien jrr``), empty if there is one word.
    """

    folded: str
    written: tuple[str, ...]
    core: tuple[str, ...]
    numbers: tuple[str, ...]
    family: str


def words_of(name: str) -> Words | None:
    """Return a name as words, None if it holds no letter and no digit, or is a text."""
    if len(name) > _LONGEST:
        return None
    folded = folded_name(name)
    written = _in_order(folded)
    if not written:
        return None
    core = tuple(word for word in written if word not in _LIGHT) or written
    return Words(folded, written, tuple(sorted(core)), _numbers(written), _family(core))


def _in_order(folded: str) -> tuple[str, ...]:
    """Return the words without accents; ``Smith, Ann`` is read as ``Ann Smith``."""
    bare = normalize("NFC", _ACCENTS.sub("", normalize("NFD", folded)))
    last, comma, first = bare.partition(", ")
    if comma and "," not in first:
        bare = f"{first} {last}"
    return tuple("".join(one if _in_word(one) else " " for one in bare).split())


@lru_cache(maxsize=8192)
def _in_word(letter: str) -> bool:
    return letter.isalnum() or category(letter)[0] == "M"


def _numbers(written: tuple[str, ...]) -> tuple[str, ...]:
    found: list[str] = []
    for place, word in enumerate(written):
        digits = _DIGITS.findall(word)
        found += map(_ascii, digits)
        if not digits and place and _is_number(word, written, place):
            found.append(word)
    return tuple(sorted(found))


def _ascii(digits: str) -> str:
    return "".join(str(decimal(one)) for one in digits)


def _is_number(word: str, written: tuple[str, ...], place: int) -> bool:
    """Tell whether a word behind others counts them: Roman, or a letter at the end."""
    if len(word) > 1:
        return _ROMAN.fullmatch(word) is not None
    return place == len(written) - 1 and len(written[place - 1]) > 1


def _family(core: tuple[str, ...]) -> str:
    if len(core) < 2 or len(core[-1]) < 2:
        return ""
    return f"{core[-1]} {''.join(sorted(word[0] for word in core[:-1]))}"
