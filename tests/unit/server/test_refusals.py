"""What goes wrong is told by the status that it means, and never with what was sent."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

import httpx
import pytest
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError

from cogx.errors import BudgetSpent
from cogx.server.refusals import refusal_of

Make = Callable[..., httpx.Client]


def state_error(
    kind: type[DBAPIError], text: str, cause: type[Exception] = sqlite3.OperationalError
) -> DBAPIError:
    """Return an error as SQLAlchemy wraps one of a driver."""
    return kind("INSERT", {"password": "secret"}, cause(text))


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (state_error(DataError, "text cannot contain NUL", ValueError), 400),
        (state_error(IntegrityError, "UNIQUE constraint failed", sqlite3.IntegrityError), 409),
        (state_error(OperationalError, "database is locked"), 503),
        (state_error(OperationalError, "connection refused", ConnectionError), 503),
    ],
    ids=["cannot be kept", "changed meanwhile", "locked", "not there"],
)
def test_what_a_database_refuses_has_its_status(error: Exception, status: int) -> None:
    refusal = refusal_of(error)
    assert refusal.status == status
    assert "secret" not in str(refusal.body)


def test_a_database_that_is_busy_says_when_to_try_again() -> None:
    error = state_error(OperationalError, "database is locked")
    assert refusal_of(error).headers["Retry-After"] == "1"


@pytest.mark.parametrize(
    "error", [state_error(OperationalError, "no such table: users"), KeyError("name")], ids=type
)
def test_a_fault_of_the_server_stays_one(error: Exception) -> None:
    with pytest.raises(type(error)):
        refusal_of(error)


def test_a_budget_that_is_spent_is_told_with_its_figures_and_its_notes() -> None:
    error = BudgetSpent(3000, 2900, 7)
    error.add_note("What was answered so far is kept.")
    refusal = refusal_of(error)
    assert (refusal.status, refusal.body) == (
        402,
        {"error": f"{error} What was answered so far is kept.", "code": "model.budget-spent"},
    )


def test_half_a_character_in_the_name_of_a_field_can_be_told(client: Make) -> None:
    body = b'{"graphModel": {"\\ud800": 1}}'
    headers = {"Content-Type": "application/json"}
    answer = client().post("/api/v1/llm/custom-prompt", content=body, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["detail"]


@pytest.mark.parametrize(
    "body",
    [b"[" * 100_000, b'{"query": ' + b"9" * 5000 + b"}", b"\xff", b'{"query": "\\ud800"}', b"NaN"],
    ids=["deep", "long number", "no UTF-8", "half a character", "no JSON"],
)
def test_what_is_no_question_is_400(client: Make, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = client().post("/api/v1/recall", content=body, headers=headers)
    assert answer.status_code == 400
