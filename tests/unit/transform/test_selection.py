from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cogx.archive.reader import open_archive
from cogx.archive.validate import validate
from cogx.archive.writer import ArchiveWriter
from cogx.format.identity import normalise_name
from cogx.format.layout import KINDS
from cogx.format.manifest import Extension, Manifest
from cogx.format.records import SCOPE_KEYS
from cogx.graph.stubs import is_marked_stub
from cogx.testing.strategies import archives, instants
from cogx.transform.criteria import Criteria, parse_criteria
from cogx.transform.selection import Selected
from tests.unit.transform.lists import (
    Lists,
    document,
    entity,
    fact,
    ids_in,
    lines_of,
    made,
    raw,
    records_of,
)

PEOPLE = [
    entity("ann", "Person", description="builds boats", updated_at=9, scope={"user_id": "u"}),
    entity("bob", "Person", created_at=3),
    entity("acme", "Firm", name="Acme Ltd", attributes={"size": 3}, metadata={"a": 1}),
    entity("oslo", "City"),
    raw("boat", type="Boat", name="Titania", length=12),
    document("doc", title="A letter", updated_at=9),
    document("note"),
    fact("knows", "ann", "bob", predicate="knows", updated_at=2),
    fact("job", "ann", "acme", predicate="works_at", valid_at=5, invalid_at=8, updated_at=8),
    fact("sails", "ann", "boat", predicate="sails"),
    fact("seat", "acme", "oslo", predicate="is_in", scope={"user_id": "u"}),
]


def select(*only: str, as_of: str | None = None, of: list[Any] | None = None) -> Selected:
    return Selected(Lists(PEOPLE if of is None else of), parse_criteria(only, as_of))


def parts(source: Selected) -> tuple[set[str], set[str]]:
    """Return the ids of what stands in full, and of stubs."""
    full, stubs = set(), set()
    for kind, record in records_of(source):
        (stubs if is_marked_stub(kind, record) else full).add(record.external_id)
    return full, stubs


@pytest.mark.parametrize(
    ("only", "full", "stubs"),
    [
        (["type=Person"], "ann bob knows job sails", "acme boat"),
        (["type=City", "type=Firm"], "acme oslo job seat", "ann"),
        (["type=Boat"], "boat sails", "ann"),
        (["kind=entity"], "ann bob acme oslo", ""),
        (["kind=fact"], "knows job sails seat", "ann bob acme boat oslo"),
        (["kind=entity", "kind=fact"], "ann bob acme oslo knows job sails seat", "boat"),
        (["kind=document"], "doc note", ""),
        (["kind=entity", "type=Person"], "ann bob", ""),
        (["kind=fact", "type=City"], "seat", "acme oslo"),
        (["predicate=works_at"], "ann acme job", ""),
        (["kind=fact", "predicate=works_at"], "job", "ann acme"),
        (["kind=entity", "predicate=works_at"], "ann acme", ""),
        (["type=Person", "predicate=works_at"], "ann job", "acme"),
        (["type=Person", "predicate=is_in"], "", ""),
        (["ids=bob"], "bob knows", "ann"),
        (["ids=job"], "job", "ann acme"),
        (["ids=bob,seat"], "bob knows seat", "ann acme oslo"),
        (["ids=ann", "type=Firm"], "job", "ann acme"),
        (["since=2024-01-05"], "ann doc job", "acme"),
        (["until=2024-01-05"], "bob knows", "ann"),
        (["since=2024-01-02", "until=2024-01-03"], "knows", "ann bob"),
        (["scope.user_id=u"], "ann seat", "acme oslo"),
        (["system=s", "kind=raw_node"], "boat", ""),
        (["system=t"], "", ""),
    ],
)
def test_what_is_selected(only: list[str], full: str, stubs: str) -> None:
    assert parts(select(*only)) == (set(full.split()), set(stubs.split()))


@pytest.mark.parametrize(
    ("as_of", "holds"),
    [("2024-01-04", False), ("2024-01-05", True), ("2024-01-07", True), ("2024-01-08", False)],
)
def test_a_fact_holds_from_valid_at_until_invalid_at(as_of: str, holds: bool) -> None:
    assert ("job" in ids_in(select(as_of=as_of), "fact")) == holds


def test_as_of_leaves_all_nodes_as_they_are() -> None:
    assert parts(select(as_of="2024-01-04")) == (
        {record.external_id for record in PEOPLE} - {"job"},
        set(),
    )


def test_updated_at_counts_before_created_at() -> None:
    old = entity("a", created_at=1, updated_at=9)
    assert ids_in(select("since=2024-01-05", of=[old])) == ["a"]


@pytest.mark.parametrize(
    "times",
    [
        {"updated_at": "2024-01-09T00:00:00Z"},
        {"updated_at": 1704758400000},
        {"updated_at": {"$cogx": "datetime", "value": "2024-01-09T00:00:00Z"}},
        {"updated_at": ["?"], "created_at": "2024-01-09"},
        {"updated_at": {"$cogx": "datetime", "value": "?"}, "created_at": "2024-01-09"},
    ],
)
def test_a_raw_node_says_its_time_among_its_properties(times: dict[str, Any]) -> None:
    assert ids_in(select("since=2024-01-09", "until=2024-01-10", of=[raw("a", **times)])) == ["a"]


def test_a_raw_node_whose_type_is_no_text_has_none() -> None:
    assert ids_in(select("type=Person", of=[raw("a", type=["Person"])])) == []


def test_a_raw_node_is_of_the_sources_system() -> None:
    nodes = [raw("a"), entity("b", external_system="t")]
    assert ids_in(select("system=s", of=nodes)) == ["a"]


def test_the_stub_of_an_entity_says_name_type_and_mark() -> None:
    source = select("ids=job")
    stub = next(record for _, record in records_of(source, "entity") if record.name == "Acme Ltd")
    assert stub == entity("acme", "Firm", name="Acme Ltd", metadata={"cogx_stub": True})


def test_the_stub_of_a_raw_node_is_one() -> None:
    stubs = records_of(select("ids=sails"), "raw_node")
    expected = raw("boat", type="Boat", name="Titania", cogx_stub=True)
    assert stubs == [("raw_node", expected)]


@pytest.mark.parametrize(
    ("end", "name"),
    [
        (document("x", title="A letter"), "A letter"),
        (document("x"), "x"),
        (document("x", title=""), "x"),
        (made("episode", "x", title="A talk"), "A talk"),
        (made("memory", "x", content="text"), "x"),
        (made("memory_block", "x", label="persona", value="text"), "x"),
        (fact("x", "a", "a", predicate="q"), "x"),
    ],
)
def test_the_stub_of_another_kind_is_an_entity(end: Any, name: str) -> None:
    source = select("ids=f", of=[end, entity("a"), fact("f", "a", "x")])
    stubs = dict(zip(ids_in(source, "entity"), records_of(source, "entity"), strict=True))
    expected = entity("x", name=name, metadata={"cogx_stub": True})
    assert stubs["x"] == ("entity", expected)


def test_no_title_gives_a_dangling_end_a_thing_to_name() -> None:
    records = [
        document("d", title="A Letter"),
        fact("f", "d", "a_letter"),
        fact("g", "d", "a Letter"),
    ]
    stubs = records_of(select("kind=fact", of=records), "entity")
    assert [(stub.external_id, stub.name) for _, stub in stubs] == [("d", "d")]


def test_a_content_record_that_is_selected_needs_no_stub() -> None:
    records = [document("d"), fact("f", "d", "d")]
    assert parts(select("kind=fact", "kind=document", of=records)) == ({"d", "f"}, set())


def test_a_fact_that_is_selected_needs_no_stub_as_an_end() -> None:
    records = [fact("e", "a", "a"), fact("f", "e", "e")]
    assert parts(select("kind=fact", of=records)) == ({"e", "f"}, set())


def test_a_fact_as_an_end_that_does_not_hold_becomes_a_stub() -> None:
    records = [fact("e", "a", "a", invalid_at=1), fact("f", "e", "e")]
    assert parts(select(as_of="2024-01-05", of=records)) == ({"f"}, {"e"})


def test_an_end_given_by_name_means_the_first_entity_of_that_name() -> None:
    records = [
        entity("1", "Firm", name="Ann's Boats"),
        entity("2", "Person", name="anns boats"),
        fact("f", "ANNS BOATS", "x"),
    ]
    assert parts(select("type=Person", of=records)) == ({"2"}, set())
    assert parts(select("type=Firm", of=records)) == ({"1", "f"}, set())
    assert parts(select("ids=1", of=records)) == ({"1", "f"}, set())


def test_a_neighbour_given_by_name_becomes_a_stub_with_its_name() -> None:
    records = [entity("1", name="Acme Ltd"), entity("2", "Person"), fact("f", "2", "acme_ltd")]
    assert parts(select("type=Person", of=records)) == ({"2", "f"}, {"1"})


def test_only_an_entity_answers_to_a_name() -> None:
    records = [raw("1", type="Firm"), entity("1", name="Acme"), fact("f", "acme", "acme")]
    source = select("kind=fact", "kind=raw_node", of=records)
    assert [kind for kind, _ in records_of(source)] == ["raw_node", "entity", "fact"]


def test_an_id_counts_before_a_name() -> None:
    records = [entity("x", "Person", name="bob"), raw("bob", type="Boat"), fact("f", "bob", "bob")]
    assert parts(select("type=Person", of=records)) == ({"x"}, set())


def test_the_id_of_a_fact_counts_before_a_name() -> None:
    records = [entity("x", "Person", name="g"), fact("f", "g", "g"), fact("g", "y", "y")]
    assert parts(select("type=Person", of=records)) == ({"x"}, set())


def test_a_dangling_end_stays_as_it_is() -> None:
    assert parts(select("kind=fact", of=[fact("f", "no", "one")])) == ({"f"}, set())


def test_one_record_of_an_id_that_is_selected_is_enough() -> None:
    records = [raw("c", type="Chunk"), document("c"), fact("f", "c", "c")]
    assert parts(select("kind=document", "kind=fact", of=records)) == ({"c", "f"}, set())


def test_an_id_of_several_kinds_makes_one_stub() -> None:
    records = [document("c"), entity("c"), raw("c"), raw("c", name="2"), fact("f", "c", "c")]
    assert records_of(select("kind=fact", of=records))[:-1] == [
        ("raw_node", raw("c", cogx_stub=True))
    ]


def test_a_stub_stays_a_stub() -> None:
    stub = entity("a", "Person", metadata={"cogx_stub": True})
    assert records_of(select("type=Person", of=[stub])) == [("entity", stub)]


def test_kinds_come_in_the_order_asked_for_and_alone() -> None:
    records = [document("d"), raw("r"), entity("e"), fact("f", "d", "e"), fact("g", "r", "r")]
    source = select("kind=fact", of=records)
    assert ids_in(source, "fact", "entity", "raw_node") == ["f", "g", "e", "d", "r"]
    assert ids_in(source, "document", "entity") == ["e", "d"]
    assert ids_in(source, "raw_node") == ["r"]


def test_records_can_be_gone_through_again() -> None:
    source = select("type=Person")
    assert lines_of(source) == lines_of(source)


def test_what_is_left_out_is_counted_by_kind_once() -> None:
    source = select("type=Person")
    lines_of(source)
    lines_of(source)
    assert source.counts == {"entity": 2, "raw_node": 1, "document": 2, "fact": 1, "stub": 2}


def test_stubs_of_another_kind_are_counted() -> None:
    source = select("kind=fact", of=[document("d"), fact("f", "d", "d")])
    lines_of(source)
    assert source.counts == {"document": 1, "stub": 1}


def test_what_lacks_a_time_is_counted() -> None:
    records = [entity("a", "Person"), entity("b", "Firm"), entity("c", "Person", created_at=1)]
    source = select("since=2024-01-05", "type=Person", of=records)
    lines_of(source)
    assert source.counts == {"entity": 3, "no-time": 1}


def test_nothing_is_counted_where_nothing_is_asked() -> None:
    source = Selected(Lists(PEOPLE), Criteria())
    lines_of(source)
    assert not source.counts
    assert not source.unused


def test_terms_that_no_record_met_are_named() -> None:
    source = select("type=Person", "type=Persn", "ids=bob,knows,bop", "scope.user_id=me")
    lines_of(source)
    assert source.unused == ["type=Persn", "ids=bop", "scope.user_id=me"]


def test_terms_met_by_what_is_not_selected_itself_are_no_mistake() -> None:
    source = select("kind=fact", "type=City", "ids=oslo,seat", "predicate=is_in", "system=s")
    lines_of(source)
    assert source.unused == []


def written(source: Selected) -> dict[str, bytes]:
    members: dict[str, bytes] = {}
    extension = Extension(generator="test", complete=False, selection="a part")
    manifest = Manifest(source_system=source.system, cogx=extension)
    with ArchiveWriter(members, manifest=manifest) as writer:
        for kind, records in source.iter_batches():
            writer.write_batch(kind, records)
    return members


@pytest.mark.parametrize("term", ["type=Person", "kind=fact", "predicate=knows", "ids=job"])
def test_a_selection_is_a_valid_archive(term: str) -> None:
    members = written(select(term))
    assert validate(members).problems == []
    with open_archive(members) as archive:
        assert archive.manifest is not None and archive.manifest.cogx is not None
        assert archive.manifest.cogx.selection == "a part"


@st.composite
def criteria(draw: st.DrawFn) -> Criteria:
    """Return criteria that often meet something that the strategies for records make."""

    def some(*values: str) -> frozenset[str]:
        return draw(st.just(frozenset[str]()) | st.frozensets(st.sampled_from(values), max_size=2))

    times = st.none() | instants()
    return Criteria(
        kinds=some(*KINDS, "fact", "entity"),
        types=some("", "Person", "Place"),
        predicates=some("a", "null", "NaN"),
        ids=some("a", "b", "Ann Lee", "ann_lee", "\0"),
        since=draw(times),
        systems=some("", "a", "s"),
        scope={key: {"a"} for key in SCOPE_KEYS if draw(st.integers(0, 20)) == 0},  # type: ignore[misc]
        as_of=draw(times),
    )


@given(archives(typed=False))
def test_selecting_every_kind_is_the_identity(records: list[Any]) -> None:
    source = Lists(records)
    assert lines_of(Selected(source, Criteria(kinds=frozenset(KINDS)))) == lines_of(source)


@given(archives(typed=False), criteria())
def test_no_selected_fact_dangles_that_did_not_before(records: list[Any], asked: Criteria) -> None:
    before = meanings(records)
    selected = [record for _, record in records_of(Selected(Lists(records), asked))]
    after = meanings(selected)
    for reference in {end for one in selected if one.kind == "fact" for end in ends(one)}:
        assert (reference in before) <= (reference in after)
        assert before.get(reference) in {None, after.get(reference)}


@given(archives(typed=False), criteria())
def test_what_is_selected_in_full_comes_from_the_source(
    records: list[Any], asked: Criteria
) -> None:
    known = set(lines_of(Lists(records)))
    stubs = 0
    for kind, line in lines_of(source := Selected(Lists(records), asked)):
        stubs += (kind, line) not in known
    assert stubs <= source.counts["stub"]


@given(archives(typed=False), criteria(), st.integers(1, 3))
def test_batches_do_not_matter(records: list[Any], asked: Criteria, batch: int) -> None:
    whole = Selected(Lists(records), asked)
    cut = Selected(Lists(records, batch=batch), asked)
    assert lines_of(whole) == lines_of(cut)
    assert whole.counts == cut.counts
    assert whole.unused == cut.unused


def ends(one: Any) -> tuple[str, str]:
    return one.subject_ref, one.object_ref


def meanings(records: list[Any]) -> dict[str, str]:
    """Return what each reference to a record of a list means: an id."""
    references = {end for one in records if one.kind == "fact" for end in ends(one)}
    known = {record.external_id for record in records}
    named: dict[str, str] = {}
    for record in records:
        if record.kind == "entity":
            named.setdefault(normalise_name(record.name), record.external_id)
    found = {
        text: text if text in known else named.get(normalise_name(text)) for text in references
    }
    return {text: meant for text, meant in found.items() if meant is not None}
