"""A job whose language model may take no more tokens ends with 402, over HTTP, and says so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from cogx.derive.cached import KEPT
from tests.unit.derive.chat.model_server import ModelServer

from .running import running

FRUGAL = """
from cogx.derive.chat.deriver import ChatDeriver
from cogx.derive.chat.settings import ChatSettings

def deriver():
    return ChatDeriver(ChatSettings(url={url!r}, model="m", budget_tokens=100))
"""


@pytest.fixture
def frugal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    """Give a client of a server whose deriver, a package of its own, has a budget."""
    packages = tmp_path / "packages"
    about = packages / "frugal-1.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: frugal\nVersion: 1\n")
    (about / "entry_points.txt").write_text("[cogx.derivers]\nfrugal = frugal:deriver\n")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.syspath_prepend(packages)  # workers get both
    with ModelServer() as model:
        (packages / "frugal.py").write_text(FRUGAL.format(url=model.url))
        with running(tmp_path / "server", deriver="frugal") as one, one.client() as client:
            yield client


def test_a_budget_that_is_spent_is_told_by_the_job(frugal: httpx.Client) -> None:
    parts = [("datasetName", (None, "kb")), ("raw_data", (None, "Ada lived in London."))]
    frugal.post("/api/v1/add", files=parts)
    answer = frugal.post("/api/v1/cognify", json={"datasets": ["kb"]})
    assert answer.status_code == 402
    assert answer.json()["code"] == "model.budget-spent"
    text = answer.json()["error"]
    assert "would pass the budget of 100 tokens" in text
    assert text.endswith(KEPT)
