from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.remote.cognee_like import CogneeLike


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try as often as ever, but do not wait between two tries."""
    monkeypatch.setattr("cogx.remote.upload.FIRST_WAIT_S", 0.0)
    monkeypatch.setattr("cogx.remote.server.FIRST_WAIT_S", 0.0)


@pytest.fixture
def cognee() -> Iterator[CogneeLike]:
    with CogneeLike(key="s3cret") as server:
        yield server
