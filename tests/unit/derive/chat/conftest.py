from __future__ import annotations

from collections.abc import Iterator
from time import sleep
from typing import Any

import pytest

from tests.unit.derive.chat.model_server import ModelServer


class Waits(list[float]):
    """How long the code would have waited; it does not wait."""


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> Waits:
    waited = Waits()

    def instead(seconds: float) -> None:
        waited.append(seconds)
        sleep(0)

    monkeypatch.setattr("cogx.derive.chat.patience.sleep", instead)
    return waited


@pytest.fixture
def model() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


def entity(name: str, **more: Any) -> dict[str, Any]:
    """Return an entity as a model tells it."""
    return {"name": name, "type": "Thing", "description": None, "aliases": []} | more


def fact(subject: str, predicate: str, target: str, evidence: str, **more: Any) -> dict[str, Any]:
    """Return a fact as a model tells it."""
    ends = {"subject": subject, "predicate": predicate, "object": target}
    words = {"statement": f"{subject} {predicate} {target}.", "evidence": evidence}
    return ends | words | {"valid_from": None, "valid_until": None} | more
