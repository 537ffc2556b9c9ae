"""Knows where a word begins and ends in any script; neither names nor what a word means.

Between letters of scripts that are written with spaces a name may not begin or end. Han,
Hiragana and the scripts of Thailand, Laos, Burma and Cambodia have no spaces, so a name may
begin anywhere there; Katakana runs are words. A Korean name may be followed by a particle.
Works on folded text.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from unicodedata import category

_SCRIPTS: Final = (
    ("han", "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"),
    ("han", "\U00020000-\U0003ffff"),
    ("hiragana", "\u3041-\u309f"),
    ("katakana", "\u30a0-\u30ff\u31f0-\u31ff\uff66-\uff9f"),
    ("hangul", "\u1100-\u11ff\u3131-\u318e\uac00-\ud7ff"),
    ("thai", "\u0e00-\u0e7f"),
    ("lao", "\u0e80-\u0eff"),
    ("burmese", "\u1000-\u109f"),
    ("khmer", "\u1780-\u17ff"),
)
_OF_SCRIPT: Final = tuple((name, re.compile(f"[{ranges}]")) for name, ranges in _SCRIPTS)
_SPACED: Final = frozenset({"", "hangul"})
_WORDS_BY_SCRIPT: Final = frozenset({"katakana"})
_PARTICLE: Final = re.compile(
    "(?:님|씨)?(?:은|는|이|가|을|를|의|에|와|과|도|로|만|께|야|아|으로|에서|에게|에게서|한테|께서|"
    "까지|부터|보다|처럼|이나|이랑|랑|하고|이다|입니다|으로서|에는|에도|와는|과는)?"
)
_HANGUL_RUN: Final = re.compile("[\uac00-\ud7a3]+")


def is_whole(text: str, start: int, end: int) -> bool:
    """Tell whether a stretch of folded text is made of whole words."""
    first, last = text[start], text[end - 1]
    before = text[start - 1] if start else " "
    after = text[end] if end < len(text) else " "
    if joins(before, first) or _in_number(text, start, end):
        return False
    if joins(last, after):
        return script(last) == "hangul" and end - start > 1 and _is_particle(text, end)
    if end - start == 1 and script(first) not in _SPACED:
        # One character of such a script is a part of too many words.
        return script(first) not in {script(before), script(after)}
    return True


def joins(left: str, right: str) -> bool:
    """Tell whether two neighbours are parts of one word."""
    if not (_in_word(left) and _in_word(right)):
        return False
    scripts = script(left), script(right)
    if _SPACED.issuperset(scripts):
        return True
    return scripts[0] == scripts[1] and scripts[0] in _WORDS_BY_SCRIPT


@lru_cache(maxsize=8192)
def script(letter: str) -> str:
    """Return the script of a character if it matters here, else the empty text."""
    if letter < "\u0e00":
        return ""
    return next((name for name, pattern in _OF_SCRIPT if pattern.match(letter)), "")


@lru_cache(maxsize=8192)
def _in_word(letter: str) -> bool:
    return letter.isalnum() or category(letter) in {"Mn", "Mc", "Me", "Pc", "Nl", "No"}


def _is_particle(text: str, end: int) -> bool:
    run = _HANGUL_RUN.match(text, end)
    return run is not None and _PARTICLE.fullmatch(run.group()) is not None


def _in_number(text: str, start: int, end: int) -> bool:
    """Tell whether a number is only a piece of a longer one: 5 in 3.5, 2024 in 1.2024."""
    before, after = text[max(0, start - 2) : start], text[end : end + 2]
    return (text[start].isdigit() and before[-1:] in _POINTS and before[:1].isdigit()) or (
        text[end - 1].isdigit() and after[:1] in _POINTS and after[1:].isdigit()
    )


_POINTS: Final = frozenset({".", ",", ":"})
