from __future__ import annotations

from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cogx.derive.folding import fold, fold_name, keep_case

ODD = "aßİ\u0301\u00ad\u200d\ufeffé \n\t\u00a0\u3000ﬁ한\u1112\u1161\u11ab\u2019-\u2010ςΣ"
TEXTS = st.text(st.sampled_from(ODD) | st.characters(exclude_categories=["Cs"]), max_size=30)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ann Lee", "ANN  lee"),
        ("Ann Lee", "ann\nLee"),
        ("Ann Lee", "Ann\u00a0Lee"),
        ("Zoé", "zoe\u0301"),
        ("Straße", "STRASSE"),
        ("O'Brien", "O\u2019Brien"),
        ("Jean-Luc", "Jean\u2011Luc"),
        ("Annika", "An\u00adnika"),
        ("한국", "\u1112\u1161\u11ab\u1100\u116e\u11a8"),
        ("Όδος", "ΌΔΟΣ"),
        ("ﬁnn", "Finn"),
    ],
)
def test_spellings_that_are_one(one: str, other: str) -> None:
    assert fold_name(one) == fold_name(other)


@pytest.mark.parametrize(
    ("one", "other"), [("Ann Lee", "Ann\n\nLee"), ("Zoe", "Zoé"), ("AnnLee", "Ann Lee")]
)
def test_spellings_that_are_two(one: str, other: str) -> None:
    assert fold_name(one) != fold_name(other)


def test_places_lead_back_to_the_original() -> None:
    text = "Der\u00a0 große Zoe\u0301"
    folded = fold(text)
    assert folded.text == "der grosse zoé"
    assert folded.original(4, 10) == (5, 10)
    assert folded.original(11, 14) == (11, 15)


def test_a_stretch_that_cuts_a_letter_in_two_has_no_place() -> None:
    folded = fold("Maß")
    assert folded.text == "mass"
    assert folded.original(0, 3) is None
    assert folded.original(3, 4) is None
    assert folded.original(2, 4) == (2, 3)


@given(TEXTS, st.integers(0, 40), st.integers(0, 40))
def test_what_a_place_says_folds_to_the_stretch(text: str, start: int, length: int) -> None:
    folded = fold(text)
    end = min(start + length, len(folded.text))
    if start < end and (place := folded.original(start, end)) is not None:
        assert fold(text[place[0] : place[1]]).text == folded.text[start:end]


@given(TEXTS)
def test_how_letters_are_composed_makes_no_difference(text: str) -> None:
    assert fold(normalize("NFD", text)).text == fold(text).text == fold(normalize("NFC", text)).text


def test_keeping_case_folds_all_else() -> None:
    assert keep_case(" Zoe\u0301  O\u2019Brien ") == "Zoé O'Brien"
    assert keep_case("IT") != keep_case("It")
