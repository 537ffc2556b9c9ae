"""The deriver chat at work in hybrid and re-derive, over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cogx.derive.cache import ResultCache
from cogx.derive.cached import Cached
from cogx.derive.chat.deriver import ChatDeriver
from cogx.derive.chat.settings import ChatSettings
from cogx.derive.composition import Hybrid, Rederived
from cogx.derive.constrained import Constrained
from cogx.derive.linked import Linked
from cogx.errors import BudgetSpent
from cogx.format.identity import entity_id
from cogx.graph_schema.parsing import parse_graph_schema
from cogx.ports import RecordSource
from tests.unit.derive.chat.conftest import entity, fact
from tests.unit.derive.chat.model_server import Answer, ModelServer
from tests.unit.derive.made import Source, document, lines_of, records_in, validated
from tests.unit.derive.made import entity as known_entity
from tests.unit.derive.made import fact as known_fact

TEXTS = [document(f"d{at}", f"Person{at} works at Acme.") for at in range(8)]
GRAPH = [
    known_entity("acme", "ACME Inc.", aliases=["Acme"]),
    known_entity("bob", "Bob"),
    known_fact("f", "bob", "owns", "acme"),
]
SCHEMA = {
    "title": "Staff",
    "type": "object",
    "properties": {"people": {"type": "array", "items": {"$ref": "#/$defs/Person"}}},
    "required": [],
    "$defs": {
        "Company": {
            "title": "Company",
            "type": "object",
            "properties": {"name": {"type": "string"}, "description": {"type": "string"}},
            "required": ["name"],
        },
        "Person": {
            "title": "Person",
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "description": {"type": "string"},
                "age": {"type": "integer"},
                "skills": {"type": "array", "items": {"type": "string"}},
                "works_at": {"$ref": "#/$defs/Company"},
            },
            "required": ["name"],
        },
    },
}


@pytest.fixture
def staffed(model: ModelServer) -> ModelServer:
    """A model that knows who works at Acme."""
    for at in range(8):
        name = f"Person{at}"
        model.says(
            name,
            entities=[entity(name, type="Person"), entity("Acme", type="Company")],
            facts=[fact(name, "works_at", "Acme", f"{name} works at Acme")],
        )
    model.usage = {"prompt_tokens": 600, "completion_tokens": 100}
    return model


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[ResultCache]:
    with ResultCache(tmp_path / "derived.sqlite") as one:
        yield one


def chat(model: ModelServer, **settings: Any) -> ChatDeriver:
    settings = {"concurrency": 2} | settings
    return ChatDeriver(ChatSettings(model.url, "m", **settings))


def run(
    model: ModelServer,
    source: RecordSource,
    cache: ResultCache | None = None,
    kind: type[Hybrid | Rederived] = Hybrid,
    **settings: Any,
) -> tuple[Any, Source]:
    """Run a mode as an import does; return it, and its result as a source."""
    deriver = chat(model, **settings)
    try:
        kept = deriver if cache is None else Cached(deriver, cache)
        with kind(source, Linked(kept)) as mode:
            mode.derive()
            assert [str(problem) for problem in validated(mode).problems] == []
            return mode, Source(*(r for _, batch in mode.iter_batches() for r in batch))
    finally:
        deriver.close()


def test_hybrid_links_what_is_derived_to_what_is_known(staffed: ModelServer) -> None:
    mode, result = run(staffed, Source(*TEXTS, *GRAPH))
    works = [one for one in records_in(result, "fact") if one.predicate == "works_at"]
    assert {one.object_ref for one in works} == {"acme"}
    assert {one.subject_ref for one in works} == {str(entity_id(f"Person{n}")) for n in range(8)}
    assert mode.report["entities_linked"] == 8
    assert staffed.calls == 8


def test_hybrid_changes_nothing_that_is_there(staffed: ModelServer) -> None:
    source = Source(*TEXTS, *GRAPH)
    _, result = run(staffed, source)
    assert set(lines_of(source)) <= set(lines_of(result))


def test_hybrid_of_its_own_result_adds_nothing(staffed: ModelServer) -> None:
    _, once = run(staffed, Source(*TEXTS, *GRAPH))
    _, twice = run(staffed, once)
    assert sorted(lines_of(once)) == sorted(lines_of(twice))


def test_rederive_makes_the_graph_anew(staffed: ModelServer) -> None:
    _, result = run(staffed, Source(*TEXTS, *GRAPH), kind=Rederived)
    assert {one.predicate for one in records_in(result, "fact")} == {"works_at", "mentions"}
    assert "Bob" not in {one.name for one in records_in(result, "entity")}


def test_every_record_says_which_model_and_which_prompt(staffed: ModelServer) -> None:
    _, result = run(staffed, Source(*TEXTS))
    for kind in ("entity", "fact"):
        for one in records_in(result, kind):
            derived = one.metadata["derived"]
            assert (derived["deriver"], derived["version"]) == ("chat", "1")
            assert (derived["model"], derived["prompt"]) == ("m", "1")


def test_the_same_answers_give_the_same_result(staffed: ModelServer) -> None:
    results = [run(staffed, Source(*TEXTS, *GRAPH), concurrency=n)[1] for n in (1, 8)]
    assert lines_of(results[0]) == lines_of(results[1])


def test_a_run_whose_budget_is_spent_goes_on_where_it_stopped(
    staffed: ModelServer, cache: ResultCache
) -> None:
    with pytest.raises(BudgetSpent):
        run(staffed, Source(*TEXTS), cache, budget_tokens=3000)
    first = staffed.calls
    assert 0 < first < 8
    run(staffed, Source(*TEXTS), cache)
    assert staffed.calls == 8


def test_what_is_known_may_change_beside_the_cache(
    staffed: ModelServer, cache: ResultCache
) -> None:
    run(staffed, Source(*TEXTS), cache)
    _, result = run(staffed, Source(*TEXTS, *GRAPH), cache)
    works = [one for one in records_in(result, "fact") if one.predicate == "works_at"]
    assert {one.object_ref for one in works} == {"acme"}
    assert staffed.calls == 8


def test_a_passage_that_failed_is_tried_again_by_the_next_run(
    staffed: ModelServer, cache: ResultCache
) -> None:
    staffed.of("Person3", Answer(content="no"))
    mode, _ = run(staffed, Source(*TEXTS), cache)
    assert mode.report["passages_failed"] == 1
    calls = staffed.calls
    staffed.says("Person3", entities=[entity("Person3")])
    mode, _ = run(staffed, Source(*TEXTS), cache)
    assert mode.report["passages_failed"] == 0
    assert staffed.calls == calls + 1


def test_a_schema_binds_the_model_and_what_it_says_all_the_same(staffed: ModelServer) -> None:
    schema = parse_graph_schema(SCHEMA)
    none: dict[str, Any] = {"properties": []}
    staffed.says(
        "Person0",
        entities=[entity("Person0", type="Person", **none), entity("Acme", type="Company", **none)],
        facts=[fact("Person0", "works_at", "Acme", "Person0 works at Acme")],
    )
    staffed.says(
        "Person1",
        entities=[
            entity("Person1", type="Person", **none),
            entity("Acme", type="Spaceship", **none),
        ],
        facts=[fact("Person1", "works_at", "Acme", "Person1 works at Acme")],
    )
    deriver = ChatDeriver(ChatSettings(staffed.url, "m", concurrency=1), schema)
    with Hybrid(Source(*TEXTS[:2]), Linked(Constrained(deriver, schema))) as mode:
        facts = [one for one in records_in(mode, "fact") if one.predicate == "works_at"]
        deriver.close()
    asked = staffed.asked[0]
    form = asked.json["response_format"]["json_schema"]["schema"]["properties"]
    assert form["entities"]["items"]["properties"]["type"]["enum"] == ["Staff", "Company", "Person"]
    assert form["facts"]["items"]["properties"]["predicate"]["enum"] == ["people", "works_at"]
    assert "- Person works_at Company" in asked.words
    assert [one.subject_ref for one in facts] == [str(entity_id("Person0"))]
    assert mode.report["schema_types_refused"] == 1
    assert mode.report["repairs"] == 2  # it was told


def test_properties_of_a_schema_become_attributes(model: ModelServer) -> None:
    schema = parse_graph_schema(SCHEMA)
    told = [
        ("age", "41"),
        ("skills", "Greek"),
        ("skills", "chess"),
        ("skills", "sorcery"),  # not in the text
        ("age", "chess"),  # no number
        ("works_at", "Acme"),  # a relation
    ]
    properties = [{"property": name, "value": value} for name, value in told]
    model.says("Ann", entities=[entity("Ann", type="Person", properties=properties)])
    deriver = ChatDeriver(ChatSettings(model.url, "m"), schema)
    text = document("d", "Ann, 41, knows Greek and chess. Acme does not.")
    with Hybrid(Source(text), Linked(Constrained(deriver, schema))) as mode:
        (ann,) = records_in(mode, "entity")
        deriver.close()
    assert ann.attributes == {"age": 41, "skills": ["Greek", "chess"]}
    assert mode.report["values_unsupported"] == 3
    words = model.asked[0].words
    assert "  - property age (integer)\n  - property skills (list of text)" in words
