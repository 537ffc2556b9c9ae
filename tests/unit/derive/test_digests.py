from __future__ import annotations

import pytest

from cogx.derive import digests
from cogx.derive.fresh import Fresh
from tests.unit.derive.made import Source, document, entity, fact, records_in


def told(*records: object) -> dict[str, str]:
    fresh = Fresh(Source(*records), keep_facts_as_text=True)
    return {d.external_id: d.content for d in records_in(fresh, "document")}


def test_entities_with_a_description_are_told_a_line_each() -> None:
    made = told(entity("a", "Ann", description="a baker"), entity("b", "Bob"))
    assert made == {"entities-digest": "Ann: a baker"}


def test_a_fact_is_told_in_its_words_or_by_its_ends_and_when_it_held() -> None:
    made = told(
        fact("1", "a", "knows", "b", fact_text="Ann knows Bob"),
        fact("2", "a", "knows", "b", valid_at="2020-01-01T00:00:00Z"),
        fact(
            "3", "a", "knows", "c",
            valid_at="2020-01-01T00:00:00Z", invalid_at="2021-01-01T00:00:00Z",
        ),
        fact("4", "a", "knows", "d", invalid_at="2021-01-01T00:00:00Z"),
    )  # fmt: skip
    assert made["facts-digest-1"].split("\n") == [
        "Ann knows Bob",
        "a knows b (valid from 2020-01-01T00:00:00Z)",
        "a knows c (valid from 2020-01-01T00:00:00Z, invalid since 2021-01-01T00:00:00Z)",
        "a knows d (invalid since 2021-01-01T00:00:00Z)",
    ]


def test_two_hundred_facts_go_into_one_document() -> None:
    made = told(*(fact(str(n), "a", "p", str(n)) for n in range(401)))
    assert [len(text.split("\n")) for text in made.values()] == [200, 200, 1]
    assert list(made) == ["facts-digest-1", "facts-digest-2", "facts-digest-3"]


def test_entities_that_do_not_fit_go_on_in_another_document(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(digests, "CHARACTERS", 12)
    made = told(*(entity(name, name, description="xxxx") for name in "abc"))
    assert made == {"entities-digest": "a: xxxx", "entities-digest-2": "b: xxxx",
                    "entities-digest-3": "c: xxxx"}  # fmt: skip


def test_a_digest_has_a_title_and_the_system_of_its_first_record() -> None:
    source = Source(entity("a", "Ann", description="x", external_system="mem0"))
    (made,) = records_in(Fresh(source, keep_facts_as_text=True), "document")
    assert (made.title, made.external_system) == ("Imported entity descriptions", "mem0")


def test_digests_of_an_older_graph_make_room() -> None:
    source = Source(entity("a", "Ann", description="new"))
    (digest,) = records_in(Fresh(source, keep_facts_as_text=True), "document")
    made = told(entity("a", "Ann", description="newer"), digest, document("d", "x"))
    assert made == {"d": "x", "entities-digest": "Ann: newer"}


def test_a_document_that_only_has_the_id_of_a_digest_stays() -> None:
    made = told(entity("a", "Ann", description="x"), document("entities-digest", "mine"))
    assert made == {"entities-digest": "mine", "entities-digest+": "Ann: x"}


def test_without_being_asked_nothing_is_told() -> None:
    source = Source(entity("a", "Ann", description="x"))
    assert records_in(Fresh(source), "document") == []
