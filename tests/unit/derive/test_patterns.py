from __future__ import annotations

from collections import Counter

import pytest

from cogx.derive.patterns import iter_patterns, pattern_of
from cogx.format.identity import entity_id


def found(text: str) -> list[tuple[str, str, str]]:
    """Return (type, name, what is written) in order."""
    patterns = sorted(iter_patterns(text, Counter()))
    return [(p.entity_type, p.name, text[p.start : p.end]) for p in patterns]


@pytest.mark.parametrize(
    "written",
    [
        "2024-05-01",
        "2024/5/1",
        "1.5.2024",
        "01.05.2024",
        "1 May 2024",
        "1st of May 2024",
        "1 may, 2024",
        "May 1, 2024",
        "May 1st 2024",
        "MAY 1 2024",
        "2024年5月1日",
        "2024 年 5 月 1 日",
    ],
)
def test_forms_of_one_date(written: str) -> None:
    assert found(f"On {written}, Ann came.") == [("Date", "2024-05-01", written)]


@pytest.mark.parametrize(
    ("written", "name"),
    [("Sept. 9, 2023", "2023-09-09"), ("25/12/2023", "2023-12-25"), ("12/25/2023", "2023-12-25"),
     ("Feb 29, 2024", "2024-02-29"), ("3/3/2023", "2023-03-03")],
)  # fmt: skip
def test_other_dates(written: str, name: str) -> None:
    assert found(written) == [("Date", name, written)]


@pytest.mark.parametrize(
    "text",
    ["31 April 2024", "2024-13-01", "2023-02-29", "May 2024", "12024-05-01", "2024-05-011",
     "2024-05-01T12:00:00Z", "10.2024-05-01-3", "v1.2.2024.5", "maybe 1, 2024", "0000-01-01",
     "Augu\u017ftus 1, 2024"],
)  # fmt: skip
def test_what_is_no_date(text: str) -> None:
    assert found(text) == []


def test_a_date_that_can_be_read_in_two_ways_is_read_in_none_and_counted() -> None:
    report: Counter[str] = Counter()
    assert list(iter_patterns("on 3/4/2024", report)) == []
    assert report == {"dates_unclear": 1}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("mail ann@example.org.", "ann@example.org"),
        ("<ann.lee+tag@mail.example.co.uk>", "ann.lee+tag@mail.example.co.uk"),
        ("联系ann@example.org谢谢", "ann@example.org"),
    ],
)
def test_addresses(text: str, name: str) -> None:
    assert found(text) == [("Email", name, name)]


@pytest.mark.parametrize("text", ["ann@example", "@example.org", "zoéann@example.org", "a@b@c"])
def test_what_is_no_address(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("see https://example.org/a?b=c#d.", "https://example.org/a?b=c#d"),
        ("(http://example.org)", "http://example.org"),
        ("https://en.example.org/wiki/A_(b)", "https://en.example.org/wiki/A_(b)"),
        ('"HTTPS://Example.org/x",', "HTTPS://Example.org/x"),
        ("[text](https://example.org/x)", "https://example.org/x"),
        ("https://de.example.org/wiki/Köln!", "https://de.example.org/wiki/Köln"),
    ],
)
def test_urls(text: str, url: str) -> None:
    assert found(text) == [("Url", url, url)]


def test_a_url_whose_end_no_space_shows_is_not_read_and_counted() -> None:
    report: Counter[str] = Counter()
    assert list(iter_patterns("见https://example.org/a这里", report)) == []
    assert report == {"urls_unclear": 1}


def test_urls_that_differ_by_case_are_two() -> None:
    one, other = iter_patterns("https://e.org/A https://e.org/a", Counter())
    assert one.id != other.id


def test_dates_and_addresses_have_the_ids_that_their_names_give() -> None:
    made = list(iter_patterns("2024-05-01 ann@example.org", Counter()))
    assert sorted(p.id for p in made) == sorted(
        str(entity_id(name)) for name in ("2024-05-01", "ann@example.org")
    )


@pytest.mark.parametrize(
    ("name", "entity_type", "is_one"),
    [
        ("2024-05-01", "Date", True),
        ("1 May 2024", "Date", True),
        ("2024-05-01", "Person", False),
        ("on 2024-05-01", "Date", False),
        ("a@b.example", "Email", True),
        ("https://b.example/x", "Url", True),
        ("Christmas", "Date", False),
    ],
)
def test_a_name_is_a_pattern_if_all_of_it_is_and_its_type_too(
    name: str, entity_type: str, is_one: bool
) -> None:
    assert (pattern_of(name, entity_type) is not None) is is_one
