from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from cogx.derive import gathering, parts
from cogx.derive.gathering import Gathering
from cogx.errors import BadSetting
from cogx.format.records import Entity, Fact
from tests.unit.derive.made import document, entity, fact, passage


@pytest.fixture
def gathered() -> Iterator[Gathering]:
    made = Gathering(("d", "1"), "s")
    yield made
    made.close()


def records(gathered: Gathering, kind: str) -> list[Any]:
    return [record for _, batch in gathered.iter_batches(kind) for record in batch]


def met(count: int, text: str) -> Any:
    return fact("x", "a", "met", "b", metadata={"count": count, "evidence": [{"text": text}]})


def test_one_fact_of_many_passages_is_added_up(gathered: Gathering) -> None:
    for at in range(5):
        where = passage("t", ("document", f"d{at // 2}"), at)
        gathered.add(where, {}, [met(at + 1, str(at))])
    gathered.finish()
    (made,) = records(gathered, "fact")
    assert made.metadata == {
        "count": 15,
        "evidence": [{"text": "0"}, {"text": "1"}, {"text": "2"}],
        "derived": {
            "deriver": "d",
            "version": "1",
            "passages": ["d0-0", "d0-1", "d1-2", "d1-3", "d2-4"],
        },
    }
    assert made.provenance == ["d0", "d1", "d2"]


def test_facts_of_two_scopes_stay_apart(gathered: Gathering) -> None:
    gathered.add(passage("t", ("memory", "m")), {"user_id": "u"}, [met(1, "secret")])
    gathered.add(passage("t", ("memory", "n")), {"user_id": "v"}, [met(1, "open")])
    gathered.finish()
    made = records(gathered, "fact")
    assert {(r.scope["user_id"], r.metadata["evidence"][0]["text"]) for r in made} == {
        ("u", "secret"),
        ("v", "open"),
    }
    assert len({record.external_id for record in made}) == 2


def test_facts_that_say_something_else_stay_apart(gathered: Gathering) -> None:
    since = datetime(2020, 1, 1, tzinfo=UTC)
    gathered.add(
        passage("t"),
        {},
        [
            fact("x", "a", "met", "b"),
            fact("x", "a", "met", "b", fact_text="in Rome"),
            fact("x", "b", "met", "a"),
            Fact(external_id="x", subject_ref="a", predicate="met", object_ref="b", valid_at=since),
        ],
    )
    gathered.finish()
    assert len(records(gathered, "fact")) == 4
    assert [r.valid_at for r in records(gathered, "fact") if r.valid_at] == [since]


def test_one_fact_with_evidence_may_be_put_in_several_ways(gathered: Gathering) -> None:
    for at, words in enumerate(("They met.", "a saw b")):
        said = met(1, str(at))
        said.fact_text = words
        gathered.add(passage("t", at=at), {}, [said])
    gathered.finish()
    (made,) = records(gathered, "fact")
    assert (made.fact_text, made.metadata["count"]) == ("They met.", 2)


def test_an_entity_has_the_scope_that_all_its_records_share(gathered: Gathering) -> None:
    for identity, scope in (("m", {"user_id": "u"}), ("n", {"user_id": "v"})):
        found = [entity("both", "Both"), entity(identity, identity)]
        gathered.add(passage("t", ("memory", identity)), scope, found)
    gathered.finish()
    scopes = {record.external_id: record.scope for record in records(gathered, "entity")}
    assert scopes == {"both": {}, "m": {"user_id": "u"}, "n": {"user_id": "v"}}


def of_users(gathered: Gathering, *told: tuple[str, Any]) -> Any:
    """Return the one entity that comes of what each user's memory says."""
    for at, (user, one) in enumerate(told):
        scope = {"user_id": user} if user else {}
        gathered.add(passage("t", ("memory", f"m{at}"), at), scope, [one])
    gathered.finish()
    (made,) = records(gathered, "entity")
    return made


BOB_OF_U = entity("b", "Bob", aliases=["Doctor"], description="Knows my secret.")
BOB = entity("b", "Bob")
PUBLIC = entity("b", "Bob", aliases=["Robert"], description="A person.")


@pytest.fixture(params=[1, 20_000])
def in_memory(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let parts go to disk at once, or never."""
    monkeypatch.setattr(gathering, "_IN_MEMORY", request.param)


@pytest.mark.usefixtures("in_memory")
@pytest.mark.parametrize(
    ("told", "names", "description"),
    [
        ([("u", BOB_OF_U), ("u", BOB)], ["Doctor"], "Knows my secret."),
        ([("u", BOB_OF_U), ("v", BOB)], [], None),
        ([("v", BOB), ("u", BOB_OF_U)], [], None),
        ([("u", BOB_OF_U), ("u", BOB), ("v", BOB)], [], None),
        ([("u", BOB_OF_U), ("v", BOB), ("u", BOB_OF_U)], [], None),
        ([("u", BOB_OF_U), ("v", BOB_OF_U)], ["Doctor"], None),
        ([("u", BOB_OF_U), ("", PUBLIC)], ["Robert"], "A person."),
        ([("", PUBLIC), ("u", BOB_OF_U)], ["Robert"], "A person."),
        ([("u", BOB_OF_U), ("v", BOB), ("", PUBLIC)], ["Robert"], "A person."),
    ],
)
def test_what_one_user_says_of_an_entity_is_not_told_to_another(
    gathered: Gathering, told: list[tuple[str, Any]], names: list[str], description: str | None
) -> None:
    made = of_users(gathered, *told)
    assert (made.name, made.aliases, made.description) == ("Bob", names, description)


def test_other_names_of_an_entity_become_aliases_and_its_first_words_stay(
    gathered: Gathering,
) -> None:
    gathered.add(passage("t", at=0), {}, [entity("a", "Ann", aliases=["Annie"], description="one")])
    gathered.add(passage("t", at=1), {}, [entity("a", "ann", aliases=["A."], description="two")])
    gathered.finish()
    (made,) = records(gathered, "entity")
    assert (made.name, made.aliases, made.description) == ("Ann", ["Annie", "ann", "A."], "one")
    assert gathered.count_differing() == 1


def test_what_one_passage_does_not_say_of_an_entity_another_adds(gathered: Gathering) -> None:
    told = [entity("a", "Ann"), entity("a", "Ann", description="one", entity_type="Person")]
    for at, one in enumerate([*told, entity("a", "Ann", entity_type="Cat")]):
        gathered.add(passage("t", at=at), {}, [one])
    gathered.finish()
    (made,) = records(gathered, "entity")
    assert (made.description, made.entity_type) == ("one", "Person")
    assert gathered.count_differing() == 1


def test_attributes_come_together_from_several_passages(gathered: Gathering) -> None:
    for at, told in enumerate(({"age": 7}, {"home": "Rome"}, {"age": 8})):
        gathered.add(passage("t", at=at), {}, [entity("a", "Ann", attributes=told)])
    gathered.finish()
    (made,) = records(gathered, "entity")
    assert made.attributes == {"age": 7, "home": "Rome"}
    assert gathered.count_differing() == 1


def test_records_come_ordered_by_id_as_often_as_asked(gathered: Gathering) -> None:
    names = ["b", "\U0001f600", "a", "\uffff", "é"]
    gathered.add(passage("t"), {}, [entity(name, name) for name in names])
    gathered.finish()
    for _ in range(2):
        assert [r.external_id for r in records(gathered, "entity")] == sorted(names)


def test_what_goes_to_disk_in_between_makes_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    def all_records() -> list[Any]:
        gathered = Gathering(("d", "1"), "s")
        for at in range(40):
            where = passage("t", ("document", f"d{at // 7}"), at)
            gathered.add(where, {}, [met(1, str(at)), entity(f"e{at % 3}", f"n{at % 2}")])
        gathered.finish()
        made = [*records(gathered, "entity"), *records(gathered, "fact")]
        gathered.close()
        return made

    in_memory = all_records()
    monkeypatch.setattr(gathering, "_IN_MEMORY", 2)
    monkeypatch.setattr(gathering, "_BATCH", 2)
    assert all_records() == in_memory


def test_no_more_than_some_origins_are_named_and_the_others_counted(
    gathered: Gathering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "KEPT", 2)
    for at in range(5):
        gathered.add(passage("t", ("document", f"d{at // 2}"), at), {}, [met(1, "")])
    gathered.add(passage("t", ("document", "z"), 9), {}, [met(1, "")])
    gathered.finish()
    (made,) = records(gathered, "fact")
    assert made.provenance == ["d0", "d1"]
    assert made.metadata["derived"] == {
        "deriver": "d",
        "version": "1",
        "passages": ["d0-0", "d0-1"],
        "more_passages": 4,
        "more_records": 2,
    }


def test_models_with_typed_values_and_unknown_fields_are_kept(gathered: Gathering) -> None:
    made_up = Entity.model_validate(
        {"external_id": "a", "name": "Ann", "attributes": {"born": date(1990, 5, 17)}, "mood": "ok"}
    )
    gathered.add(passage("t"), {}, [made_up])
    gathered.finish()
    (made,) = records(gathered, "entity")
    assert made.attributes == {"born": {"$cogx": "date", "value": "1990-05-17"}}
    assert made.model_extra == {"mood": "ok"}


def test_a_derivers_record_stays_as_it_was(gathered: Gathering) -> None:
    given = met(2, "x")
    gathered.add(passage("t"), {}, [given])
    gathered.finish()
    assert given == met(2, "x")


def test_records_that_are_there_already_can_be_left_out(gathered: Gathering) -> None:
    gathered.add(passage("t"), {}, [entity("a", "Ann"), entity("b", "Bob")])
    gathered.finish()
    gathered.leave_out("entity", ["a", "z"])
    assert gathered.count("entity") == 1
    assert [record.external_id for record in records(gathered, "entity")] == ["b"]


def test_a_deriver_may_give_entities_and_facts_only(gathered: Gathering) -> None:
    with pytest.raises(BadSetting, match="'d' gave a document"):
        gathered.add(passage("t"), {}, [document("d", "x")])


def test_records_say_of_which_origin_they_are() -> None:
    gathered = Gathering(("d", "1"), "s", {"model": "m", "prompt": "p1"})
    gathered.add(passage("t"), {}, [entity("a", "Ann"), met(1, "")])
    gathered.finish()
    for kind in ("entity", "fact"):
        (made,) = records(gathered, kind)
        assert made.metadata["derived"] == {
            "deriver": "d", "version": "1", "model": "m", "prompt": "p1", "passages": ["d-0"],
        }  # fmt: skip
    gathered.close()
