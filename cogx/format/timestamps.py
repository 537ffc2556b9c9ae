"""Knows the one rule for record timestamps: what is read, that naive means UTC, how it is written.

Never touches timestamps inside raw properties, attributes or metadata: those are data.
Source: spec/format.md#timestamps.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated, Final

import msgspec

_ISO: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,30}))?)?"
    r"(?: ?(?:([Zz])|([+-])(\d\d):?(\d\d)?))?)?",
    re.ASCII,
)
_AWARE: Final = Annotated[datetime, msgspec.Meta(tz=True)]
_USUAL_LENGTHS: Final = frozenset({20, 25})
_ZONE_SIGNS: Final = frozenset("Zz+-")
_NUMBER: Final = re.compile(r"[+-]?\d{1,30}(?:\.\d{1,30})?", re.ASCII)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LARGEST_SECONDS: Final = 2e10
"""Numbers above are milliseconds, microseconds or nanoseconds: the first that fits is meant."""


class UnreadableTimestamp(ValueError):
    """No rule reads the text; never leaves the package, rules turn it into a problem."""


def parse_timestamp(value: str | int | float) -> tuple[datetime, tuple[str, ...]]:
    """Return the instant in UTC and the codes of the warnings it deserves.

    Raises:
        UnreadableTimestamp: no rule reads it, or it lies outside the years 1 to 9999.
    """
    if isinstance(value, str):
        # The usual form goes through C; a fraction of more than six digits would be rounded there.
        if len(value) in _USUAL_LENGTHS or value[26:27] in _ZONE_SIGNS:
            try:
                moment: datetime = msgspec.convert(value, _AWARE)
                return moment if moment.tzinfo is UTC else moment.astimezone(UTC), ()
            except (msgspec.ValidationError, OverflowError):
                pass
        match = _ISO.fullmatch(value)
        if match is not None:
            return _from_iso(match, value)
        if _NUMBER.fullmatch(value) is None:
            raise UnreadableTimestamp(value)
        value = float(value) if "." in value else int(value)
    return _from_number(value), ("time.numeric",)


def format_timestamp(moment: datetime) -> str:
    """Return the canonical text: UTC, ``Z``, six fraction digits or none; naive is UTC."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    moment = moment.astimezone(UTC)
    text = moment.replace(tzinfo=None).isoformat()
    # isoformat() pads years below 1000 on every platform we support; Z is ours.
    return f"{text}Z"


def _from_iso(match: re.Match[str], text: str) -> tuple[datetime, tuple[str, ...]]:
    year, month, day, hour, minute, second, fraction, zulu, sign, off_h, off_m = match.groups()
    warnings = []
    if fraction and len(fraction) > 6 and fraction[6:].strip("0"):
        warnings.append("time.precision")
    if zulu is None and sign is None:
        warnings.append("time.naive")
    offset = timedelta(hours=int(off_h or 0), minutes=int(off_m or 0))
    if offset >= timedelta(hours=24) or int(off_m or 0) > 59:
        raise UnreadableTimestamp(text)
    try:
        moment = datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0),
            int((fraction or "0")[:6].ljust(6, "0")),
            tzinfo=timezone(-offset if sign == "-" else offset),
        )  # fmt: skip
        return moment.astimezone(UTC), tuple(warnings)
    except (ValueError, OverflowError) as error:
        raise UnreadableTimestamp(text) from error


def _from_number(number: int | float) -> datetime:
    try:
        while _LARGEST_SECONDS < abs(number) < math.inf:
            number /= 1000
        return _EPOCH + timedelta(seconds=number)
    except (OverflowError, ValueError) as error:
        raise UnreadableTimestamp(str(number)) from error
