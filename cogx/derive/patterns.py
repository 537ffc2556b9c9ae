"""Knows dates, e-mail addresses and URLs in plain text; nothing about known names.

Only what can be read in one way is read: 3/4/2024 is none of the two dates it may be, and is
counted. A timestamp that runs on into a time (2024-05-01T12:00Z) is a machine's and no date
that a text mentions.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Final, NamedTuple
from uuid import NAMESPACE_OID, uuid5

from cogx.derive.boundaries import joins, script
from cogx.format.identity import entity_id

_MONTHS: Final = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_NUMBER_OF_MONTH: Final = {
    form: number
    for number, month in enumerate(_MONTHS, 1)
    for form in (month, month[:3], *(["sept"] if month == "september" else []))
}
_MONTH: Final = rf"(?P<month>{'|'.join(sorted(_NUMBER_OF_MONTH, reverse=True))})\b\.?"
_DAY: Final = r"(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?"
_YEAR: Final = r"(?P<year>[0-9]{4})"
_GAP: Final = r"\s{1,3}"
_BEHIND: Final = r"(?![\w]|[-/.,][0-9])"
_BEFORE: Final = r"(?<![\w/-])(?<![0-9][.,])"
_DATES: Final = tuple(
    re.compile(f"{_BEFORE}{form}{_BEHIND}", re.IGNORECASE)
    for form in (
        rf"{_YEAR}(?P<mark>[-/])(?P<month>[0-9]{{1,2}})(?P=mark)(?P<day>[0-9]{{1,2}})",
        rf"(?P<day>[0-9]{{1,2}})\.(?P<month>[0-9]{{1,2}})\.{_YEAR}",
        rf"{_DAY}(?:{_GAP}of)?{_GAP}{_MONTH},?{_GAP}{_YEAR}",
        rf"{_MONTH}{_GAP}{_DAY},?{_GAP}{_YEAR}",
    )
)
_SLASHED: Final = re.compile(
    rf"{_BEFORE}(?P<first>[0-9]{{1,2}})/(?P<second>[0-9]{{1,2}})/{_YEAR}{_BEHIND}"
)
_HAN_DATE: Final = re.compile(
    rf"(?<![0-9]){_YEAR}\s?年\s?(?P<month>[0-9]{{1,2}})\s?月\s?(?P<day>[0-9]{{1,2}})\s?日"
)
_EMAIL: Final = re.compile(
    r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9_%+-][A-Za-z0-9._%+-]{0,63}"
    r"@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![A-Za-z0-9-])"
)
_URL: Final = re.compile(
    r"(?<![A-Za-z0-9])(?:https?|ftp)://[^\s<>\"{}|\\^`“”«»、。，）】」]+",  # noqa: RUF001 - not its lookalike
    re.IGNORECASE,
)
_TRAILING: Final = ".,;:!?'\u2019…*_"
_PAIRS: Final = {")": "(", "]": "["}


class Pattern(NamedTuple):
    """Something that is known by its form, from ``start`` to ``end``."""

    start: int
    end: int
    id: str
    name: str
    entity_type: str


def iter_patterns(text: str, report: Counter[str]) -> Iterator[Pattern]:
    """Yield dates, e-mail addresses and URLs; they may overlap.

    The name of a date is its ISO form, that of the others what is written. ``report`` counts
    ``dates_unclear`` and ``urls_unclear``.
    """
    if "@" in text:
        yield from _emails(text)
    if "://" in text:
        yield from _urls(text, report)
    if _DIGITS.search(text):
        for pattern in _DATES:
            for match in pattern.finditer(text):
                month = match["month"].casefold()
                number = _NUMBER_OF_MONTH.get(month)
                yield from _date(match, number or int(month), int(match["day"]))
        for match in _HAN_DATE.finditer(text):
            yield from _date(match, int(match["month"]), int(match["day"]))
        yield from _slashed(text, report)


_DIGITS: Final = re.compile(r"[0-9]{4}")
_TYPES: Final = frozenset({"Date", "Email", "Url"})


def pattern_of(name: str, entity_type: str | None) -> Pattern | None:
    """Return what all of a name is by its form, if it is of that type."""
    if entity_type not in _TYPES:
        return None
    for found in iter_patterns(name, Counter()):
        if found.entity_type == entity_type and found.end - found.start == len(name):
            return found
    return None


def _date(match: re.Match[str], month: int, day: int) -> Iterator[Pattern]:
    try:
        name = date(int(match["year"]), month, day).isoformat()
    except ValueError:
        return  # 31 April is no date
    yield Pattern(*match.span(), str(entity_id(name)), name, "Date")


def _slashed(text: str, report: Counter[str]) -> Iterator[Pattern]:
    for match in _SLASHED.finditer(text):
        first, second = int(match["first"]), int(match["second"])
        if first > 12 or first == second:
            yield from _date(match, second, first)
        elif second > 12:
            yield from _date(match, first, second)
        else:
            report["dates_unclear"] += 1


def _emails(text: str) -> Iterator[Pattern]:
    for match in _EMAIL.finditer(text):
        start, end = match.span()
        if start and joins(text[start - 1], text[start]):
            continue  # the rest of a longer name that is not ASCII
        yield Pattern(start, end, str(entity_id(match.group())), match.group(), "Email")


def _urls(text: str, report: Counter[str]) -> Iterator[Pattern]:
    for match in _URL.finditer(text):
        url = _trimmed(match.group())
        if any(script(letter) for letter in url):
            report["urls_unclear"] += 1  # no space says where it ends
            continue
        if url.partition("://")[2]:
            start = match.start()
            # Paths differ by case, and the rule for names would make them one.
            own = str(uuid5(NAMESPACE_OID, f"Url:{url}"))
            yield Pattern(start, start + len(url), own, url, "Url")


def _trimmed(url: str) -> str:
    """Return a URL without the punctuation of the sentence that it stands in."""
    counts = Counter(url)
    end = len(url)
    while end:
        last = url[end - 1]
        opener = _PAIRS.get(last)
        if last not in _TRAILING and not (opener and counts[last] > counts[opener]):
            break
        counts[last] -= 1
        end -= 1
    return url[:end]
