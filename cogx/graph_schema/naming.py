"""Knows how names become identifiers, and when two names are one; never what they name.

``works at``, ``WORKS_AT`` and ``worksAt`` are one relation, ``person`` and ``Person`` one type:
systems that keep no case or no spaces write the same name differently.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from keyword import iskeyword
from typing import Final
from unicodedata import category, normalize

_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SNAKE: Final = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*_?")


@lru_cache(4096)
def pascal_case(name: str) -> str:
    """Return a name as the name of a class: ``Programming language``: ``ProgrammingLanguage``.

    The same again for its own result. A name with nothing that an identifier may hold becomes
    ``X`` and eight hex digits that are made of it.
    """
    words = _words(name)
    joined = "".join(_capital(word) for word in words)
    if not joined:
        return "X" + hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    if not joined.isidentifier():  # it starts with a digit
        joined = f"N{joined}"
    # Whatever its case, so that two spellings stay one name.
    return f"{joined}_" if iskeyword(joined.capitalize()) else joined


@lru_cache(4096)
def snake_case(name: str) -> str:
    """Return a name as the name of a field: ``Works at``, ``worksAt``: ``works_at``."""
    words = [part for word in _words(name) for part in _CAMEL.split(word)]
    joined = "_".join(words).lower()
    if not joined:
        return pascal_case(name).lower()
    if not joined.isidentifier():
        joined = f"n_{joined}"
    return f"{joined}_" if iskeyword(joined) else joined


@lru_cache(4096)
def name_key(name: str) -> str:
    """Return what is equal for two spellings of one name."""
    return pascal_case(name).casefold()


def is_class_name(name: str) -> bool:
    """Tell whether a name may be that of a class in a consumer's code."""
    return name.isidentifier() and not iskeyword(name)


def is_snake_case(name: str) -> bool:
    """Tell whether a name is lower-case words joined by underscores; other scripts have no case."""
    return name == snake_case(name) if not name.isascii() else bool(_SNAKE.fullmatch(name))


def plural(word: str) -> str:
    """Return the English plural of a field's name, by the three rules that hold for most."""
    if word.endswith(("s", "x", "ch", "sh")):
        return f"{word}es"
    if word.endswith("y") and word[-2:-1] not in set("aeiou"):
        return f"{word[:-1]}ies"
    return f"{word}s"


def singular(word: str) -> str:
    """Return what is left of an English plural; a word that is none stays as it is."""
    low = word.lower()
    if low in _IRREGULAR:
        kept = _IRREGULAR[low]
        return kept.capitalize() if word[0].isupper() else kept
    if low.endswith("ies") and len(low) > 4:
        return f"{word[:-3]}y"
    if low.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    if low.endswith("s") and len(low) > 3 and not low.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


_IRREGULAR: Final = {"people": "person", "children": "child", "men": "man", "women": "woman"}


def _words(name: str) -> list[str]:
    kept = (c if c != "_" and f"a{c}".isidentifier() else " " for c in normalize("NFKC", name))
    return [bare for word in "".join(kept).split() if (bare := _without_mark(word))]


def _without_mark(word: str) -> str:
    """Return a word whose first character is no mark: that has no letter to stand on."""
    while word and category(word[0]).startswith("M"):
        word = word[1:]
    return word


def _capital(word: str) -> str:
    first = word[:1].upper()
    # Some letters have no capital of one letter; those stay.
    return (first if len(first) == 1 and first.isidentifier() else word[:1]) + word[1:]
