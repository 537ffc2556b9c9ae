from __future__ import annotations

import pytest

from cogx.transform.resolution.words import words_of


def core(name: str) -> tuple[str, ...]:
    words = words_of(name)
    assert words is not None
    return words.core


def numbers(name: str) -> tuple[str, ...]:
    words = words_of(name)
    assert words is not None
    return words.numbers


def test_accents_case_and_punctuation_do_not_count() -> None:
    assert core("Zoë-Müller") == ("muller", "zoe")


def test_vowel_signs_of_other_scripts_stay_in_their_words() -> None:
    assert core("नरेन्द्र मोदी") == ("नरेन्द्र", "मोदी")


def test_legal_forms_titles_and_articles_are_light() -> None:
    assert core("The Acme Company, Inc.") == ("acme",)


def test_a_name_of_light_words_only_keeps_them() -> None:
    assert core("The Company") == ("company", "the")


def test_a_name_after_a_comma_goes_to_the_front() -> None:
    words = words_of("Smith, Ann")
    assert words is not None
    assert words.written == ("ann", "smith")


def test_a_name_of_signs_only_has_no_words() -> None:
    assert words_of("!?") is None


def test_a_text_is_no_name() -> None:
    assert words_of("word " * 100) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Model 3", ("3",)),
        ("Model3 of 2024", ("2024", "3")),
        ("Model ٣", ("3",)),
        ("Model \uff13", ("3",)),
        ("World War II", ("ii",)),
        ("Vitamin B", ("b",)),
        ("Malcolm X", ("x",)),
        ("J. Smith", ()),
        ("U.S.", ()),
        ("Mix", ()),
    ],
)
def test_what_tells_names_apart_as_a_number(name: str, expected: tuple[str, ...]) -> None:
    assert numbers(name) == expected
