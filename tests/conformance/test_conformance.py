"""Every vector of the corpus is judged as its index says: verdict, codes, counts, places."""

from __future__ import annotations

from collections import deque
from typing import Any

import pytest

from cogx.archive.reader import open_archive
from cogx.archive.user_schema import UserSchema
from cogx.archive.validate import Findings, validate
from cogx.container import open_container
from cogx.errors import CogxError, InvalidArchive
from cogx.problems import CODES, Problem, Severity
from tests.conformance.corpus import CORPUS, VECTORS, Vector, vectors_in

_ALL = pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.path)


def _judge(vector: Vector, lenient: frozenset[str] = frozenset()) -> Findings:
    findings = validate(vector.source, lenient=lenient)
    if vector.user_schema:
        schema = UserSchema.load(str(CORPUS / vector.user_schema))
        with open_container(vector.source) as container:
            schema.check(container, findings)
    return findings


@_ALL
def test_a_vector_is_judged_exactly_as_the_index_says(vector: Vector) -> None:
    findings = _judge(vector)
    assert findings.valid is vector.valid, _told(findings)
    expected = {**vector.codes, **vector.also}
    found = {code: count for code, count in findings.log.totals.items() if count}
    assert found.keys() == expected.keys(), _told(findings)
    wrong = {code: found[code] for code, count in expected.items() if count not in (0, found[code])}
    assert wrong == {}, _told(findings)
    for place in vector.places:
        assert any(_is_at(problem, place) for problem in findings.problems), (
            place,
            _told(findings),
        )


@pytest.mark.parametrize(
    "vector",
    [v for v in vectors_in("bad") if v.seen_by == "reading"],
    ids=lambda vector: vector.path,
)
def test_reading_every_record_refuses_what_reading_touches(vector: Vector) -> None:
    with pytest.raises(CogxError):
        _read_everything(vector)


@pytest.mark.parametrize("vector", vectors_in("good", "warn"), ids=lambda vector: vector.path)
def test_reading_every_record_of_a_valid_archive_gives_all_it_counts(vector: Vector) -> None:
    records, counted = _read_everything(vector)
    assert counted in (0, records)


@pytest.mark.parametrize("vector", vectors_in("bad"), ids=lambda vector: vector.path)
def test_what_import_asks_first_refuses_every_bad_archive(vector: Vector) -> None:
    with pytest.raises(InvalidArchive):
        _judge(vector).raise_for_errors()


def _lenient_ones() -> list[Vector]:
    return [v for v in vectors_in("bad") if CODES[v.named_code].lenient and not _hard(v)]


def _hard(vector: Vector) -> bool:
    """Tell whether something stands in it that nobody can be lenient with."""
    return any(
        CODES[code].severity is Severity.ERROR and not CODES[code].lenient
        for code in {**vector.codes, **vector.also}
    )


@pytest.mark.parametrize("vector", _lenient_ones(), ids=lambda vector: vector.path)
def test_a_code_named_lenient_is_still_reported_but_does_not_refuse(vector: Vector) -> None:
    codes = frozenset({**vector.codes, **vector.also})
    findings = _judge(vector, lenient=codes)
    assert findings.log.totals[vector.named_code] > 0
    assert findings.valid, _told(findings)


def test_secrets_stand_in_no_finding() -> None:
    for vector in vectors_in("warn"):
        if vector.named_code == "member.secret":
            assert "argon2" not in _told(_judge(vector))


def _is_at(problem: Problem, place: dict[str, Any]) -> bool:
    """Tell whether a finding is of the place's code, and where the place knows it to be."""
    return problem.code == place["code"] and all(
        place[name] in (None, getattr(problem, name)) for name in ("member", "line", "field")
    )


def _read_everything(vector: Vector) -> tuple[int, int]:
    """Return how many records were read, and how many the manifest counts."""
    with open_archive(vector.source) as archive:
        numbered = enumerate(archive.records(), 1)
        last = deque(numbered, maxlen=1)
        counts = archive.manifest.counts if archive.manifest else {}
    return (last[0][0] if last else 0), sum(counts.values())


def _told(findings: Findings) -> str:
    return "; ".join(str(problem) for problem in findings.problems[:20]) or "nothing found"
