from __future__ import annotations

import pytest

from cogx.format.identity import fact_id, is_uuid, normalise_name


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


def test_the_first_fact_has_the_bare_id() -> None:
    assert fact_id("a", "knows", "b") == "a:knows:b"


def test_parallel_facts_differ_by_their_content() -> None:
    ids = {fact_id("a", "knows", "b", content) for content in (b"1", b"2")}
    assert len(ids) == 2
    assert all(one.startswith("a:knows:b#") and len(one) == 26 for one in ids)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("6ba7b812-9dad-11d1-80b4-00c04fd430c8", True), ("x" * 36, False), ("", False)],
)
def test_uuids_are_told_from_other_texts(text: str, is_one: bool) -> None:
    assert is_uuid(text) is is_one
