from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cogx.derive.composition import Hybrid, Rederived
from cogx.derive.passages import PassageSize
from cogx.derive.vocabulary import VocabularyDeriver
from cogx.format.layout import KINDS
from cogx.format.records import Entity, Fact
from tests.unit.derive.made import (
    Scripted,
    Source,
    document,
    entity,
    fact,
    fingerprint,
    lines_of,
    record,
    records_in,
    validated,
)

SMALL = PassageSize(25)
LONG = "Ann Lee is here today. " * 9
ANN = entity("ann", "Ann Lee")


def hybrid(*records: Any, **options: Any) -> Hybrid:
    return Hybrid(Source(*records), VocabularyDeriver(), **({"size": SMALL} | options))


def triples(mode: Any) -> list[tuple[str, str, str]]:
    return [(f.subject_ref, f.predicate, f.object_ref) for f in records_in(mode, "fact")]


def test_a_text_of_one_passage_is_its_own_node() -> None:
    with hybrid(ANN, document("d", "Ann Lee is here.")) as made:
        assert records_in(made, "raw_node") == []
        assert triples(made) == [("d", "mentions", "ann")]


def test_the_passages_of_a_longer_text_are_nodes_in_order() -> None:
    with hybrid(ANN, document("d", LONG)) as made:
        nodes = sorted(
            (node.properties for node in records_in(made, "raw_node")),
            key=lambda node: node["position"],
        )
        assert [node["position"] for node in nodes] == [0, 1, 2]
        assert "".join(node["text"] for node in nodes) == LONG
        assert {node["type"] for node in nodes} == {"Passage"}
        one, two, three = (node["id"] for node in nodes)
        assert sorted(triples(made)) == sorted(
            [(place, "part_of", "d") for place in (one, two, three)]
            + [(one, "next", two), (two, "next", three)]
            + [(place, "mentions", "ann") for place in (one, two, three)]
        )


def test_a_passage_mentions_with_the_evidence_for_it() -> None:
    with hybrid(ANN, document("d", LONG)) as made:
        said = [f for f in records_in(made, "fact") if f.predicate == "mentions"]
        for one in said:
            assert one.provenance == ["d"]
            assert one.metadata["derived"]["passages"] == [one.subject_ref]
            assert {quote["record"] for quote in one.metadata["evidence"]} == {"d"}
        assert sum(one.metadata["count"] for one in said) == LONG.count("Ann Lee")


def test_whatever_a_deriver_makes_of_a_passage_is_mentioned_by_it() -> None:
    given = [entity("x", "Xenia"), fact("any", "x", "sings", "x")]
    with Hybrid(Source(document("d", "la")), Scripted({"la": given})) as made:
        assert set(triples(made)) == {("d", "mentions", "x"), ("x", "sings", "x")}


def test_what_a_deriver_says_of_mentions_itself_is_not_said_twice() -> None:
    given = [
        Entity(external_id="x", name="X"),
        Fact(external_id="f", subject_ref="d", predicate="mentions", object_ref="x",
             metadata={"count": 5}),
    ]  # fmt: skip
    with Hybrid(Source(document("d", "la")), Scripted({"la": given})) as made:
        (found,) = records_in(made, "fact")
        assert found.metadata["count"] == 5


def test_a_model_s_mention_is_said_of_the_passage_and_stays_as_it_was() -> None:
    mention = Fact(external_id="f", subject_ref="d", predicate="mentions", object_ref="x")
    source = Source(document("d", LONG))
    with hybrid() as plain:
        assert lines_of(plain) == []
    texts = [
        node.properties["text"] for node in records_in(hybrid(document("d", LONG)), "raw_node")
    ]
    with Hybrid(source, Scripted({text: [mention] for text in texts}), size=SMALL) as made:
        ids = {node.external_id for node in records_in(made, "raw_node")}
        said = {subject for subject, predicate, _ in triples(made) if predicate == "mentions"}
        assert said == ids
        assert mention.subject_ref == "d"


def test_passages_and_their_facts_do_not_depend_on_who_reads_them() -> None:
    source = Source(document("d", LONG))
    with (
        Hybrid(source, Scripted({}), size=SMALL) as one,
        Hybrid(source, VocabularyDeriver(), size=SMALL) as other,
    ):
        assert lines_of(one) == lines_of(other)


def test_facts_of_passages_have_the_scope_of_their_record() -> None:
    scope = {"user_id": "u"}
    with hybrid(record("memory", "m", content=LONG, scope=scope)) as made:
        assert [one.scope for one in records_in(made, "fact")] == [scope] * 5


def test_a_passage_is_there_even_if_it_could_not_be_derived() -> None:
    with Hybrid(Source(document("d", LONG)), Scripted({}, skip="Ann"), size=SMALL) as made:
        assert len(records_in(made, "raw_node")) == 3
        assert made.report["passages_not_derived"] == 3


def test_rederive_makes_passages_too() -> None:
    with Rederived(Source(ANN, document("d", LONG)), VocabularyDeriver(), size=SMALL) as made:
        assert len(records_in(made, "raw_node")) == 3
        assert made.report["passage_nodes"] == 3
        assert validated(made).problems == []


def test_digests_say_nothing_of_where_passages_stand() -> None:
    with hybrid(document("d", LONG)) as first:
        result = [r for kind in KINDS for r in records_in(first, kind)]
    options: dict[str, Any] = {"size": SMALL, "keep_facts_as_text": True}
    with Rederived(Source(*result), VocabularyDeriver(), **options) as made:
        assert [one.external_id for one in records_in(made, "document")] == ["d"]


WORDS = st.lists(
    st.sampled_from(["Ann Lee", "Bob", "met", "here.", "\n\n", "2024-05-01"]), max_size=60
)


@settings(max_examples=30)
@given(WORDS, WORDS, st.booleans())
def test_hybrid_keeps_all_facts_and_adds_nothing_to_its_own_result(
    one: list[str], other: list[str], lexical_graph: bool
) -> None:
    source = Source(
        ANN, entity("bob", "Bob"),
        document("d", " ".join(one)),
        record("memory", "m", content=" ".join(other), scope={"user_id": "u"}),
        fact("f", "ann", "mentions", "bob", metadata={"count": 1}),
    )  # fmt: skip
    options: dict[str, Any] = {"size": SMALL, "lexical_graph": lexical_graph}
    with Hybrid(source, VocabularyDeriver(), **options) as made:
        before = lines_of(made)
        result = [r for kind in KINDS for r in records_in(made, kind)]
        assert [line for line in before if b'"derived"' not in line[1]] == lines_of(source)
        assert validated(made).problems == []
    with Hybrid(Source(*result), VocabularyDeriver(), **options) as again:
        assert sorted(lines_of(again)) == sorted(before)
        assert fingerprint(lines_of(again)) == fingerprint(before)
        assert (again.report["passage_nodes"], again.report["facts"]) == (0, 0)


@pytest.mark.parametrize("overlap", [0, 10])
def test_overlap_changes_no_passage_and_no_fact(overlap: int) -> None:
    with hybrid(ANN, document("d", LONG)) as plain:
        expected = lines_of(plain)
    with hybrid(ANN, document("d", LONG), size=PassageSize(25, overlap)) as made:
        assert lines_of(made) == expected
