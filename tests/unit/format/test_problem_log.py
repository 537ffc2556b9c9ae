from __future__ import annotations

from cogx.problems import CODES, Problem, ProblemLog, Severity

ERROR, WARNING = "json.malformed", "record.repeated"


def log(cap: int, *codes: str) -> ProblemLog:
    made = ProblemLog(cap)
    for number, code in enumerate(codes, 1):
        made.add(Problem(code, "x", "m", number))
    return made


def test_every_problem_is_counted() -> None:
    assert log(1, ERROR, ERROR, ERROR).totals == {ERROR: 3}


def test_the_first_of_each_code_are_kept() -> None:
    assert [p.line for p in log(2, ERROR, ERROR, ERROR, WARNING).kept] == [1, 2, 4]


def test_a_lenient_error_is_none() -> None:
    assert log(5, ERROR, WARNING).errors(frozenset({ERROR})) == 0


def test_warnings_are_no_errors() -> None:
    made = log(5, WARNING, WARNING)
    assert (made.errors(), made.warnings()) == (0, 2)


def test_further_ones_may_be_counted_only() -> None:
    made = log(5)
    made.add_many(ERROR, 7)
    assert (made.errors(), made.kept) == (7, [])


def test_a_problem_says_where_it_is() -> None:
    assert (
        str(Problem(ERROR, "bad", "m.jsonl", 3, "name")) == "m.jsonl:3 name: bad [json.malformed]"
    )


def test_only_errors_can_be_lenient() -> None:
    assert all(c.severity is Severity.ERROR for c in CODES.values() if c.lenient)
