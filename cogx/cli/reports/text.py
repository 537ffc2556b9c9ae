"""Knows how a verdict reads on a terminal: errors first, grouped by code, a remedy for each."""

from __future__ import annotations

from typing import Final

from cogx.cli.layout import count_of
from cogx.cli.reports.verdict import Verdict, place_of
from cogx.cli.terminal import Console
from cogx.problems import CODES, Severity

_SHOWN: Final = 5


def show(console: Console, verdict: Verdict) -> None:
    """Print one verdict; ``--verbose`` shows every place that was kept."""
    console.line(_headline(verdict))
    for code, number, problems in verdict.grouped():
        times = f" ({number:,} times)" if number > 1 else ""
        console.line(f"{code}{times}: {CODES[code].title}", mark=f"  {verdict.severity(code)}")
        shown = problems if console.verbose else problems[:_SHOWN]
        for problem in shown:
            place = place_of(problem)
            told = "" if problem.message == CODES[code].title else problem.message
            text = ": ".join(part for part in (place, told) if part)
            if text:
                console.line(f"    {text}")
        if number > len(shown):
            console.line(f"    ... {number - len(shown):,} more")
        console.line(f"    {CODES[code].remedy}")


def _headline(verdict: Verdict) -> str:
    parts = [
        count_of(verdict.number(severity), str(severity))
        for severity in (Severity.ERROR, Severity.WARNING)
        if verdict.number(severity)
    ]
    state = "valid" if verdict.valid else "not valid"
    if not verdict.valid and verdict.strict and not verdict.number(Severity.ERROR):
        state = "not valid under --strict"
    records = count_of(sum(verdict.counts.values()), "record")
    return f"{verdict.archive}: {', '.join([state, records, *parts])}"
