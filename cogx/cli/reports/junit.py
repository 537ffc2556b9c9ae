"""Knows JUnit's XML: a suite for each archive, a case for each code that was found."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from cogx.cli.reports.verdict import Verdict, place_of
from cogx.cli.terminal import printable
from cogx.problems import CODES, Problem


def render(verdicts: Sequence[Verdict]) -> str:
    """Return the document; codes that fail an archive are failures, the others output."""
    suites = Element("testsuites", name="cogx validate")
    for verdict in verdicts:
        _suite(suites, verdict)
    cases = list(suites.iter("testcase"))
    suites.set("tests", str(len(cases)))
    suites.set("failures", str(sum(case.find("failure") is not None for case in cases)))
    indent(suites)
    return tostring(suites, encoding="unicode", xml_declaration=False) + "\n"


def _suite(suites: Element, verdict: Verdict) -> None:
    name = printable(verdict.archive)
    suite = SubElement(suites, "testsuite", name=name)
    failures = 0
    for code, number, problems in verdict.grouped():
        case = SubElement(suite, "testcase", classname=name, name=code)
        text = "\n".join([*map(_line, problems), CODES[code].remedy])
        if verdict.fails(code):
            failures += 1
            title = f"{number:,}: {CODES[code].title}"
            SubElement(case, "failure", type=code, message=title).text = text
        else:
            SubElement(case, "system-out").text = text
    if not verdict.totals:
        SubElement(suite, "testcase", classname=name, name="valid")
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(failures))
    suite.set("errors", "0")


def _line(problem: Problem) -> str:
    return printable(": ".join(part for part in (place_of(problem), problem.message) if part))
