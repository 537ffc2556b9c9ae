from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cogx.errors import BadSetting
from cogx.transform.resolution.proposals import propose

from ..record_list import RecordList, entity, fact, raw


def pairs(*records: Any, **options: Any) -> list[tuple[str, str]]:
    return [(one.left_id, one.right_id) for one in propose(RecordList(records), **options)]


def named(*names: str, entity_type: str | None = "T") -> list[Any]:
    return [entity(f"{n}", name, entity_type=entity_type) for n, name in enumerate(names)]


def test_the_exact_rule_comes_first() -> None:
    found = propose(RecordList(named("Jon Smith", "Ann Lee", "John Smith", "ann lee")))
    assert (found[0].score, found[0].left_name, found[0].right_name) == (
        100.0,
        "Ann Lee",
        "ann lee",
    )


def test_all_decisions_are_open() -> None:
    assert [one.decision for one in propose(RecordList(named("Ann", "ann")))] == [""]


def test_nothing_is_proposed_across_types() -> None:
    found = pairs(entity("1", "Ann Lee", entity_type="A"), entity("2", "Ann Lee", entity_type="B"))
    assert found == []


def test_types_are_compared_as_the_folded_rule_does() -> None:
    found = pairs(entity("1", "Ann", entity_type="A "), entity("2", "Ann", entity_type="a"))
    assert found == [("1", "2")]


def test_no_type_is_a_type_of_its_own() -> None:
    assert pairs(entity("1", "Ann"), entity("2", "Ann", entity_type="A")) == []


def test_nothing_is_proposed_across_numbers() -> None:
    assert pairs(*named("Model 3", "Model 4", "Model III", "Model IV")) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Xavier Montgomery", "Yavier Montgomery"),
        ("Xavier Montgomery", "Xavier Montgomerz"),
        ("Xavier Montgomery", "Xavier Montgmoery"),
    ],
)
def test_an_error_is_found_among_many_names_wherever_it_stands(one: str, other: str) -> None:
    chance = random.Random(1)
    others = ["".join(chance.choices("abcdefghij", k=12)) for _ in range(300)]
    found = propose(RecordList(named(one, other, *others)))
    assert [(line.left_id, line.right_id) for line in found] == [("0", "1")]


def test_a_name_that_is_an_alias_of_another_is_proposed_for_less() -> None:
    (found,) = propose(
        RecordList([entity("1", "Bob", aliases=["Robert Lee"]), entity("2", "Robert Lee")])
    )
    assert (found.score, found.reason) == (95.0, "same name, as an alias")


def test_an_entity_is_not_held_against_its_own_aliases() -> None:
    assert pairs(entity("1", "Ann", aliases=["ann", "ANN"])) == []


def test_the_entity_with_more_facts_stands_on_the_left() -> None:
    found = pairs(*named("Ann", "ann"), fact("f", "1", "p", "x"))
    assert found == [("1", "0")]


def test_shared_neighbours_are_counted_once_each() -> None:
    facts = [
        fact("a", "0", "p", "x"),
        fact("b", "x", "p", "1"),
        fact("c", "1", "q", "x"),
        fact("d", "0", "p", "y"),
    ]
    (found,) = propose(RecordList([*named("Ann", "ann"), *facts]))
    assert (found.shared_neighbours, found.reason) == (1, "same name")


def test_a_fact_between_both_is_said_and_makes_them_no_neighbours() -> None:
    (found,) = propose(RecordList([*named("Ann", "ann"), fact("a", "1", "knows", "0")]))
    assert (found.shared_neighbours, found.reason) == (0, "same name; a fact joins them")


def test_an_entity_that_shares_its_id_with_another_record_is_not_proposed() -> None:
    assert pairs(*named("Ann", "ann"), raw("1")) == []


def test_same_named_entities_make_a_star_and_not_all_pairs() -> None:
    assert pairs(*named("Ann", "ann", "ANN", "aNN")) == [("0", "1"), ("0", "2"), ("0", "3")]


def test_a_least_score_leaves_less_alike_pairs_out() -> None:
    assert pairs(*named("Jon Smith", "John Smith"), at_least=92) == []


def test_a_least_score_that_proposes_everything_is_refused() -> None:
    with pytest.raises(BadSetting, match="between 50 and 100"):
        pairs(at_least=10)


NAMES = st.lists(
    st.sampled_from(
        ["Ann Lee", "Anne Lee", "A. Lee", "Lee, Ann", "ann lee", "Acme", "Acme Inc.", "Acme 2"]
    ),
    min_size=2,
    max_size=8,
)


@settings(max_examples=30, deadline=None)
@given(NAMES, st.randoms(use_true_random=False))
def test_the_order_of_the_source_does_not_matter(names: list[str], chance: Any) -> None:
    records = named(*names)
    shuffled = list(records)
    chance.shuffle(shuffled)
    assert propose(RecordList(records)) == propose(RecordList(shuffled))
