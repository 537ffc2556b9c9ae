"""``cogx import --deriver chat`` against a model on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cogx.derive.cached import KEPT
from tests.unit.archive.made import archive, document, entity, fact
from tests.unit.derive.chat.conftest import entity as said
from tests.unit.derive.chat.conftest import fact as stated
from tests.unit.derive.chat.model_server import Answer, ModelServer
from tests.unit.derive.chat.test_modes import SCHEMA

from .conftest import Call

PEOPLE = 6
BUDGET = 9


def said_of(name: str, entity_type: str) -> dict[str, Any]:
    """Return an entity as a model tells it, with or without a schema."""
    return said(name, type=entity_type, properties=[])


@pytest.fixture
def model() -> Iterator[ModelServer]:
    """A model that knows who works at Acme."""
    with ModelServer(usage={"prompt_tokens": 600, "completion_tokens": 100}) as server:
        for at in range(PEOPLE):
            name = f"Person{at}"
            server.says(
                name,
                entities=[said_of(name, "Person"), said_of("Acme", "Company")],
                facts=[stated(name, "works_at", "Acme", f"{name} works at Acme")],
            )
        yield server


@pytest.fixture
def words(call: Call, model: ModelServer, tmp_path: Path, monkeypatch: Any) -> list[str]:
    """Return how the import is called."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    texts = [document(f"d{at}", content=f"Person{at} works at Acme.") for at in range(PEOPLE)]
    known = [entity("acme", name="Acme", entity_type="Company"), fact("f", "acme", "acme")]
    (tmp_path / "archive").mkdir()
    for name, content in archive(*known, *texts).items():
        (tmp_path / "archive" / name).write_bytes(content)
    (tmp_path / "schema.json").write_text(json.dumps(SCHEMA))
    asked = ["--deriver", "chat", "--llm-url", model.url, "--llm-model", "m", "--json"]
    return ["import", "archive", "sqlite:store", *asked, "--concurrency", "1"]


@pytest.mark.parametrize(("mode", "calls"), [("preserve", 0), ("hybrid", 6), ("re-derive", 6)])
def test_how_often_each_mode_asks(
    call: Call, model: ModelServer, words: list[str], mode: str, calls: int
) -> None:
    told = call(*words, "--mode", mode)
    assert told.code == 0
    assert told.json()["verified"]
    assert model.calls == calls


def test_what_it_costs_is_said_before_and_after(
    call: Call, model: ModelServer, words: list[str]
) -> None:
    words += ["--mode", "hybrid", "--price", "1,10"]
    plan = call(*words, "--dry-run").json()["plan"]
    assert (plan["calls"], plan["origin"]["model"], model.calls) == (6, "m", 0)
    assert plan["cost"] == pytest.approx((plan["tokens_in"] + 10 * plan["tokens_out"]) / 1e6)
    receipt = call(*words).json()
    assert receipt["cost"] == pytest.approx((3600 + 10 * 600) / 1e6)
    assert call(*words, "--dry-run").json()["plan"]["cached"] == 6


def test_a_spent_budget_is_no_loss_of_what_was_paid(
    call: Call, model: ModelServer, words: list[str]
) -> None:
    words += ["--mode", "hybrid"]
    stopped = call(*words, "--max-tokens", 3000)
    assert stopped.code == BUDGET
    assert stopped.error()["type"] == "BudgetSpent"
    assert stopped.error()["message"].endswith(KEPT)
    assert 0 < model.calls < 6
    receipt = call(*words).json()
    assert receipt["derived"]["passages_cached"] + receipt["derived"]["calls"] == 6
    assert model.calls == 6


def test_what_is_not_kept_is_not_said_to_be(
    call: Call, model: ModelServer, words: list[str]
) -> None:
    stopped = call(*words, "--mode", "hybrid", "--no-cache", "--max-tokens", 3000)
    assert stopped.code == BUDGET
    assert "kept" not in stopped.error()["message"]


def test_instructions_go_to_the_model(
    call: Call, model: ModelServer, words: list[str], tmp_path: Path
) -> None:
    (tmp_path / "prompt.txt").write_text("Only people born in Rome.")
    assert call(*words, "--mode", "hybrid", "--instructions", "prompt.txt").code == 0
    assert all("Only people born in Rome." in asked.words for asked in model.asked)


@pytest.mark.parametrize("more", [["--mode", "preserve"], ["--deriver", "vocabulary"]])
def test_instructions_that_nobody_would_read_are_refused(
    call: Call, words: list[str], more: list[str]
) -> None:
    told = call(*words, "--mode", "hybrid", *more, "--instructions", "schema.json")
    assert told.code == 2
    assert "Instructions are for a language model" in told.error()["message"]


def test_from_a_schema_inferred_to_a_graph_that_keeps_to_it(
    call: Call, model: ModelServer, words: list[str], tmp_path: Path
) -> None:
    """infer -> prompt -> import with schema and prompt -> check."""
    notes = "\n".join(f"## Person: Person{at}\nWorks at: Acme\n" for at in range(PEOPLE))
    (tmp_path / "notes.md").write_text(f"{notes}\n## Company: Acme\nFounded: 1820\n")
    assert call("schema", "infer", "notes.md", "-o", "inferred.json").code == 0
    prompt = call("schema", "prompt", "inferred.json").out
    (tmp_path / "prompt.txt").write_text(prompt)
    words[words.index("--json") :] = ["--schema", "inferred.json", "--instructions", "prompt.txt"]
    words[words.index("sqlite:store")] = "sqlite:graph.db"
    told = call(*words, "--mode", "re-derive", "--json")
    assert told.code == 0, told.err
    assert prompt.strip() in model.asked[0].words
    assert told.json()["derived"]["calls"] == PEOPLE
    checked = call("schema", "check", "inferred.json", "sqlite:graph.db")
    assert checked.code == 0, checked.out


def test_a_passage_without_an_answer_is_named_and_the_others_are_there(
    call: Call, model: ModelServer, words: list[str]
) -> None:
    model.of("Person3", Answer(content="I would rather not."))
    told = call(*words, "--mode", "hybrid")
    assert told.code == 1
    assert told.json()["losses"] == {"derive.passages": 1}
    assert "document d3, passage 0" in told.json()["examples"]["derive.passages"][0]
    assert told.json()["counts"]["entity"] == PEOPLE


def test_a_schema_is_kept_to(call: Call, model: ModelServer, words: list[str]) -> None:
    model.says(
        "Person2",
        entities=[said_of("Person2", "Person"), said_of("Acme", "Planet")],
        facts=[stated("Person2", "owns", "Acme", "Person2 works at Acme")],
    )
    told = call(*words, "--mode", "hybrid", "--schema", "schema.json").json()
    assert told["losses"] == {}
    assert told["derived"]["schema_facts_refused"] >= 1
    assert "Person" in str(model.asked[0].json)


def test_a_model_must_be_named(call: Call, words: list[str]) -> None:
    at = words.index("--llm-model")
    told = call(*words[:at], *words[at + 2 :], "--mode", "hybrid")
    assert told.code == 2
    assert "--llm-model" in told.error()["message"]


def test_a_schema_without_deriving_is_refused(call: Call, words: list[str]) -> None:
    told = call(*words, "--schema", "schema.json")
    assert told.code == 2
    assert "--mode preserve derives nothing" in told.error()["message"]


def test_no_key_is_ever_shown(call: Call, words: list[str], monkeypatch: Any) -> None:
    monkeypatch.setenv("COGX_LLM_API_KEY", "secret-key-of-mine")
    told = call(*words, "--mode", "hybrid", "-v")
    assert "secret-key-of-mine" not in told.out + told.err
