"""What a schema does not allow is kept out, and counted."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest

from cogx.derive.composition import Hybrid
from cogx.derive.constrained import Constrained
from cogx.graph_schema.parsing import parse_graph_schema
from cogx.ports import Deriver, Underived

from .made import Scripted, Source, document, entity, fact, passage, record, records_in, vocabulary

NAMED = {"name": {"type": "string"}}
SCHEMA = parse_graph_schema(
    {
        "title": "WorkGraph",
        "type": "object",
        "$defs": {
            "Person": {
                "type": "object",
                "properties": NAMED | {"works_at": {"$ref": "#/$defs/Company"}},
            },
            "Company": {"type": "object", "properties": NAMED},
        },
    }
)
ADA = entity("ada", "Ada", entity_type="person")
ACME = entity("acme", "Acme", entity_type="Company")
ROME = entity("rome", "Rome", entity_type="City")
WORKS = fact("w", "ada", "Works At", "acme")


Made = tuple[Constrained, list[str]]


def constrained(given: Any, *known: Any) -> Made:
    """Return the deriver, and the ids of what it lets through of a passage."""
    with closing(Constrained(Scripted({"t": given}), SCHEMA)) as deriver:
        deriver.prepare(Source(*known))
        ((_, records),) = deriver.derive([passage("t")])
    assert not isinstance(records, Underived)
    return deriver, [one.external_id for one in records]


def kept(given: Any, *known: Any) -> list[str]:
    return constrained(given, *known)[1]


def test_it_is_a_deriver() -> None:
    assert isinstance(Constrained(Scripted({}), SCHEMA), Deriver)


def test_what_the_schema_allows_passes() -> None:
    assert kept([ADA, ACME, WORKS]) == ["ada", "acme", "w"]


def test_a_type_that_is_not_in_the_schema_is_kept_out() -> None:
    assert kept([ADA, ROME]) == ["ada"]


def test_an_entity_without_a_type_is_kept_out() -> None:
    assert kept([entity("x", "X")]) == []


def test_an_entity_without_a_type_has_that_which_it_is_known_by() -> None:
    person = record("raw_node", "class", type="EntityType", name="Person")
    is_a = fact("f", "x", "is_a", "class")
    assert kept([entity("x", "X")], entity("x", "X"), person, is_a) == ["x"]


@pytest.mark.parametrize(
    "refused",
    [
        fact("f", "ada", "likes", "acme"),
        fact("f", "acme", "works_at", "ada"),
        fact("f", "ada", "works_at", "rome"),
        fact("f", "ada", "works_at", "nobody"),
    ],
)
def test_a_fact_that_the_schema_does_not_name_is_kept_out(refused: Any) -> None:
    assert "f" not in kept([ADA, ACME, ROME, refused])


@pytest.mark.parametrize(("subject", "target"), [("Ada", "ACME"), ("ada", "Acme")])
def test_ends_may_be_names(subject: str, target: str) -> None:
    assert kept([ADA, ACME, fact("f", subject, "works_at", target)])[-1] == "f"


def test_ends_may_be_known_from_elsewhere() -> None:
    assert kept([ADA, WORKS], ACME) == ["ada", "w"]


def test_a_mention_passes_if_what_it_mentions_does() -> None:
    mentions = [fact("1", "d", "mentions", "ada"), fact("2", "d", "mentions", "rome")]
    assert kept([ADA, ROME, *mentions], document("d", "t")) == ["ada", "1"]


def test_a_mention_that_joins_two_entities_is_a_statement() -> None:
    assert kept([ADA, ACME, fact("f", "acme", "mentions", "ada")]) == ["ada", "acme"]


def test_standing_together_passes_if_both_do() -> None:
    together = [
        fact("1", "acme", "co_occurs_with", "ada"), fact("2", "ada", "co_occurs_with", "rome"),
        fact("3", "ada", "co_occurs_with", "other"),
    ]  # fmt: skip
    assert kept([ADA, ACME, ROME, *together], document("other", "x")) == ["ada", "acme", "1", "3"]


def test_what_is_kept_out_is_counted_with_examples() -> None:
    likes = fact("f", "ada", "likes", "acme")
    deriver, _ = constrained([ADA, ACME, ROME, likes, fact("g", "rome", "likes", "nobody")])
    assert deriver.report == {"schema_types_refused": 1, "schema_facts_refused": 2}
    assert deriver.examples == {
        "schema_types_refused": ["Rome (City)"],
        "schema_facts_refused": ["person likes Company", "City likes no type"],
    }


def test_a_passage_that_could_not_be_derived_passes() -> None:
    class Failing(Scripted):
        def derive(self, passages: Any) -> Any:
            for one in passages:
                yield one, Underived("no answer")

    deriver = Constrained(Failing({}), SCHEMA)
    ((_, records),) = deriver.derive([passage("t")])
    assert records == Underived("no answer")


def test_what_else_the_deriver_has_is_its_own() -> None:
    deriver = Constrained(vocabulary(), SCHEMA)
    assert (deriver.name, deriver.calls_per_passage) == ("vocabulary", 0)
    with pytest.raises(AttributeError):
        _ = deriver.estimate


def test_records_say_under_which_schema_they_were_made() -> None:
    assert Constrained(Scripted({}), SCHEMA).origin == {"schema": SCHEMA.digest[:16]}


def test_a_deriver_that_is_not_cached_is_not() -> None:
    assert Constrained(Scripted({}), SCHEMA).cache_key is None


def test_a_result_depends_on_the_schema() -> None:
    class Kept(Scripted):
        cache_key = "k"

    assert Constrained(Kept({}), SCHEMA).cache_key == f"k schema {SCHEMA.digest}"


def test_hybrid_with_the_vocabulary_keeps_to_a_schema() -> None:
    text = document("d", "Ada was in Rome with Acme on 2024-05-01.")
    source = Source(ADA, ACME, ROME, text)
    with (
        closing(Constrained(vocabulary(), SCHEMA)) as deriver,
        Hybrid(source, deriver) as made,
    ):
        facts = records_in(made, "fact")
        assert {(one.predicate, one.subject_ref, one.object_ref) for one in facts} == {
            ("mentions", "d", "ada"),
            ("mentions", "d", "acme"),
            ("co_occurs_with", "acme", "ada"),
        }
        assert made.report["schema_types_refused"] == 2
