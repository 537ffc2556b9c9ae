"""Knows which moment a date means that a model wrote; not whether the text says so."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from cogx.format.timestamps import UnreadableTimestamp, parse_timestamp

_DATE: Final = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ].*)?)?)?", re.ASCII | re.DOTALL)


def first_moment(text: str) -> datetime | None:
    """Return where a day, a month or a year begins, in UTC; None for anything else.

    A time of day is passed over: no text says it so that a model could not have made it up.
    """
    match = _DATE.fullmatch(text.strip())
    if match is None:
        return None
    try:
        return parse_timestamp(f"{match[1]}-{match[2] or '01'}-{match[3] or '01'}")[0]
    except UnreadableTimestamp:
        return None
