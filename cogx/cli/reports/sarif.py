"""Knows SARIF 2.1.0: one run, a rule for each code found, a result for each problem kept.

Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any, Final
from urllib.parse import quote

from cogx.cli.reports.verdict import Verdict, place_of
from cogx.cli.terminal import json_text, printable
from cogx.generator import VERSION
from cogx.problems import CODES, Problem

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"


def render(verdicts: Sequence[Verdict]) -> str:
    """Return the log as indented JSON."""
    codes = sorted({code for verdict in verdicts for code in verdict.totals})
    rules = {code: number for number, code in enumerate(codes)}
    run = {
        "tool": {
            "driver": {
                "name": "cogx",
                "semanticVersion": VERSION,
                "rules": [_rule(code) for code in codes],
            }
        },
        "columnKind": "unicodeCodePoints",
        "results": [
            _result(verdict, problem, rules) for verdict in verdicts for problem in verdict.problems
        ],
    }
    return json_text({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _rule(code: str) -> dict[str, Any]:
    row = CODES[code]
    return {
        "id": code,
        "shortDescription": {"text": row.title},
        "help": {"text": row.remedy},
        "defaultConfiguration": {"level": str(row.severity)},
    }


def _result(verdict: Verdict, problem: Problem, rules: dict[str, int]) -> dict[str, Any]:
    file, line = verdict.file_of(problem)
    physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(file)}}
    if line is not None:
        physical["region"] = {"startLine": line}
    location: dict[str, Any] = {"physicalLocation": physical}
    place = printable(place_of(problem))
    if place:
        location["logicalLocations"] = [{"fullyQualifiedName": place}]
    text = printable(problem.message)
    return {
        "ruleId": problem.code,
        "ruleIndex": rules[problem.code],
        "level": "error" if verdict.fails(problem.code) else "warning",
        "message": {"text": f"{place}: {text}" if place else text},
        "locations": [location],
    }


def _uri(path: str) -> str:
    pure = PurePath(path)
    return pure.as_uri() if pure.is_absolute() else quote(pure.as_posix())
