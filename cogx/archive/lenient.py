"""Knows which errors a user may forgive; forgives none itself."""

from __future__ import annotations

from collections.abc import Iterable

from cogx.errors import BadSetting, UnknownName
from cogx.problems import CODES, Severity


def checked_lenient(codes: Iterable[str]) -> frozenset[str]:
    """Return the codes as a set.

    Raises:
        UnknownName: there is no such code.
        BadSetting: what the code stands for cannot be read past.
    """
    given = frozenset(codes)
    for code in sorted(given):
        if code not in CODES:
            raise UnknownName("problem code", code, CODES)
        # A warning refuses nothing, so forgiving it changes nothing either.
        if CODES[code].severity is Severity.ERROR and not CODES[code].lenient:
            raise BadSetting(f"{code} cannot be lenient: {CODES[code].title}.", code=code)
    return given
