"""Searches find what is meant in graphs of any shape and script, and answers stay bounded."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from cogx.server.index import Index
from cogx.server.index.tables import FINISH, TABLES
from cogx.server.recall.search import Result, chunks, context_of, facts

Link = tuple[str, str, str]
Make = Callable[..., Index]


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Make]:
    """Return ``index(names, links, texts)``: an index of entities, edges and passages."""
    with ExitStack() as opened:

        def make(
            names: Iterable[str], links: Iterable[Link] = (), texts: Iterable[str] = ()
        ) -> Index:
            place = tmp_path / "index.sqlite"
            entities = [(name, "entity", "Entity", name, None) for name in names]
            passages = [
                (f"p{number}", "raw_node", "Passage", None, text)
                for number, text in enumerate(texts)
            ]
            edges = [(f"{n:06}", *ends, "{}") for n, ends in enumerate(links)]
            with closing(sqlite3.connect(place)) as table:
                table.executescript(TABLES)
                table.executemany(
                    "INSERT INTO items (id, kind, type, name, text, properties) "
                    "VALUES (?, ?, ?, ?, ?, '{}')",
                    [*entities, *passages],
                )
                table.executemany(
                    "INSERT INTO links (id, source, predicate, target, properties) "
                    "VALUES (?, ?, ?, ?, ?)",
                    edges,
                )
                table.executescript(FINISH)
            return opened.enter_context(Index(place))

        yield make


def hub(others: int) -> tuple[list[str], list[Link]]:
    """Return names and links of something that very many others know."""
    names = [f"n{number}" for number in range(others)]
    return names, [(name, "knows", "hub") for name in names]


def test_what_two_things_have_between_them_is_not_hidden_by_what_one_has(index: Make) -> None:
    names, links = hub(1000)
    found = facts(index([*names, "hub", "ada"], [*links, ("ada", "built", "hub")]), "ada hub", 1)
    assert [one.text for one in found] == ["ada built hub"]


def test_something_that_very_many_know_does_not_hide_what_another_has(index: Make) -> None:
    names, links = hub(1000)
    known = index([*names, "hub", "ada", "london"], [*links, ("ada", "lives_in", "london")])
    found = facts(known, "ada hub", 1000)
    assert "ada lives in london" in [one.text for one in found]


def test_an_edge_of_something_to_itself_is_told_once(index: Make) -> None:
    found = facts(index(["ada"], [("ada", "knows", "ada")]), "ada", 10)
    assert [one.text for one in found] == ["ada knows ada"]


@pytest.mark.parametrize("kept", ["Résumé", "Re\u0301sume\u0301"], ids=["composed", "decomposed"])
@pytest.mark.parametrize("asked", ["résumé", "re\u0301sume\u0301", "resume", "RÉSUMÉ"])
def test_marks_and_case_do_not_matter(index: Make, kept: str, asked: str) -> None:
    assert len(chunks(index([], texts=[kept]), asked, 10)) == 1


@pytest.mark.parametrize(
    "text",
    ["Владимир", "हिन्दी", "東京", "שלום", "naïve_name", "e\u200dmoji", "Ⅷ", "ﬁne"],
)
def test_a_word_of_any_script_is_found(index: Make, text: str) -> None:
    assert len(chunks(index([], texts=[f"before {text} after"]), text, 10)) == 1


@pytest.mark.parametrize("asked", ["", "?!", "😀", "\u0301", '"', "\x00", "_"])
def test_what_has_no_word_finds_nothing(index: Make, asked: str) -> None:
    known = index(["a"], [("a", "knows", "a")], ["text"])
    assert (chunks(known, asked, 10), facts(known, asked, 10)) == ([], [])


@pytest.mark.parametrize("asked", ["x" * 100_000, "x " * 50_000], ids=["one word", "many words"])
def test_a_very_long_question_is_answered(index: Make, asked: str) -> None:
    assert chunks(index([], texts=["text"]), asked, 10) == []


def test_a_text_that_is_too_long_for_an_answer_is_cut_in_all_of_it(index: Make) -> None:
    (found,) = chunks(index([], texts=["word " * 100_000]), "word", 10)
    assert len(found.text) == len(found.raw["text"]) == 100_000


def test_a_model_is_given_the_best_that_fit() -> None:
    results = [Result("chunk", text * 90_000, 1.0, {}) for text in "abc"]
    context = context_of(results)
    assert ("a" in context, "b" in context, "c" in context) == (True, True, False)


def test_a_model_is_given_the_start_of_what_does_not_fit() -> None:
    assert len(context_of([Result("chunk", "a" * 300_000, 1.0, {})])) == 200_000
