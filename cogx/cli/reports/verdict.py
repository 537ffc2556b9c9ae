"""Knows what a validation found, in the words all report forms share; judges nothing itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cogx.format.layout import KINDS
from cogx.problems import CODES, Problem, Severity

if TYPE_CHECKING:
    from cogx.archive.validate import Findings


@dataclass(slots=True)
class Verdict:
    """One archive: what is wrong with it, and whether that makes it invalid.

    A lenient error counts as a warning here; under ``strict`` warnings make it invalid.
    """

    archive: str
    valid: bool
    problems: list[Problem] = field(default_factory=list)
    totals: dict[str, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    lenient: frozenset[str] = frozenset()
    strict: bool = False

    @classmethod
    def of(cls, archive: str, findings: Findings, *, strict: bool) -> Verdict:
        """Return the verdict on what was found in an archive; ``archive`` is its name."""
        # A strict reader forgives no warning, and an error made lenient is one.
        valid = findings.valid and not (strict and findings.log.totals.total())
        return cls(
            archive,
            valid,
            findings.problems,
            dict(findings.log.totals),
            {kind: findings.counts[kind] for kind in KINDS if kind in findings.counts},
            findings.lenient,
            strict,
        )

    def severity(self, code: str) -> Severity:
        """Return how much a code weighs here."""
        return Severity.WARNING if code in self.lenient else CODES[code].severity

    def number(self, severity: Severity) -> int:
        """Return how many problems weigh so much."""
        return sum(n for code, n in self.totals.items() if self.severity(code) is severity)

    def fails(self, code: str) -> bool:
        """Tell whether a code alone makes the archive invalid."""
        return self.strict or self.severity(code) is Severity.ERROR

    def grouped(self) -> Iterator[tuple[str, int, list[Problem]]]:
        """Yield (code, number, kept problems), errors first, else as they were found."""
        codes = sorted(self.totals, key=lambda code: self.severity(code) is Severity.WARNING)
        for code in codes:
            yield code, self.totals[code], [p for p in self.problems if p.code == code]

    def file_of(self, problem: Problem) -> tuple[str, int | None]:
        """Return the file on disk, and its line, where a problem can be looked at.

        In a tarball no line can be opened, so that is the tarball alone.
        """
        if problem.member is None or not Path(self.archive).is_dir():
            return self.archive, None
        return str(Path(self.archive, problem.member)), problem.line

    def to_json(self) -> dict[str, Any]:
        """Return the verdict as plain JSON."""
        return {
            "archive": self.archive,
            "valid": self.valid,
            "problems": [
                {
                    "code": problem.code,
                    "severity": str(self.severity(problem.code)),
                    "member": problem.member,
                    "line": problem.line,
                    "field": problem.field,
                    "message": problem.message,
                    "remedy": problem.remedy,
                }
                for problem in self.problems
            ],
            "problem_totals": self.totals,
            "counts": self.counts,
        }


def place_of(problem: Problem) -> str:
    """Return ``member:line field``, as far as known."""
    line = ":".join(str(part) for part in (problem.member, problem.line) if part is not None)
    return " ".join(part for part in (line, problem.field) if part)
