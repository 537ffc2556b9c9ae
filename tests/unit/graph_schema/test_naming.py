"""Names become identifiers, and spellings of one name are one."""

from __future__ import annotations

from keyword import iskeyword

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cogx.graph_schema.naming import (
    is_class_name,
    is_snake_case,
    name_key,
    pascal_case,
    plural,
    singular,
    snake_case,
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Programming language", "ProgrammingLanguage"),
        ("person", "Person"),
        ("3D model", "N3DModel"),
        ("none", "None_"),
        ("Straße", "Straße"),
        ("R&D", "RD"),
        ("!!!", "Xe84c538e"),
    ],
)
def test_the_name_of_a_class(name: str, expected: str) -> None:
    assert pascal_case(name) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Works at", "works_at"),
        ("worksAt", "works_at"),
        ("WORKS_AT", "works_at"),
        ("is", "is_"),
        ("3rd party", "n_3rd_party"),
        ("HTTPServer", "httpserver"),
    ],
)
def test_the_name_of_a_field(name: str, expected: str) -> None:
    assert snake_case(name) == expected


@given(st.text())
def test_a_class_name_is_one_whatever_it_is_made_of(name: str) -> None:
    assert is_class_name(pascal_case(name))


@given(st.text())
def test_a_field_name_is_one_whatever_it_is_made_of(name: str) -> None:
    made = snake_case(name)
    assert made.isidentifier() and not iskeyword(made)


@given(st.text())
def test_a_made_name_means_what_it_was_made_of(name: str) -> None:
    assert name_key(pascal_case(name)) == name_key(name) == name_key(snake_case(name))


@given(st.text())
def test_a_made_name_stays_as_it_is(name: str) -> None:
    assert pascal_case(pascal_case(name)) == pascal_case(name)
    assert snake_case(snake_case(name)) == snake_case(name)


@pytest.mark.parametrize(
    "names", [("works at", "WORKS_AT", "worksAt"), ("False", "FALSE", "false"), ("É", "E\u0301")]
)
def test_spellings_of_one_name_are_one(names: tuple[str, ...]) -> None:
    assert len({name_key(name) for name in names}) == 1


def test_names_without_letters_stay_apart() -> None:
    assert name_key("!!!") != name_key("???")


@pytest.mark.parametrize(
    ("name", "is_it"), [("works_at", True), ("is_", True), ("worksAt", False), ("Größe", False)]
)
def test_what_is_snake_case(name: str, is_it: bool) -> None:
    assert is_snake_case(name) is is_it


@pytest.mark.parametrize(
    ("one", "many"), [("city", "cities"), ("day", "days"), ("box", "boxes"), ("person", "persons")]
)
def test_plurals(one: str, many: str) -> None:
    assert plural(one) == many


@pytest.mark.parametrize(
    ("many", "one"),
    [
        ("People", "Person"), ("companies", "company"), ("boxes", "box"), ("cities", "city"),
        ("status", "status"), ("address", "address"), ("data", "data"), ("dogs", "dog"),
    ],
)  # fmt: skip
def test_singulars(many: str, one: str) -> None:
    assert singular(many) == one
