from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings

from cogx.archive.reader import open_archive
from cogx.archive.writer import ArchiveWriter
from cogx.derive.composition import Hybrid, Rederived
from cogx.derive.passages import PassageSize
from cogx.derive.vocabulary import VocabularyDeriver
from cogx.errors import BadSetting, EmptyGraph
from cogx.format.identity import entity_id
from cogx.format.layout import KINDS
from cogx.ports import Underived
from cogx.testing.strategies import archives
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

ANN, BOB, ACME = (str(entity_id(name)) for name in ("Ann Lee", "Bob", "Acme"))
RECORDS = (
    record("raw_node", "rome", name="Rome", type="City", height=7),
    entity("ann", "Ann Lee", entity_type="Person", description="a baker", aliases=["Annie"]),
    entity("bob", "Bob"),
    entity("acme", "Acme", attributes={"size": 3}),
    entity("j1", "John"),
    entity("j2", "John"),
    document("d1", "Ann Lee met Bob in Rome. John left on 1 May 2024.", title="Diary"),
    document("d2", "QUJD", metadata={"encoding": "base64"}),
    record("memory", "m1", content="Annie likes Bob", scope={"user_id": "u"}),
    record("memory_block", "b1", label="work", value="I work at Acme, says my Diary."),
    record("episode", "e1", turns=[{"role": "Bob", "content": "hello"}]),
    fact("f1", "ann", "works_at", "acme", valid_at="2020-01-01T00:00:00Z"),
)


def hybrid(*records: Any, **options: Any) -> Hybrid:
    return Hybrid(Source(*(records or RECORDS)), VocabularyDeriver(), **options)


def rederived(*records: Any, **options: Any) -> Rederived:
    return Rederived(Source(*(records or RECORDS)), VocabularyDeriver(), **options)


def triples(mode: Any) -> set[tuple[str, str, str]]:
    return {(f.subject_ref, f.predicate, f.object_ref) for f in records_in(mode, "fact")}


@pytest.mark.parametrize("mode", [hybrid, rederived])
def test_the_same_input_gives_the_same_bytes_and_may_be_gone_through_again(mode: Any) -> None:
    with mode() as one, mode() as other:
        first = lines_of(one)
        assert lines_of(one) == first == lines_of(other)


@pytest.mark.parametrize("mode", [hybrid, rederived])
def test_the_result_is_a_sound_archive_without_a_loose_end(mode: Any) -> None:
    with mode() as made:
        assert [str(problem) for problem in validated(made).problems] == []


@pytest.mark.parametrize("mode", [hybrid, rederived])
def test_kinds_come_in_the_order_asked_for(mode: Any) -> None:
    with mode() as made:
        kinds = [kind for kind, _ in lines_of(made, "fact", "entity", "memory")]
        assert kinds == sorted(kinds, key=("fact", "entity", "memory").index)
        assert set(kinds) == {"fact", "entity", "memory"}
        together = sorted(line for kind in KINDS for line in lines_of(made, kind))
        assert sorted(lines_of(made)) == together


def test_hybrid_keeps_every_record_of_the_source() -> None:
    with hybrid() as made:
        source, result = lines_of(Source(*RECORDS)), lines_of(made)
        kept = [line for line in result if b'"derived"' not in line[1]]
        assert kept == source
        assert fingerprint(kept) == fingerprint(source)


def test_hybrid_links_to_what_is_there() -> None:
    with hybrid() as made:
        new = triples(made) - {("ann", "works_at", "acme")}
        date = str(entity_id("2024-05-01"))
        assert new == {
            ("d1", "mentions", "ann"), ("d1", "mentions", "bob"), ("d1", "mentions", "rome"),
            ("d1", "mentions", date), ("m1", "mentions", "ann"), ("m1", "mentions", "bob"),
            ("b1", "mentions", "acme"), ("b1", "mentions", "d1"), ("e1", "mentions", "bob"),
            ("ann", "co_occurs_with", "bob"), ("ann", "co_occurs_with", "rome"),
            ("bob", "co_occurs_with", "rome"), ("acme", "co_occurs_with", "d1"),
        }  # fmt: skip
        entities = [e for e in records_in(made, "entity") if "derived" in e.metadata]
        assert [entity.external_id for entity in entities] == [date]


def test_hybrid_reports_what_it_read_made_and_left_out() -> None:
    with hybrid() as made:
        made.derive()
        assert made.report == {
            "texts": 4, "passages": 4, "characters": 110, "binary": 1, "names": 8, "ambiguous": 1,
            "entities": 1, "facts": 14, "entities_there": 4, "facts_there": 0,
            "passage_nodes": 0, "passage_nodes_there": 0,
        }  # fmt: skip
        assert made.examples == {"ambiguous": ["John"]}
        assert made.notes == []


def test_a_fact_says_where_it_comes_from() -> None:
    with hybrid() as made:
        likes = [f for f in records_in(made, "fact") if f.provenance == ["m1"]]
        assert {f.predicate for f in likes} == {"mentions", "co_occurs_with"}
        assert all(f.scope == {"user_id": "u"} for f in likes)
        assert all(f.metadata["derived"]["deriver"] == "vocabulary" for f in likes)
        assert len({tuple(f.metadata["derived"]["passages"]) for f in likes}) == 1


def test_hybrid_of_its_own_result_adds_nothing_to_that() -> None:
    with hybrid() as first:
        result = [r for kind in KINDS for r in records_in(first, kind)]
        before = lines_of(first)
    with hybrid(*result) as again:
        assert sorted(lines_of(again)) == sorted(before)
        assert (again.report["entities"], again.report["facts"]) == (0, 0)
        assert again.report["facts_there"] == 14


def test_hybrid_without_texts_is_preserve_and_says_so() -> None:
    graph = [r for r in RECORDS if r.kind in {"raw_node", "entity", "fact"}]
    with hybrid(*graph) as made:
        assert lines_of(made) == lines_of(Source(*graph))
        assert made.notes == [
            "There is no raw text to derive from: the result is that of --mode preserve."
        ]


def test_rederive_keeps_the_content_and_none_of_the_graph() -> None:
    with rederived() as made:
        assert records_in(made, "raw_node") == []
        texts = ("document", "episode", "memory", "memory_block")
        assert lines_of(made, *texts) == lines_of(Source(*RECORDS), *texts)
        assert all("derived" in e.metadata for e in records_in(made, "entity"))
        assert all("derived" in f.metadata for f in records_in(made, "fact"))


def test_rederive_makes_entities_anew_under_the_ids_of_their_names() -> None:
    with rederived() as made:
        found = {e.external_id: e for e in records_in(made, "entity")}
        ann = found[ANN]
        assert set(found) == {
            ANN, BOB, ACME, str(entity_id("Rome")), str(entity_id("2024-05-01"))
        }  # fmt: skip
        assert (ann.name, ann.entity_type, ann.aliases) == ("Ann Lee", "Person", ["Annie"])
        assert ann.description is None
        assert found[str(entity_id("Rome"))].entity_type == "City"
        assert (min(ANN, BOB), "co_occurs_with", max(ANN, BOB)) in triples(made)


def test_rederive_gives_a_name_of_two_things_to_none() -> None:
    with rederived() as made:
        assert str(entity_id("John")) not in {e.external_id for e in records_in(made, "entity")}
        assert made.report["ambiguous"] == 1


def test_rederive_depends_on_no_id_of_the_old_graph() -> None:
    with (
        rederived(entity("1", "Ann Lee"), document("d", "Ann Lee")) as one,
        rederived(entity("2", "Ann Lee"), document("d", "Ann Lee")) as other,
    ):
        assert lines_of(one) == lines_of(other)


@pytest.mark.parametrize("texts", [(), (document("d", " "),), (RECORDS[7],)])
def test_rederive_refuses_a_source_without_text(texts: tuple[Any, ...]) -> None:
    with rederived(entity("a", "Ann"), *texts) as made:
        for _ in range(2):
            with pytest.raises(EmptyGraph, match="--mode preserve"):
                lines_of(made, "entity")


def test_rederive_takes_a_source_without_text_if_told_to() -> None:
    with rederived(entity("a", "Ann"), allow_empty=True) as made:
        assert lines_of(made) == []


def test_facts_kept_as_text_are_documents_that_are_read_too() -> None:
    with rederived(keep_facts_as_text=True) as made:
        digests = {d.external_id: d.content for d in records_in(made, "document")[2:]}
        assert digests == {
            "entities-digest": "Ann Lee: a baker",
            "facts-digest-1": "ann works_at acme (valid from 2020-01-01T00:00:00Z)",
        }
        assert ("entities-digest", "mentions", ANN) in triples(made)
        assert validated(made).problems == []


def test_only_the_derivers_view_has_names() -> None:
    deriver = Scripted({})
    with Rederived(Source(*RECORDS), deriver) as made:
        made.derive()
    kinds = {kind for kind, _ in deriver.known}
    assert kinds == {"document", "episode", "memory", "memory_block", "entity"}
    assert not any(b"baker" in line for kind, line in deriver.known if kind == "entity")


def test_a_derivers_own_records_get_their_origin() -> None:
    given = [entity("x", "Xenia"), fact("any", "x", "sings", "x", fact_text="Xenia sings")]
    with Hybrid(Source(document("d", "la")), Scripted({"la": given})) as made:
        (song,) = (fact for fact in records_in(made, "fact") if fact.predicate == "sings")
        assert (song.fact_text, song.provenance) == ("Xenia sings", ["d"])
        assert song.metadata["derived"]["deriver"] == "scripted"
        assert song.metadata["derived"]["version"] == "7"


def test_an_entity_of_the_source_is_not_changed_by_a_deriver() -> None:
    source = Source(entity("x", "Xenia"), document("d", "la"))
    with Hybrid(source, Scripted({"la": [entity("x", "Someone", description="else")]})) as made:
        assert lines_of(made, "entity") == lines_of(source, "entity")
        assert made.report["entities_there"] == 1


def test_passages_that_a_deriver_leaves_out_are_counted() -> None:
    source = Source(document("a", "skip me"), document("b", "la"), document("c", "skip"))
    with Hybrid(source, Scripted({"la": [entity("x", "X")]}, skip="skip")) as made:
        (found,) = records_in(made, "entity")
        assert found.name == "X"
        assert made.report["passages_not_derived"] == 2


def test_passages_that_could_not_be_derived_are_counted_and_named() -> None:
    class Failing(Scripted):
        def derive(self, passages: Any) -> Any:
            for passage in passages:
                yield passage, Underived("no answer") if "x" in passage.text else [entity("a", "A")]

    with Hybrid(Source(document("d", "x"), document("e", "y")), Failing({})) as made:
        made.derive()
        assert made.report["passages_failed"] == 1
        assert made.examples["passages_failed"] == ["document d, passage 0: no answer"]
        assert made.report["entities"] == 1


def test_a_deriver_that_mixes_up_passages_is_refused() -> None:
    class Backwards(Scripted):
        def derive(self, passages: Any) -> Any:
            return [(passage, []) for passage in reversed(list(passages))]

    with Hybrid(Source(document("a", "x"), document("b", "y")), Backwards({})) as made:
        for _ in range(2):
            with pytest.raises(BadSetting, match="out of order"):
                made.derive()


def test_a_result_longer_than_a_passage_says_in_which_one() -> None:
    text = "Ann Lee is here. " * 12
    with hybrid(entity("ann", "Ann Lee"), document("d", text), size=PassageSize(25)) as made:
        found = [fact for fact in records_in(made, "fact") if fact.predicate == "mentions"]
        assert sum(fact.metadata["count"] for fact in found) == 12
        assert [fact.metadata["derived"]["passages"] for fact in found] == [
            [fact.subject_ref] for fact in found
        ]
        assert made.report["passages"] == len(found) == 3


def test_without_the_lexical_graph_a_long_text_is_one_that_mentions() -> None:
    text = "Ann Lee is here. " * 12
    records = entity("ann", "Ann Lee"), document("d", text)
    with hybrid(*records, size=PassageSize(25), lexical_graph=False) as made:
        (found,) = records_in(made, "fact")
        assert (found.subject_ref, found.metadata["count"]) == ("d", 12)
        assert len(found.metadata["derived"]["passages"]) == 3
        assert records_in(made, "raw_node") == []


@settings(max_examples=60)
@given(archives())
def test_any_archive_can_be_derived_from(drawn: list[Any]) -> None:
    members: dict[str, bytes] = {}
    with ArchiveWriter(members) as writer:
        writer.write(*drawn)
    source = ArchiveSource(members)
    with Hybrid(source, VocabularyDeriver()) as made:
        kept = lines_of(source)
        result = lines_of(made)
        assert [line for line in result if line in kept] == kept
        extra = [line for line in result if line not in kept]
        assert all(re.search(rb'"derived":\{"deriver":"vocabulary"', line) for _, line in extra)
        # A derived record has the scope of its text, unknown keys and all.
        before = {problem.code for problem in validated(source).problems}
        assert {problem.code for problem in validated(made).problems} <= before


class ArchiveSource:
    """A RecordSource of an archive in memory."""

    def __init__(self, members: dict[str, bytes]) -> None:
        self._open = lambda: open_archive(members)
        self.system = "unknown"

    def iter_batches(self, *kinds: str) -> Any:
        with self._open() as archive:
            for block in archive.iter_blocks(*kinds):
                if block.records:
                    yield block.kind, block.records
