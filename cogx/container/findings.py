"""Knows how a finding about one container is reported, and which exception ends a pass.

Must never know what was being read when the fault was found.
"""

from __future__ import annotations

from typing import Final, NoReturn

from cogx.container.contract import Report
from cogx.errors import DamagedArchive, InvalidArchive, LimitExceeded, Truncated
from cogx.limits import Limits
from cogx.problems import CODES, Problem

_SHOWN_CHARACTERS: Final = 200


def shown(name: str) -> str:
    """Return a name from an archive as one safe, short, printable text."""
    text = name if name.isprintable() else name.encode("unicode_escape").decode("ascii")
    return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "..."


class Findings:
    """Report what one pass finds; fatal findings are reported, then raised."""

    def __init__(self, container: str, limits: Limits, report: Report) -> None:
        self.container = container
        self.limits = limits
        self._report = report

    def note(self, code: str, message: str, member: str | None = None) -> None:
        """Report a finding after which the pass goes on."""
        self._report(Problem(code, message, member))

    def fatal(
        self, code: str, message: str, member: str | None = None, cause: Exception | None = None
    ) -> NoReturn:
        """Report a finding and raise the exception that stands for its code."""
        problem = Problem(code, message, member)
        self._report(problem)
        where = f"{self.container}: {member}" if member else self.container
        text = f"{where}: {message}. {CODES[code].remedy}"
        if code == "container.truncated":
            raise Truncated(text, problem=problem) from cause
        if code == "container.unreadable":
            raise InvalidArchive(text, [problem]) from cause
        raise DamagedArchive(text, problem=problem) from cause

    def limit(self, name: str, unit: str, member: str | None = None) -> NoReturn:
        """Report that the limit of this name was passed, and raise LimitExceeded."""
        allowed = getattr(self.limits, name)
        problem = Problem("container.limit", f"{name} passes {allowed:,} {unit}", member)
        self._report(problem)
        where = f"{self.container}: {member}" if member else self.container
        raise LimitExceeded(name, allowed, unit, where)
