"""Knows GitHub's workflow commands: one annotation a problem, escaped as its runner demands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cogx.cli.reports.verdict import Verdict, place_of
from cogx.cli.terminal import printable
from cogx.problems import Problem, Severity

_LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning"}


def lines_of(verdict: Verdict) -> Iterator[str]:
    """Yield a command for each problem kept, and one for those of a code that were not."""
    for code, number, problems in verdict.grouped():
        level = "error" if verdict.fails(code) else _LEVELS[verdict.severity(code)]
        for problem in problems:
            yield _command(level, verdict, problem)
        if number > len(problems):
            more = Problem(code, f"{number - len(problems):,} more")
            yield _command(level, verdict, more)


def _command(level: str, verdict: Verdict, problem: Problem) -> str:
    file, line = verdict.file_of(problem)
    properties = {"file": file, "title": problem.code}
    if line is not None:
        properties["line"] = str(line)
    place = place_of(problem)
    message = f"{place}: {problem.message}" if place else problem.message
    listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{level} {listed}::{_data(f'{message}. {problem.remedy}')}"


def _data(text: str) -> str:
    return printable(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
