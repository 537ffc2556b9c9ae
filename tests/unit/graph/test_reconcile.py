from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cogx.codec.fingerprint import FingerprintSums
from cogx.engine.tally import Tally
from cogx.errors import IdentityConflict
from cogx.format.layout import KINDS
from cogx.format.marks import STUB_MARK
from cogx.format.records import AnyRecord
from cogx.graph.mapping import stub
from cogx.graph.reconcile import (
    POLICIES,
    Action,
    Outcome,
    created,
    reconcile_edges,
    reconcile_nodes,
)
from cogx.ports import Edge, Node
from cogx.testing.strategies import records

from .nodes import SYSTEM, document, edge, entity, fact, fields, node, raw, said

OLD, NEW = {"description": "old"}, {"description": "new"}
EARLY, LATE = "2020-01-01T00:00:00Z", "2026-01-01T00:00:00Z"


def nodes(old: Node, new: Node, policy: str = "merge") -> tuple[Node, list[Outcome]]:
    """Return the node that stands there afterwards, and the outcomes."""
    written, outcomes = reconcile_nodes(old, new, policy, SYSTEM)
    return written or old, outcomes


def edges(old: Edge, new: Edge, policy: str = "merge") -> tuple[Edge, list[Outcome]]:
    written, outcomes = reconcile_edges(old, new, policy, SYSTEM)
    return written or old, outcomes


def merged(old: AnyRecord, new: AnyRecord) -> tuple[dict[str, Any], list[str]]:
    """Return what two records say as one, and the paths of what gave way."""
    if old.kind == "fact":
        row, (outcome,) = edges(edge(old), edge(new))
        return fields(row), outcome.overwritten
    made, (outcome,) = nodes(node(old), node(new))
    return fields(made), outcome.overwritten


MARKED = entity(metadata={STUB_MARK: True})
MARKED_RAW = raw(**{STUB_MARK: True})

# Per situation: the old node, the new one, and per policy what is done (None: it is refused).
SITUATIONS: dict[str, tuple[Node, Node, tuple[str | None, ...]]] = {
    # what                    old                     new               merge skip replace fail
    "equal": (
        node(entity()), node(entity()), ("unchanged", "unchanged", "unchanged", "unchanged"),
    ),
    "differs": (
        node(entity(**OLD)), node(entity(**NEW)), ("merged", "skipped", "updated", None),
    ),
    "says less": (
        node(entity(**OLD)), node(entity()), ("unchanged", "skipped", "updated", None),
    ),
    "says more": (
        node(entity()), node(entity(**NEW)), ("merged", "skipped", "updated", None),
    ),
    "place held": (
        stub("a"), node(entity()), ("created", "created", "created", "created"),
    ),
    "selection's stub there": (
        node(MARKED), node(entity(**NEW)), ("updated", "updated", "updated", "updated"),
    ),
    "selection's stub comes": (
        node(entity(**OLD)), node(MARKED), ("skipped", "skipped", "skipped", "skipped"),
    ),
    "raw stub there": (
        node(MARKED_RAW), node(raw(p=1)), ("updated", "updated", "updated", "updated"),
    ),
    "raw stub comes": (
        node(raw(p=1)), node(MARKED_RAW), ("skipped", "skipped", "skipped", "skipped"),
    ),
    "another kind": (
        node(raw(p=1)), node(document()), ("created", "created", "created", "created"),
    ),
    "more copies": (
        node(entity()), node(entity(), copies=3), ("merged", "skipped", "updated", None),
    ),
    "fewer copies": (
        node(entity(), copies=3), node(entity()),
        ("unchanged", "unchanged", "unchanged", "unchanged"),
    ),
}  # fmt: skip
CASES = [
    pytest.param(old, new, policy, action, id=f"{name}-{policy}")
    for name, (old, new, actions) in SITUATIONS.items()
    for policy, action in zip(("merge", "skip", "replace", "fail"), actions, strict=True)
]


def test_every_policy_is_asked() -> None:
    assert POLICIES == ("merge", "skip", "replace", "fail")


@pytest.mark.parametrize(("old", "new", "policy", "action"), CASES)
def test_what_is_done(old: Node, new: Node, policy: str, action: str | None) -> None:
    if action is None:
        with pytest.raises(IdentityConflict, match=r"'a' is in the store"):
            reconcile_nodes(old, new, policy, SYSTEM)
        return
    written, outcomes = reconcile_nodes(old, new, policy, SYSTEM)
    assert [outcome.action for outcome in outcomes] == [action]
    assert (written is None) == (action in ("unchanged", "skipped"))


@pytest.mark.parametrize(("old", "new", "policy", "action"), CASES)
def test_what_stands_there_afterwards(
    old: Node, new: Node, policy: str, action: str | None
) -> None:
    if action is None:
        return
    row, outcomes = nodes(old, new, policy)
    there = said(row)
    assert there == said(old) + _difference(outcomes)
    if action == "updated":
        assert there == said(new)
    elif action in ("unchanged", "skipped"):
        assert there == said(old)
    elif action == "created":
        assert there == said(old) + said(new)


def _difference(outcomes: list[Outcome]) -> Counter[tuple[str, bytes]]:
    """Return what outcomes say that they did to the records of a node."""
    done: Counter[tuple[str, bytes]] = Counter()
    for outcome in outcomes:
        if outcome.before is not None:
            done[outcome.kind, outcome.before] -= outcome.copies_before
        done[outcome.kind, outcome.after] += outcome.copies
    return done


@pytest.mark.parametrize("policy", POLICIES)
def test_a_held_place_changes_nothing_that_is_there(policy: str) -> None:
    assert reconcile_nodes(node(entity()), stub("a"), policy, SYSTEM) == (None, [])


@pytest.mark.parametrize(
    ("policy", "action"), [("merge", "merged"), ("skip", "skipped"), ("replace", "updated")]
)
def test_an_edge_that_differs(policy: str, action: str) -> None:
    old, new = fact(confidence=0.5), fact(fact_text="Ann knows Bob")
    row, (outcome,) = edges(edge(old), edge(new), policy)
    both = said(edge(fact(confidence=0.5, fact_text="Ann knows Bob")))
    wanted = {"merge": both, "skip": said(edge(old)), "replace": said(edge(new))}
    assert (outcome.action, said(row)) == (action, wanted[policy])


def test_an_edge_that_differs_is_refused() -> None:
    with pytest.raises(IdentityConflict) as caught:
        edges(edge(fact(confidence=0.5)), edge(fact(confidence=0.25, valid_at=EARLY)), "fail")
    assert caught.value.context == {
        "kind": "fact",
        "id": "f",
        "fields": ["confidence", "valid_at"],
    }


@pytest.mark.parametrize("policy", POLICIES)
def test_an_edge_that_is_equal_stays(policy: str) -> None:
    written, (outcome,) = reconcile_edges(edge(fact()), edge(fact()), policy, SYSTEM)
    assert (written, outcome.action) == (None, Action.UNCHANGED)


def test_copies_of_a_fact_become_as_many_as_the_larger_number() -> None:
    few, many = edge(fact(), copies=2), edge(fact(), copies=3)
    row, (outcome,) = edges(few, many)
    assert (outcome.action, outcome.came, said(row)) == (Action.MERGED, 3, said(many))
    row, (outcome,) = edges(many, few)
    assert (outcome.action, outcome.came, said(row)) == (Action.UNCHANGED, 2, said(many))


def test_outcomes_say_how_often_a_record_came_and_stands() -> None:
    _, (outcome,) = nodes(node(entity(), copies=3), node(entity(**NEW)))
    assert (outcome.came, outcome.copies, outcome.copies_before) == (1, 3, 3)


def test_each_kind_of_a_node_has_its_own_outcome() -> None:
    old = node(raw(text="t", p=1), document(content="t"))
    new = node(raw(text="t", p=1), document(content="t", title="new"))
    row, outcomes = nodes(old, new)
    assert [(one.kind, one.action) for one in outcomes] == [
        ("raw_node", "unchanged"),
        ("document", "merged"),
    ]
    assert said(row) == said(new)


def test_kinds_that_did_not_come_stay() -> None:
    old = node(raw(p=1), document(title="kept"), document(title="kept"))
    row, _ = nodes(old, node(raw(p=2)), "replace")
    assert said(row) == said(node(raw(p=2), document(title="kept"), document(title="kept")))


def test_a_raw_node_that_joins_another_record_keeps_its_type() -> None:
    row, _ = nodes(node(entity()), node(raw(type="Chunk", p=1)))
    assert said(row) == said(node(entity())) + said(node(raw(type="Chunk", p=1)))


def test_the_record_that_made_the_node_still_makes_it() -> None:
    row, _ = nodes(node(document(content="d")), node(raw(type="Chunk"), document(content="d")))
    assert row.type == "Document"


def test_labels_that_somebody_gave_a_node_stay_labels() -> None:
    old = node(entity(entity_type="Person"))
    old.labels = ("Boss", "Vip")
    row, _ = nodes(old, node(entity(entity_type="Person", **NEW)))
    assert row.labels == ("Boss", "Vip")
    assert fields(row)["attributes"] == {"labels": ["Boss", "Vip"]}


def test_labels_go_where_a_record_replaces_them() -> None:
    old = node(entity())
    old.labels = ("Boss",)
    row, _ = nodes(old, node(entity(**NEW)), "replace")
    assert (row.labels, said(row)) == ((), said(node(entity(**NEW))))


def test_labels_beside_a_property_of_that_name_stay_what_they_are() -> None:
    old = node(entity(attributes={"labels": 7}))
    old.labels = ("Boss",)
    row, _ = nodes(old, node(entity(**NEW)))
    assert (row.labels, row.properties["labels"]) == (("Boss",), 7)


def test_new_labels_come_as_the_property_that_they_are_in_an_archive() -> None:
    row, _ = nodes(node(entity()), node(entity(attributes={"labels": ["Boss"]})))
    assert (row.labels, row.properties["labels"]) == ((), ["Boss"])


# What merging does, value by value: old record, new record, what is said then, what gave way.
RULES: dict[str, tuple[AnyRecord, AnyRecord, dict[str, Any], list[str]]] = {
    "lists of texts are united, old ones first": (
        entity(aliases=["B", "A"]), entity(aliases=["C", "A"]), {"aliases": ["B", "A", "C"]}, [],
    ),
    "provenance is united": (
        fact(provenance=["x"]), fact(provenance=["y", "x"]), {"provenance": ["x", "y"]}, [],
    ),
    "what a list says twice it says twice": (
        entity(aliases=["A"]), entity(aliases=["B", "A", "A"]), {"aliases": ["A", "B", "A"]}, [],
    ),
    "lists inside metadata are values": (
        entity(metadata={"categories": ["x"]}), entity(metadata={"categories": ["y"]}),
        {"metadata": {"categories": ["y"]}}, ["metadata.categories"],
    ),
    "attributes are united by key": (
        entity(attributes={"a": 1, "b": 1}), entity(attributes={"b": 2, "c": 2}),
        {"attributes": {"a": 1, "b": 2, "c": 2}}, ["attributes.b"],
    ),
    "metadata and scope are united by key": (
        fact(metadata={"a": 1}, scope={"user_id": "u"}),
        fact(metadata={"a": 1.0}, scope={"run_id": "r"}),
        {"metadata": {"a": 1.0}, "scope": {"run_id": "r", "user_id": "u"}}, ["metadata.a"],
    ),
    "objects inside are values": (
        entity(attributes={"o": {"a": 1}}), entity(attributes={"o": {"b": 2}}),
        {"attributes": {"o": {"b": 2}}}, ["attributes.o"],
    ),
    "created_at is the earlier one, whoever says it": (
        entity(created_at=LATE), entity(created_at=EARLY), {"created_at": EARLY}, [],
    ),
    "created_at stays the earlier one": (
        entity(created_at=EARLY), entity(created_at=LATE), {"created_at": EARLY}, [],
    ),
    "without times the new one speaks": (
        entity(**OLD), entity(**NEW), NEW, ["description"],
    ),
    "the later updated_at speaks, if it is the new one": (
        entity(updated_at=EARLY, **OLD), entity(updated_at=LATE, **NEW),
        {"updated_at": LATE, **NEW}, ["description"],
    ),
    "the later updated_at speaks, if it is the old one": (
        entity(updated_at=LATE, **OLD), entity(updated_at=EARLY, **NEW),
        {"updated_at": LATE, **OLD}, ["description"],
    ),
    "the later one speaks of objects, too": (
        entity(updated_at=LATE, attributes={"a": "old"}),
        entity(updated_at=EARLY, attributes={"a": "new", "b": "new"}),
        {"attributes": {"a": "old", "b": "new"}}, ["attributes.a"],
    ),
    "a time against none is no later one": (
        entity(updated_at=LATE, **OLD), entity(**NEW), {"updated_at": LATE, **NEW},
        ["description"],
    ),
    "what only one says is kept": (
        entity(entity_type="Person"), entity(**NEW), {"entity_type": "Person", **NEW}, [],
    ),
    "unknown fields are kept": (
        entity(later=1), entity(sooner=2), {"later": 1, "sooner": 2}, [],
    ),
    "unknown fields with the names of known ones are values": (
        document(aliases=["A"], attributes={"a": 1}), document(aliases="B", attributes=None),
        {"aliases": "B", "attributes": {"a": 1}}, ["aliases"],
    ),
    "an empty text is a value": (
        entity(**OLD), entity(description=""), {"description": ""}, ["description"],
    ),
    "null erases no attribute": (
        entity(attributes={"a": 1}), entity(attributes={"a": None, "b": None}),
        {"attributes": {"a": 1, "b": None}}, [],
    ),
    "a null is filled": (
        entity(attributes={"a": None}), entity(attributes={"a": 1}), {"attributes": {"a": 1}}, [],
    ),
    "properties of raw nodes are values as they are": (
        raw(aliases=["A"], metadata={"a": 1}, p=1, q=1), raw(aliases=["B"], metadata={"b": 2}, p=2),
        {"aliases": ["B"], "metadata": {"b": 2}, "p": 2, "q": 1}, ["aliases", "metadata", "p"],
    ),
    "null erases no property of a raw node": (
        raw(p=1, q=None), raw(p=None, r=None), {"p": 1, "q": None, "r": None}, [],
    ),
    "a raw node speaks by its updated_at if that is a time": (
        raw(updated_at=LATE, p="old"), raw(updated_at=EARLY, p="new"),
        {"updated_at": LATE, "p": "old"}, ["p"],
    ),
    "a raw node may have anything for a time": (
        raw(updated_at="yesterday", p="old"), raw(updated_at=7, p="new"),
        {"updated_at": 7, "p": "new"}, ["p"],
    ),
    "times of validity are values like others": (
        fact(fact_text="old", valid_at=EARLY, invalid_at=LATE),
        fact(fact_text="new", valid_at=LATE),
        {"fact_text": "new", "valid_at": LATE, "invalid_at": LATE}, ["fact_text", "valid_at"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "wanted", "gone"), RULES.values(), ids=RULES)
def test_merging(old: AnyRecord, new: AnyRecord, wanted: dict[str, Any], gone: list[str]) -> None:
    found, overwritten = merged(old, new)
    base = fields(edge(old)) if old.kind == "fact" else fields(node(old))
    assert {name: found.get(name) for name in wanted} == wanted
    assert found.keys() <= base.keys() | wanted.keys()
    assert overwritten == gone


def test_an_end_found_by_name_is_kept_against_a_held_place() -> None:
    by_name, held = edge(fact(), source="ann"), edge(fact(confidence=0.5))
    row, _ = edges(by_name, held)
    assert (row.source, row.target) == ("ann", "b")
    assert said(row) == said(held)


def test_an_edge_moves_to_an_end_that_a_name_finds_now() -> None:
    written, (outcome,) = reconcile_edges(edge(fact()), edge(fact(), source="ann"), "merge", SYSTEM)
    assert outcome.action is Action.UNCHANGED
    assert written is not None
    assert (written.source, said(written)) == ("ann", said(edge(fact())))


def test_a_fact_with_other_ends_moves() -> None:
    row, (outcome,) = edges(edge(fact()), edge(fact(object_ref="c")))
    assert (row.source, row.target, outcome.overwritten) == ("a", "c", ["object_ref"])


def test_the_given_nodes_are_not_changed() -> None:
    old, new = node(entity(**OLD), document()), node(entity(**NEW), document(title="t"))
    before = said(old), said(new)
    reconcile_nodes(old, new, "merge", SYSTEM)
    assert (said(old), said(new)) == before


# Laws, for records of any content.

_NODE_KINDS = [kind for kind in KINDS if kind != "fact"]


def _renamed(record: AnyRecord) -> AnyRecord:
    if record.kind == "raw_node":
        return record.model_copy(update={"properties": record.properties | {"id": "a"}})
    return record.model_copy(update={"external_id": "a"})


@st.composite
def rows(draw: st.DrawFn, *, facts: bool | None = None) -> Node | Edge:
    """Draw the node of some records of one id, or the edge of a fact."""
    copies = draw(st.integers(1, 2))
    if draw(st.booleans()) if facts is None else facts:
        return edge(_renamed(draw(records("fact"))), copies=copies)
    kinds = draw(st.lists(st.sampled_from(_NODE_KINDS), min_size=1, max_size=2, unique=True))
    return node(*[_renamed(draw(records(kind))) for kind in kinds], copies=copies)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Any, Any]:
    """Draw two rows of one id."""
    facts = draw(st.booleans())
    return draw(rows(facts=facts)), draw(rows(facts=facts))


def reconciled(old: Node | Edge, new: Node | Edge, policy: str) -> tuple[Any, list[Outcome]]:
    if isinstance(old, Node):
        assert isinstance(new, Node)
        return nodes(old, new, policy)
    assert isinstance(new, Edge)
    return edges(old, new, policy)


@given(rows(), st.sampled_from(POLICIES))
def test_a_row_is_unchanged_by_itself(row: Node | Edge, policy: str) -> None:
    found, outcomes = reconciled(row, row, policy)
    assert {outcome.action for outcome in outcomes} <= {Action.UNCHANGED}
    assert found is row


@given(pairs())
def test_merging_twice_is_merging_once(pair: tuple[Any, Any]) -> None:
    once, _ = reconciled(*pair, "merge")
    twice, outcomes = reconciled(once, pair[1], "merge")
    assert {outcome.action for outcome in outcomes} <= {Action.UNCHANGED, Action.SKIPPED}
    assert twice is once


@given(pairs())
def test_skipping_changes_no_record(pair: tuple[Any, Any]) -> None:
    old, new = pair
    found, outcomes = reconciled(old, new, "skip")
    assert said(found) - said(old) == _created(outcomes)
    assert not said(old) - said(found)


def _created(outcomes: list[Outcome]) -> Counter[tuple[str, bytes]]:
    return _difference([one for one in outcomes if one.action is Action.CREATED])


@given(pairs())
def test_replacing_gives_the_new_records(pair: tuple[Any, Any]) -> None:
    old, new = pair
    found, _ = reconciled(old, new, "replace")
    came = {kind for kind, _ in said(new)}
    there, wanted = said(found), said(new)
    if {line for _, line in said(old)} & {line for _, line in wanted}:
        assert set(there) >= set(wanted)  # an equal record stays as often as it is there
    else:
        assert Counter({one: n for one, n in there.items() if one[0] in came}) == wanted


@given(pairs(), st.sampled_from(("merge", "skip", "replace")))
def test_the_tally_knows_the_fingerprint_afterwards(pair: tuple[Any, Any], policy: str) -> None:
    old, new = pair
    found, outcomes = reconciled(old, new, policy)
    tally = Tally()
    tally.add(outcomes)
    expected = fingerprint(old)
    expected.join(tally.sums)
    assert fingerprint(found) == expected


@given(rows())
def test_the_tally_knows_the_fingerprint_of_what_is_new(row: Node | Edge) -> None:
    tally = Tally()
    tally.add(created(row, SYSTEM))
    assert tally.sums == fingerprint(row)


@given(pairs(), st.sampled_from(("merge", "skip", "replace")))
def test_the_tally_accepts_every_record_that_came(pair: tuple[Any, Any], policy: str) -> None:
    tally = Tally()
    tally.add(reconciled(*pair, policy)[1])
    came = Counter(kind for kind, _ in said(pair[1]).elements())
    assert {kind: sum(done.values()) for kind, done in tally.actions.items()} == came


def fingerprint(row: Node | Edge) -> FingerprintSums:
    sums = FingerprintSums()
    for kind, line in said(row).elements():
        sums.add_lines(kind, [line])
    return sums
