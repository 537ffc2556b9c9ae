from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings

from cogx.codec.lines import canonical_line
from cogx.errors import UnknownName
from cogx.format.identity import entity_id, folded_entity_id, normalise_name
from cogx.format.layout import KINDS
from cogx.format.records import Document
from cogx.testing.strategies import archives
from cogx.transform.id_map import IdMap
from cogx.transform.identity import RULES, Identified

from .record_list import RecordList, entity, fact, fingerprint, raw, records_in

ANN = str(entity_id("Ann Lee"))
UUID_TEXT = "6ba7b812-9dad-11d1-80b4-00c04fd430c8"
MOMENT = datetime(2024, 2, 29, tzinfo=UTC)


def identified(*records: Any, rule: str = "cognee", system: str = "demo") -> list[Any]:
    with Identified(RecordList(records, system), rule) as found:
        return records_in(found)


def one(*entities: Any, rule: str = "cognee") -> Any:
    (found,) = identified(*entities, rule=rule)
    return found


def ends(*records: Any, rule: str = "cognee") -> list[tuple[str, str]]:
    return [
        (record.subject_ref, record.object_ref)
        for record in identified(*records, rule=rule)
        if record.kind == "fact"
    ]


def changes(*records: Any, rule: str = "cognee", system: str = "demo") -> dict[str, int]:
    with Identified(RecordList(records, system), rule) as found:
        records_in(found)
        return dict(found.changes)


# Which entities are one.


def test_an_entity_gets_the_id_that_cognee_makes_of_its_name() -> None:
    assert one(entity("1", "Ann Lee")).external_id == ANN


def test_a_uuid_of_cognees_own_stays_in_its_usual_form() -> None:
    (found,) = identified(entity(f"{{{UUID_TEXT.upper()}}}", "Ann"), system="cognee")
    assert found.external_id == UUID_TEXT


def test_only_the_archives_system_keeps_uuids() -> None:
    (found,) = identified(entity(UUID_TEXT, "Ann Lee", external_system="cognee"), system="mem0")
    assert found.external_id == ANN


def test_an_id_of_cognee_that_is_no_uuid_is_made_of_the_name() -> None:
    (found,) = identified(entity("1", "Ann Lee"), system="cognee")
    assert found.external_id == ANN


def test_same_named_entities_of_cognee_stay_apart() -> None:
    other = UUID_TEXT.replace("6", "7")
    source = [entity(UUID_TEXT, "Ann"), entity(other, "Ann")]
    assert len(identified(*source, system="cognee")) == 2


def test_entities_of_one_name_are_one_whatever_their_type() -> None:
    found = identified(entity("1", "Apple", entity_type="A"), entity("2", "apple", entity_type="B"))
    assert len(found) == 1


def test_the_folded_rule_needs_one_type() -> None:
    found = identified(
        entity("1", "Apple", entity_type="Company"),
        entity("2", "\uff21pple ", entity_type="company"),
        entity("3", "Apple", entity_type="Fruit"),
        entity("4", "Apple"),
        rule="folded",
    )
    assert [record.external_id for record in found] == [
        str(folded_entity_id("Apple", kind)) for kind in ("Company", "Fruit", None)
    ]


def test_an_unknown_rule_is_refused() -> None:
    with pytest.raises(UnknownName, match="identity rule"):
        Identified(RecordList([]), "id")


# What a merged entity says.


def test_the_first_name_stays_and_the_others_become_aliases() -> None:
    found = one(
        entity("1", "Ann Lee", aliases=["Annie"]),
        entity("2", "ann lee", aliases=["Annie", "A."]),
        entity("3", "Ann Lee"),
    )
    assert (found.name, found.aliases) == ("Ann Lee", ["Annie", "ann lee", "A."])


def test_descriptions_are_joined_unless_one_holds_the_other() -> None:
    found = one(
        entity("1", "Ann", description="Likes tea."),
        entity("2", "Ann"),
        entity("3", "Ann", description="tea"),
        entity("4", "Ann", description="Lives in Bonn."),
    )
    assert found.description == "Likes tea.\nLives in Bonn."


def test_without_any_description_there_is_none() -> None:
    assert one(entity("1", "Ann"), entity("2", "Ann")).description is None


def test_the_first_type_wins() -> None:
    found = one(
        entity("1", "Ann"), entity("2", "Ann", entity_type="A"), entity("3", "Ann", entity_type="B")
    )
    assert found.entity_type == "A"


def test_attributes_metadata_and_scope_are_united_and_the_first_value_wins() -> None:
    found = one(
        entity("1", "Ann", attributes={"a": 1}, metadata={"m": 1}, scope={"user_id": "u"}),
        entity(
            "2", "Ann", attributes={"a": 2, "b": None}, metadata={"n": 1}, scope={"run_id": "r"}
        ),
    )
    assert found.attributes == {"a": 1, "b": None}
    assert found.metadata == {"m": 1, "n": 1}
    assert found.scope == {"user_id": "u", "run_id": "r"}


def test_unknown_fields_are_united() -> None:
    found = one(entity("1", "Ann", mood="good"), entity("2", "Ann", weight=1))
    assert found.model_extra == {"mood": "good", "weight": 1}


def test_the_earliest_creation_and_the_latest_change_stay() -> None:
    later = MOMENT + timedelta(days=1)
    found = one(
        entity("1", "Ann", created_at=later),
        entity("2", "Ann", created_at=MOMENT, updated_at=MOMENT),
        entity("3", "Ann", updated_at=later),
    )
    assert (found.created_at, found.updated_at) == (MOMENT, later)


def test_merges_and_conflicts_are_counted_with_examples() -> None:
    source = RecordList(
        [
            entity("1", "Ann Lee", entity_type="A", attributes={"a": 1, "same": [1.0]}),
            entity("2", "Ann Lee", entity_type="B", attributes={"a": True, "same": [1.0]}),
        ]
    )
    with Identified(source, "cognee") as found:
        records_in(found)
        assert found.merged == 1
        assert found.changes == {
            "identity.renamed": 2,
            "identity.merged": 1,
            "identity.conflict": 2,
        }
        assert found.examples["identity.merged"] == [f"2 -> {ANN}"]
        assert found.examples["identity.conflict"] == [
            f"{ANN}: entity_type",
            f"{ANN}: attributes.a",
        ]


def test_a_second_pass_gives_and_counts_the_same() -> None:
    source = RecordList(
        [entity("1", "Ann"), entity("2", "Ann"), fact("f", "1", "x", "who"), raw("r", type="T")]
    )
    with Identified(source, "cognee") as found:
        first, counted = list(map(canonical_line, records_in(found))), found.changes
        assert list(map(canonical_line, records_in(found))) == first
        assert found.changes == counted


# What facts refer to.


def test_ends_follow_every_id_that_was_merged() -> None:
    people = [entity("1", "Ann Lee"), entity("2", "ann lee"), entity("3", "Bob")]
    bob = str(entity_id("Bob"))
    assert ends(*people, fact("f", "1", "knows", "3"), fact("g", "2", "knows", "3")) == [
        (ANN, bob),
        (ANN, bob),
    ]


def test_provenance_follows() -> None:
    found = identified(entity("1", "Ann Lee"), fact("f", "1", "x", "1", provenance=["1", "else"]))
    assert found[-1].provenance == [ANN, "else"]


def test_an_exact_id_comes_before_a_name() -> None:
    records = [
        entity("1", "Ann Lee"),
        raw("Ann Lee", type="T"),
        Document(external_id="d", content=""),
    ]
    assert ends(*records, fact("f", "Ann Lee", "x", "d")) == [("Ann Lee", "d")]


def test_an_end_given_by_name_refers_to_the_entitys_new_id() -> None:
    assert ends(entity("1", "Ann Lee"), fact("f", "ANN LEE", "x", "1")) == [(ANN, ANN)]


def test_a_name_of_an_entity_that_keeps_its_id_stays_a_name() -> None:
    records = [entity(ANN, "Ann Lee"), entity("2", "Bob"), fact("f", "ann lee", "x", "2")]
    assert ends(*records) == [("ann lee", str(entity_id("Bob")))]


def test_a_uuid_that_is_nowhere_dangles_and_is_counted() -> None:
    records = [entity("1", "Ann Lee"), fact("f", "1", "x", UUID_TEXT)]
    assert ends(*records) == [(ANN, UUID_TEXT)]
    assert changes(*records)["identity.dangling"] == 1


def test_a_name_that_nobody_bears_is_one_stub_however_it_is_written() -> None:
    records = [entity("1", "Ann Lee"), fact("f", "1", "x", "Bob B"), fact("g", "1", "x", "bob b")]
    assert ends(*records) == [(ANN, "Bob B"), (ANN, "Bob B")]
    assert changes(*records)["identity.stub"] == 2


def test_a_name_that_several_bear_means_the_first_and_is_counted() -> None:
    apples = [entity("1", "Apple", entity_type="A"), entity("2", "Apple", entity_type="B")]
    records = [*apples, fact("f", "APPLE ", "x", "1")]
    first = str(folded_entity_id("Apple", "A"))
    assert ends(*records, rule="folded") == [(first, first)]
    assert changes(*records, rule="folded")["identity.ambiguous"] == 1


def test_the_folded_rule_finds_names_in_cognees_form_too() -> None:
    found = ends(entity("1", "Ann Lee"), fact("f", "ann_lee", "x", "1"), rule="folded")
    assert found == [(str(folded_entity_id("Ann Lee", None)),) * 2]


def test_repeated_facts_stay_distinct() -> None:
    records = [
        entity("1", "Ann"),
        fact("f", "1", "works_at", "1", valid_at=MOMENT),
        fact("g", "1", "works_at", "1", valid_at=MOMENT + timedelta(days=9)),
    ]
    assert len(ends(*records)) == 2


# The transform as a whole.


def test_where_no_id_changes_records_pass_untouched() -> None:
    source = RecordList([entity(ANN, "Ann Lee"), fact("f", "Ann Lee", "x", "nobody")])
    with Identified(source, "cognee") as found:
        assert fingerprint(found) == fingerprint(source)
        assert not found.changes


def test_the_id_map_names_every_id_that_changes() -> None:
    source = RecordList([entity("1", "Ann Lee"), entity("2", "ann lee"), raw("r", type="T")])
    with Identified(source, "cognee") as found:
        assert list(found.iter_id_changes()) == [("entity", "1", ANN), ("entity", "2", ANN)]


def test_the_id_map_leaves_out_ids_that_stay_and_that_no_other_gets() -> None:
    source = RecordList([entity(ANN, "Ann Lee"), entity("2", "Bob")])
    with Identified(source, "cognee") as found:
        assert [change.archive for change in found.iter_id_changes()] == ["2"]


@pytest.mark.parametrize("first", [ANN, "2"])
def test_an_id_that_stayed_is_not_given_the_id_of_one_merged_into_it(first: str) -> None:
    source = RecordList([entity(one, "Ann Lee") for one in sorted((ANN, "2"), key=first.__ne__)])
    with (
        Identified(source, "cognee") as found,
        IdMap(found.iter_id_changes(), inverse=True) as id_map,
    ):
        assert id_map.get("entity", ANN) == ANN


def test_kinds_come_in_the_order_asked_for() -> None:
    source = RecordList([entity("1", "Ann"), raw("r", type="T"), fact("f", "1", "x", "r")])
    with Identified(source, "cognee") as found:
        order = [kind for kind, _ in found.iter_batches("fact", "raw_node", "entity")]
    assert order == ["fact", "raw_node", "entity"]


@pytest.mark.parametrize("rule", RULES)
@settings(max_examples=60, deadline=None)
@given(archives())
def test_a_rule_applied_twice_is_applied_once(rule: str, records: list[Any]) -> None:
    with Identified(RecordList(records), rule) as once, Identified(once, rule) as twice:
        assert fingerprint(twice) == fingerprint(once)


@pytest.mark.parametrize("rule", RULES)
@settings(max_examples=60, deadline=None)
@given(archives())
def test_nothing_but_entities_and_ends_changes(rule: str, records: list[Any]) -> None:
    source = RecordList(records)
    others = [kind for kind in KINDS if kind not in ("entity", "fact")]
    with Identified(source, rule) as found:
        for kind in others:
            assert list(map(canonical_line, records_in(found, kind))) == list(
                map(canonical_line, records_in(source, kind))
            )
        ids = [record.external_id for record in records_in(found, "fact")]
        assert ids == [record.external_id for record in records_in(source, "fact")]


@settings(max_examples=60, deadline=None)
@given(archives())
def test_after_cognees_rule_no_two_entities_share_a_normal_name(records: list[Any]) -> None:
    with Identified(RecordList(records), "cognee") as found:
        names = [normalise_name(record.name) for record in records_in(found, "entity")]
    assert len(set(names)) == len(names)
