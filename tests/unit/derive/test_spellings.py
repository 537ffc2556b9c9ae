"""What is called how, and what a spelling stands for."""

from __future__ import annotations

import pytest

from cogx.derive.spellings import Spellings, Thing, only_meant
from tests.unit.derive.made import Source, document, entity, record


def learnt(*known: object) -> Spellings:
    spellings = Spellings()
    spellings.learn(Source(*known))
    return spellings


def meant(written: str, *known: object) -> str | None:
    thing = only_meant(learnt(*known).meant(written))
    return None if thing is None else thing.id


@pytest.mark.parametrize("written", ["Ann Lee", "ann lee", " ANN\u00a0LEE ", "Annie"])
def test_a_name_is_meant_in_any_case_and_spacing(written: str) -> None:
    assert meant(written, entity("ann", "Ann Lee", aliases=["Annie"])) == "ann"


def test_a_short_name_is_meant_as_it_is_written() -> None:
    assert meant("IT", entity("it", "IT")) == "it"
    assert meant("it", entity("it", "IT")) is None


def test_of_two_spellings_the_one_that_is_written_is_meant() -> None:
    fruit, company = entity("fruit", "apple"), entity("company", "Apple")
    assert meant("Apple", fruit, company) == "company"
    assert meant("APPLE", fruit, company) is None


def test_a_title_is_meant_where_nothing_else_is_called_so() -> None:
    paper, thing = document("paper", "x", title="Boats"), entity("thing", "Boats")
    assert meant("Boats", paper) == "paper"
    assert meant("Boats", paper, thing) == "thing"


def test_names_of_classes_are_nobodys() -> None:
    assert meant("person", record("raw_node", "p", name="person", type="EntityType")) is None


def test_an_unknown_name_stands_for_nothing() -> None:
    assert learnt(entity("ann", "Ann")).meant("Bob") == []


def test_one_thing_is_meant_or_none() -> None:
    one, other = (Thing(name, name, None, [], False) for name in "ab")
    assert only_meant([]) is None
    assert only_meant([one, one]) is one
    assert only_meant([one, other]) is None
    assert only_meant([None]) is None
