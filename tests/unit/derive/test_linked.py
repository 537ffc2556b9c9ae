"""Derived entities that are known already, by their names."""

from __future__ import annotations

from typing import Any

import pytest

from cogx.codec.lines import canonical_line
from cogx.derive.linked import Linked
from cogx.format.identity import entity_id
from cogx.format.records import Entity
from cogx.ports import Deriver
from tests.unit.derive.made import Scripted, Source, document, entity, fact, passage, record

ANN, ACME = str(entity_id("Ann Lee")), str(entity_id("Acme"))
GIVEN = [
    entity(ANN, "Ann Lee", aliases=["Annie"], entity_type="Person"),
    entity(ACME, "Acme"),
    fact("f", ANN, "works_at", ACME),
]


def linked(*known: Any, given: list[Any] = GIVEN) -> tuple[Linked, list[Any]]:
    deriver = Linked(Scripted({"text": given}))
    deriver.prepare(Source(*known))
    ((_, records),) = deriver.derive([passage("text")])
    return deriver, list(records)  # type: ignore[arg-type]


def test_it_is_a_deriver_that_says_what_the_inner_one_says() -> None:
    deriver = Linked(Scripted({}))
    assert isinstance(deriver, Deriver)
    assert (deriver.name, deriver.version) == ("scripted", "7")


def test_nothing_changes_where_nothing_is_known() -> None:
    _, made = linked()
    assert [canonical_line(one) for one in made] == [canonical_line(one) for one in GIVEN]


@pytest.mark.parametrize(
    "known",
    [
        entity("ann", "Ann Lee"),
        entity("ann", "ANN  lee"),
        entity("ann", "Someone", aliases=["ann lee"]),
        record("raw_node", "ann", name="Ann Lee", type="Person"),
        entity("ann", "Annie"),  # by the alias of the derived one
    ],
    ids=["name", "spelling", "alias", "raw node", "derived alias"],
)
def test_a_known_entity_gets_its_own_id(known: Any) -> None:
    deriver, (ann, _, works) = linked(known)
    assert (ann.external_id, works.subject_ref, works.object_ref) == ("ann", "ann", ACME)
    assert deriver.report["entities_linked"] == 1


def test_a_known_entity_keeps_its_name_and_other_names_are_aliases() -> None:
    _, (ann, *_) = linked(entity("ann", "ann lee", entity_type="Being"))
    assert (ann.name, ann.aliases, ann.entity_type) == ("ann lee", ["Ann Lee", "Annie"], "Person")


def test_a_known_type_stands_in_for_one_that_is_missing() -> None:
    _, (_, acme, _) = linked(entity("acme", "Acme", entity_type="Company"))
    assert acme.entity_type == "Company"


def test_a_name_of_several_things_stands_for_none_of_them() -> None:
    deriver, (ann, _, works) = linked(entity(ANN, "Ann Lee"), entity("other", "Ann Lee"))
    assert ann.external_id not in {ANN, "other"}
    assert works.subject_ref == ann.external_id
    assert deriver.report["ambiguous"] == 1
    assert deriver.examples == {"ambiguous": ["Ann Lee"]}


def test_the_name_goes_before_the_aliases() -> None:
    _, (ann, *_) = linked(entity("annie", "Annie"), entity("ann", "Ann Lee"))
    assert ann.external_id == "ann"


def test_a_title_of_a_document_is_no_entity() -> None:
    _, (ann, *_) = linked(document("d", "x", title="Ann Lee"))
    assert ann.external_id == ANN


def test_models_are_linked_too() -> None:
    given = [Entity(external_id=ANN, name="Ann Lee")]
    _, (ann,) = linked(entity("ann", "Ann Lee"), given=given)
    assert ann.external_id == "ann"
    assert given[0].external_id == ANN
