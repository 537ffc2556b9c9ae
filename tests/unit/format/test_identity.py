from __future__ import annotations

from uuid import NAMESPACE_OID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cogx.format.identity import (
    entity_id,
    fact_id,
    folded_entity_id,
    folded_name,
    is_canonical_uuid,
    is_uuid,
    node_id,
    normalise_name,
)

UUID_TEXT = "6ba7b812-9dad-11d1-80b4-00c04fd430c8"


@pytest.mark.parametrize(
    ("name", "normal"),
    [
        ("Ann Lee", "ann_lee"),
        ("O'Brien", "obrien"),
        (" A  b ", "_a__b_"),
        ("STRASSE ẞ", "strasse_ß"),
    ],
)
def test_names_are_lowered_and_their_spaces_replaced(name: str, normal: str) -> None:
    assert normalise_name(name) == normal


def test_a_normal_name_is_its_own_normal_form() -> None:
    assert normalise_name(normalise_name("Ann O'Lee")) == normalise_name("Ann O'Lee")


@pytest.mark.parametrize(
    ("name", "folded"),
    [
        ("Ann Lee", "ann lee"),
        (" Ann \t\n Lee\u00a0", "ann lee"),
        ("O'Brien", "obrien"),
        ("O\u2019Brien", "obrien"),
        ("O\u02bcBrien", "obrien"),
        ("STRASSE", "strasse"),
        ("Stra\u00dfe", "strasse"),
        ("\uff21\uff4e\uff4e", "ann"),
        ("\ufb01le", "file"),
        ("e\u0301", "\u00e9"),
        ("Ann-Lee", "ann-lee"),
        ("Ren\u00e9", "ren\u00e9"),
    ],
)
def test_names_that_people_write_differently_fold_to_one(name: str, folded: str) -> None:
    assert folded_name(name) == folded


@pytest.mark.parametrize("name", ["'", "  ", "\u2019", "'`"])
def test_a_name_of_which_nothing_is_left_is_its_own_folded_form(name: str) -> None:
    assert folded_name(name) == name


@given(st.text(max_size=8))
def test_folding_twice_is_folding_once(name: str) -> None:
    assert folded_name(folded_name(name)) == folded_name(name)


@given(st.text(min_size=1, max_size=8))
def test_case_and_space_around_never_part_two_names(name: str) -> None:
    if folded_name(name) != name:
        assert folded_name(f" {name.upper()} ") == folded_name(name.upper())


def test_a_type_keeps_two_things_of_one_name_apart() -> None:
    ids = {folded_entity_id("Apple", one) for one in ("Company", "Fruit", None)}
    assert len(ids) == 3


def test_a_type_is_folded_too() -> None:
    assert folded_entity_id("Apple", "Company") == folded_entity_id("apple", " COMPANY ")


@pytest.mark.parametrize("nothing", ["", " ", "\n"])
def test_an_empty_type_is_none(nothing: str) -> None:
    assert folded_entity_id("Apple", nothing) == folded_entity_id("Apple", None)


def test_type_and_name_are_not_mixed_up() -> None:
    assert folded_entity_id("a\nb", "'\n'") != folded_entity_id("b", "'\n'a")
    assert folded_entity_id("b", "a") != folded_entity_id("a b", None)


def test_both_rules_never_give_one_id() -> None:
    assert folded_entity_id("alice", None) != entity_id("alice")


def test_a_nodes_uuid_stays() -> None:
    assert node_id("mem0", UUID_TEXT) == UUID_TEXT


@pytest.mark.parametrize(
    "text", ["ann", UUID_TEXT.upper(), f"{{{UUID_TEXT}}}", UUID_TEXT.replace("-", ""), ""]
)
def test_every_other_id_becomes_a_uuid_of_its_own(text: str) -> None:
    made = node_id("mem0", text)
    assert is_canonical_uuid(made)
    assert made not in {UUID_TEXT, node_id("zep", text), node_id("mem0", f"{text}x")}


@given(st.text(max_size=8))
def test_a_made_uuid_is_a_version_5_one_in_the_oid_namespace(text: str) -> None:
    assert node_id("mem0", f"x{text}") == str(uuid5(NAMESPACE_OID, f"cogx-node:mem0:x{text}"))


def test_the_first_fact_has_the_bare_id() -> None:
    assert fact_id("a", "knows", "b") == "a:knows:b"


def test_parallel_facts_differ_by_their_content() -> None:
    ids = {fact_id("a", "knows", "b", content) for content in (b"1", b"2")}
    assert len(ids) == 2
    assert all(one.startswith("a:knows:b#") and len(one) == 26 for one in ids)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [(UUID_TEXT, True), (f"{{{UUID_TEXT}}}", True), ("x" * 36, False), ("", False)],
)
def test_uuids_are_told_from_other_texts(text: str, is_one: bool) -> None:
    assert is_uuid(text) is is_one
