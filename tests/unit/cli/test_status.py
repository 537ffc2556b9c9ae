"""cogx status: the exit code says whether a run did all that it was to do."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.remote.cognee_like import CogneeLike

from .conftest import Call


@pytest.mark.parametrize(
    ("end", "more", "code"),
    [
        ("COMPLETED", {}, 0),
        ("COMPLETED", {"losses": {"derive.passages": 2}}, 1),
        ("ERRORED", {"error_class": "ValueError"}, 1),
        ("STARTED", {}, 0),
    ],
    ids=["done", "done, but not whole", "failed", "at work"],
)
def test_the_exit_code_tells_how_a_run_stands(
    call: Call, monkeypatch: pytest.MonkeyPatch, end: str, more: dict[str, Any], code: int
) -> None:
    monkeypatch.setenv("COGNEE_API_KEY", "secret")
    with CogneeLike(key="secret") as cognee:
        cognee.add_row("r", cognee.dataset("kb"), end, **more)
        told = call("status", "r", "--url", cognee.url)
    assert told.code == code
    assert ("2 derive.passages" in told.out) is ("losses" in more)
