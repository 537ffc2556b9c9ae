from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from cogx.archive.validate import validate
from cogx.archive.writer import ArchiveWriter
from cogx.codec.lines import canonical_line
from cogx.errors import UnknownMode
from cogx.format.identity import data_id, entity_id, entity_type_id, is_canonical_uuid, node_id
from cogx.format.manifest import Extension, Manifest
from cogx.format.records import Document, Episode
from cogx.testing.strategies import archives
from cogx.transform.cognee_facts import CHANGES, DECLARED
from cogx.transform.cognee_fields import OWN_CLASSES
from cogx.transform.id_map import IdMap, Mapped, chained
from cogx.transform.identity import Identified
from cogx.transform.portable import Portable
from cogx.transform.profile import CogneeProfile

from .cognee_double import CogneeDouble
from .record_list import RecordList, entity, fact, fingerprint, raw, records_in

UUID_TEXT = "6ba7b812-9dad-11d1-80b4-00c04fd430c8"
MOMENT = datetime(2024, 2, 29, 12, 30, 15, 123456, tzinfo=UTC)


def profiled(*records: Any, system: str = "demo") -> list[Any]:
    with CogneeProfile(RecordList(records, system)) as profile:
        return records_in(profile)


def back(*records: Any) -> list[bytes]:
    """Return the lines of records that went into a cognee and came back."""
    with CogneeProfile(RecordList(records)) as profile, Portable(CogneeDouble(profile)) as again:
        return sorted(map(canonical_line, records_in(again)))


def lines(*records: Any) -> list[bytes]:
    return sorted(map(canonical_line, records_in(RecordList(records))))


def properties(*records: Any, system: str = "demo") -> dict[str, Any]:
    found: dict[str, Any] = profiled(*records, system=system)[0].properties
    return found


OWN: dict[str, Any] = {
    "ontology_valid": True, "ontology_uri": None, "version": 2, "topological_rank": 0,
    "belongs_to_set": ["s"], "source_pipeline": None, "source_task": None,
    "source_node_set": None, "source_user": None, "source_content_hash": None,
    "feedback_weight": 0.25, "importance_weight": 0.5, "metadata": {"index_fields": ["name"]},
    "relations": [], "is_a": None,
}  # fmt: skip
"""What a cognee of 1.6.5 has beside the name, description and times of each entity."""


# The laws.


@settings(max_examples=100, deadline=None)
@given(archives())
def test_all_of_a_portable_source_rides_along(records: list[Any]) -> None:
    source = RecordList(records)
    with CogneeProfile(source) as profile, Portable(profile, system="demo") as again:
        assert fingerprint(again) == fingerprint(source)


@settings(max_examples=50, deadline=None)
@given(archives())
def test_with_the_id_map_in_between_it_is_the_same(records: list[Any]) -> None:
    source = RecordList(records)
    with (
        CogneeProfile(source) as profile,
        IdMap(profile.iter_id_changes(), inverse=True) as id_map,
        Portable(Mapped(profile, NodesOnly(id_map))) as again,
    ):
        assert fingerprint(again) == fingerprint(source)


class NodesOnly(IdMap):
    """A map without content, whose ids change in a store and not yet in an archive."""

    def __init__(self, id_map: IdMap) -> None:
        self._whole = id_map

    def get(self, kind: str, identity: str) -> str | None:
        return self._whole.get(kind, identity) if kind in ("entity", "raw_node") else None


@settings(max_examples=100, deadline=None)
@given(archives())
def test_a_cognee_gives_every_node_back_as_it_was(records: list[Any]) -> None:
    """But for copies, which are one node there, and for cognee's own classes."""
    source = RecordList(
        [
            r
            for r in records
            if r.kind != "raw_node" or str(r.properties.get("type")) not in OWN_CLASSES
        ]
    )
    with CogneeProfile(source) as profile, Portable(CogneeDouble(profile)) as again:
        for kind in ("entity", "raw_node"):
            found = {canonical_line(record) for record in records_in(again, kind)}
            assert found == {canonical_line(record) for record in records_in(source, kind)}


@settings(max_examples=50, deadline=None)
@given(archives())
def test_the_archive_is_valid_and_every_end_is_a_node_with_a_uuid(records: list[Any]) -> None:
    members: dict[str, bytes] = {}
    manifest = Manifest(
        source_system="cognee", cogx=Extension(generator="a test", profile="cognee")
    )
    with CogneeProfile(RecordList(records)) as profile:
        with ArchiveWriter(members, manifest=manifest) as writer:
            for kind, batch in profile.iter_batches():
                writer.write_batch(kind, batch)
            writer.publish()
        nodes = {record.external_id for record in records_in(profile, "raw_node")}
        ends = [(f.subject_ref, f.object_ref) for f in records_in(profile, "fact")]
    found = validate(members)
    assert found.valid, found.problems
    assert "entities.jsonl" not in members
    assert all(map(is_canonical_uuid, nodes))
    assert {end for both in ends for end in both} <= nodes


@settings(max_examples=50, deadline=None)
@given(archives())
def test_every_count_has_a_meaning(records: list[Any]) -> None:
    with CogneeProfile(RecordList(records)) as profile:
        records_in(profile)
        counted = sum(profile._counts.values(), profile.changes)
    assert {code for code, number in counted.items() if number} <= CHANGES.keys() | DECLARED.keys()


# Entities.


def test_an_entity_is_a_raw_node_of_type_entity() -> None:
    node = properties(entity(UUID_TEXT, "Ann", description="Likes tea.", attributes={"age": 41}))
    assert (node["id"], node["type"], node["name"]) == (UUID_TEXT, "Entity", "Ann")
    assert (node["description"], node["age"]) == ("Likes tea.", 41)


def test_null_relations_make_cognee_keep_what_it_does_not_declare() -> None:
    assert properties(entity(UUID_TEXT, "Ann", attributes={"age": 41}))["relations"] is None


def test_an_entity_of_cognees_own_is_told_in_its_own_words_alone() -> None:
    whole = datetime(2024, 2, 29, 12, 30, tzinfo=UTC)
    ann = entity(
        UUID_TEXT, "Ann", external_system="cognee", description="d",
        created_at=whole, updated_at=whole, attributes=OWN,
    )  # fmt: skip
    assert properties(ann, system="cognee").keys() == {
        "id", "type", "name", "description", "created_at", "updated_at", *OWN
    }  # fmt: skip
    with CogneeProfile(RecordList([ann], "cognee")) as profile, Portable(profile) as again:
        assert [canonical_line(one) for one in records_in(again)] == lines(ann)


def test_without_description_the_name_is_one_as_in_cognee() -> None:
    assert properties(entity(UUID_TEXT, "Ann"))["description"] == "Ann"
    assert back(entity(UUID_TEXT, "Ann")) == lines(entity(UUID_TEXT, "Ann"))


def test_times_are_milliseconds_and_come_back_exactly() -> None:
    ann = entity(UUID_TEXT, "Ann", created_at=MOMENT)
    assert properties(ann)["created_at"] == 1709209815123
    assert back(ann) == lines(ann)


def test_an_id_that_is_no_uuid_becomes_one_and_comes_back() -> None:
    assert properties(entity("ann", "Ann"))["id"] == node_id("demo", "ann")
    assert back(entity("ann", "Ann")) == lines(entity("ann", "Ann"))


def test_entities_of_one_name_stay_apart() -> None:
    ids = {record.external_id for record in profiled(entity("1", "Ann"), entity("2", "Ann"))}
    assert len(ids) == 2


def test_a_type_becomes_a_node_and_a_fact_once() -> None:
    found = profiled(
        entity("1", "Ann", entity_type="Person"), entity("2", "Bob", entity_type="person")
    )
    types = [r for r in found if r.kind == "raw_node" and r.properties["type"] == "EntityType"]
    facts = [(f.subject_ref, f.predicate, f.object_ref) for f in found if f.kind == "fact"]
    person = str(entity_type_id("Person"))
    assert [(node.external_id, node.properties["name"]) for node in types] == [(person, "Person")]
    assert facts == [(node_id("demo", one), "is_a", person) for one in ("1", "2")]


def test_an_is_a_fact_that_is_there_is_not_made_again() -> None:
    person = str(entity_type_id("Person"))
    ann, its_type = entity("1", "Ann", entity_type="Person"), raw(person, type="EntityType")
    found = profiled(ann, its_type, fact("f", "1", "is_a", person))
    assert [record.external_id for record in found if record.kind == "fact"] == ["f"]


def test_what_was_made_for_types_does_not_come_back() -> None:
    ann = entity("1", "Ann", entity_type="Person")
    assert back(ann) == lines(ann)


# Properties.


AWKWARD: dict[str, Any] = {
    "version": "v2", "topological_rank": "first", "metadata": [1], "belongs_to_set": "x",
    "feedback_weight": None, "created_at": "yesterday", "ontology_valid": "yes", "_x": 1,
    "model_dump": 1, "json": 1, "self": 1, "id_for": 1, "source_ref_keys": "k", "cogx": "mine",
    "relations": [1], "graph_created_at": "then",
}  # fmt: skip


@pytest.mark.parametrize("name", AWKWARD)
def test_what_cognee_would_stumble_over_or_drop_stands_in_the_rest(name: str) -> None:
    node = properties(raw(UUID_TEXT, type="Gadget", **{name: AWKWARD[name]}))
    assert json.loads(node["cogx"]).get("properties", node)[name] == AWKWARD[name]


@pytest.mark.parametrize("name", AWKWARD)
def test_and_comes_back(name: str) -> None:
    node = raw(UUID_TEXT, type="Gadget", **{name: AWKWARD[name]})
    ann = entity("ann", "Ann", attributes={name: AWKWARD[name]})
    assert back(node, ann) == lines(node, ann)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (date(1990, 5, 17), "1990-05-17"),
        (MOMENT, "2024-02-29T12:30:15.123456Z"),
        (Decimal("1.50"), "1.50"),
        (float("nan"), "NaN"),
        (b"\0\1", "AAE="),
    ],
)
def test_typed_values_are_text_in_cognee_and_typed_again_after_it(value: Any, text: str) -> None:
    node = raw(UUID_TEXT, type="Gadget", value=value, deep=[{"value": value}])
    assert properties(node)["value"] == text
    assert properties(node)["deep"] == [{"value": text}]
    assert back(node) == lines(node)


def test_what_a_person_changed_in_cognee_wins_over_its_old_type() -> None:
    node = profiled(raw(UUID_TEXT, type="Gadget", day=date(1990, 5, 17), deep=[date(1990, 5, 17)]))
    node[0].properties.update({"day": "some day", "deep": ["another"]})
    (again,) = records_in(Portable(Given(node)))
    assert (again.properties["day"], again.properties["deep"]) == ("some day", ["another"])


def test_a_rest_that_a_person_damaged_is_a_property_like_others() -> None:
    node = profiled(raw(UUID_TEXT, type="Gadget", size=1))
    node[0].properties["cogx"] = "{"
    (again,) = records_in(Portable(Given(node)))
    assert again.properties == {"id": UUID_TEXT, "type": "Gadget", "size": 1, "cogx": "{"}


class Given:
    """Records of one kind as they are."""

    system = "cognee"

    def __init__(self, records: list[Any]) -> None:
        self._records = records

    def iter_batches(self, *kinds: str) -> Any:
        for kind in kinds:
            yield kind, [record for record in self._records if record.kind == kind]


def test_a_raw_node_called_entity_stays_one() -> None:
    node = raw(UUID_TEXT, type="Entity", name="Ann", q=1)
    assert back(node) == lines(node)


def test_an_entity_and_a_raw_node_of_one_id_are_one_node_and_two_again() -> None:
    both = [entity("1", "Ann"), raw("1", type="Note", text="t")]
    assert len(profiled(*both)) == 1
    assert back(*both) == lines(*both)


# Facts.


def test_ends_follow_and_the_fact_keeps_its_id() -> None:
    found = profiled(entity("1", "Ann"), raw("2", type="T"), fact("f", "1", "has", "2"))
    assert found[-1].external_id == "f"
    assert (found[-1].subject_ref, found[-1].object_ref) == (
        node_id("demo", "1"),
        node_id("demo", "2"),
    )


def test_an_end_given_by_name_is_the_entity() -> None:
    source = RecordList([entity("1", "Ann Lee"), fact("f", "ann lee", "knows", "1")])
    with CogneeProfile(source) as profile:
        found = records_in(profile, "fact")[0]
        assert found.subject_ref == found.object_ref == node_id("demo", "1")
        assert profile.changes["cognee.named-end"] == 1


@pytest.mark.parametrize(
    ("end", "node", "code"),
    [
        ("Nobody", str(entity_id("Nobody")), "cognee.stub"),
        (UUID_TEXT, UUID_TEXT, "cognee.dangling"),
        ("doc", node_id("demo", "doc"), "cognee.content-end"),
    ],
)
def test_an_end_that_is_no_node_gets_one_that_goes_again(end: str, node: str, code: str) -> None:
    records = [
        entity("1", "Ann"),
        Document(external_id="doc", content="text"),
        fact("f", "1", "about", end),
    ]
    with CogneeProfile(RecordList(records)) as profile:
        found = records_in(profile)
        assert node in {record.external_id for record in found if record.kind == "raw_node"}
        assert profile.changes[code] == 1
    assert back(*records) == lines(*records)


def test_what_cognee_keeps_of_a_fact_comes_back() -> None:
    known = fact(
        "f", "1", "knows", "1", external_system="mem0", fact_text="Ann knows herself.",
        valid_at=MOMENT, invalid_at=MOMENT, confidence=0.5,
    )  # fmt: skip
    assert back(entity("1", "Ann"), known) == lines(entity("1", "Ann"), known)


def test_what_cognee_never_keeps_of_facts_is_declared() -> None:
    source = RecordList(
        [
            entity("1", "Ann"),
            fact("a", "1", "SELF", "1", scope={"user_id": "u"}, metadata={"x": 1}),
            fact("b", "1", "SELF", "1", provenance=["1"], created_at=MOMENT, fact_text=" "),
            Document(external_id="d", content="c", mime_type="text/plain"),
            Episode(external_id="e"),
        ]
    )
    with CogneeProfile(source) as profile:
        records_in(profile)
        assert profile.declared == {
            "cognee.fact-scope": 1, "cognee.fact-metadata": 1, "cognee.fact-provenance": 1,
            "cognee.fact-times": 1, "cognee.fact-text": 1, "cognee.self-loop": 2,
            "cognee.parallel-fact": 1, "cognee.content-fields": 1,
        }  # fmt: skip


def test_a_second_pass_counts_anew() -> None:
    source = RecordList([entity("1", "Ann", entity_type="Person"), fact("f", "1", "x", "Bob")])
    with CogneeProfile(source) as profile:
        records_in(profile)
        first = profile.changes
        records_in(profile)
        assert profile.changes == first == {"cognee.id": 1, "cognee.type": 1, "cognee.stub": 1}


def test_a_facts_own_words_about_an_earlier_import_stay_its_own() -> None:
    said = {"source_external_id": "old", "source_system": "mem0", "cogx": "mine"}
    source = RecordList([entity("1", "Ann"), fact("f", "1", "x", "1", metadata=said)])
    with CogneeProfile(source) as profile, Portable(profile) as again:
        assert fingerprint(again) == fingerprint(source)


# The transform as a whole.


def test_content_passes_and_the_id_map_says_its_id_in_cognee() -> None:
    document = Document(external_id="m1", external_system="mem0", content="text")
    source = RecordList([document])
    with CogneeProfile(source) as profile:
        assert records_in(profile) == records_in(source)
        (change,) = profile.iter_id_changes()
    assert change == ("document", "m1", str(data_id("mem0", "m1")))


def test_for_re_derive_everything_passes() -> None:
    source = RecordList([entity("1", "Ann"), raw("2", type="T")])
    with CogneeProfile(source, mode="re-derive") as profile:
        assert (profile.profile, profile.system) == ("portable", "demo")
        assert fingerprint(profile) == fingerprint(source)
        assert list(profile.iter_id_changes()) == []


def test_a_mode_that_is_none_is_refused() -> None:
    with pytest.raises(UnknownMode):
        CogneeProfile(RecordList([]), mode="merge")


def test_portable_records_stay_what_they_are() -> None:
    source = RecordList(
        [entity("1", "Ann", entity_type="P"), raw("2", type="T"), fact("f", "1", "x", "2")]
    )
    with Portable(source) as again:
        assert fingerprint(again) == fingerprint(source)


def test_identified_entities_go_into_a_cognee_under_their_name_ids(tmp_path: Path) -> None:
    source = RecordList([entity("1", "Ann"), entity("2", "ann"), fact("f", "2", "knows", "1")])
    with Identified(source, "cognee") as named, CogneeProfile(named) as profile:
        nodes = {record.external_id for record in records_in(profile, "raw_node")}
        IdMap.write(
            tmp_path / "ids.jsonl", chained([named.iter_id_changes, profile.iter_id_changes])
        )
        with IdMap.inverse(tmp_path / "ids.jsonl") as id_map, Portable(profile) as again:
            (known,) = records_in(Mapped(again, id_map), "fact")
    assert nodes == {str(entity_id("Ann"))}
    assert (known.subject_ref, known.object_ref) == ("1", "1")


class Bare(RecordList):
    """A source as a server shows it that gives no properties of edges."""

    def __init__(self, records: list[Any]) -> None:
        super().__init__([], "cognee")
        self.records = records

    def iter_batches(self, *kinds: str) -> Iterator[tuple[str, Sequence[Any]]]:
        for one in self.records:
            if one.kind == "fact":
                one.external_system, one.metadata = "cognee", {}
            if not kinds or one.kind in kinds:
                yield one.kind, [one]


def test_what_was_made_for_types_goes_even_where_edges_lost_their_properties() -> None:
    shown = Bare(profiled(entity("1", "Ada", entity_type="Person")))
    with Portable(shown) as again:
        assert [one.kind for one in records_in(again)] == ["entity"]
