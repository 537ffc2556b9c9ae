"""An index is asked by words, ids and neighbourhood; whatever is asked for is data, never code."""

from __future__ import annotations

from collections.abc import Iterator

import networkx as nx
import pytest

from cogx.engine.export import export_graph
from cogx.engine.import_ import import_archive
from cogx.server.index import Index, current_index
from cogx.server.places import Places


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """Return the index of a small graph with a name of every sort."""
    root = tmp_path_factory.mktemp("index")
    places = Places(root / "data", "sqlite")
    places.make()
    graph = nx.MultiDiGraph()
    graph.add_node("a", type="Person", name="Ada Lovelace", description="wrote notes")
    graph.add_node("b", type="Person", name="Charles Babbage", description="knew Ada")
    graph.add_node("n", type="Note", text="Émile read the notes", rank=3)
    graph.add_node("long", type="Document", title="Long", text="one")
    graph.add_node("long#00002", type="Document", text="two")
    graph.add_node("long*", type="Document", text="star")
    for number in range(1200):
        graph.add_node(f"x{number:04}", type="Thing", name=f"thing {number}")
        graph.add_edge("a", f"x{number:04}", "owns")
    graph.add_edge("a", "b", "met", fact_text="Ada met Charles")
    export_graph(graph, str(root / "kb.tar"))
    import_archive(str(root / "kb.tar"), places.store_uri("d"))
    with current_index(places, "d") as one:
        yield one


def test_a_find_in_a_name_is_better_than_one_in_a_text(index: Index) -> None:
    assert [found.item.id for found in index.search("Ada", 5)] == ["a", "b"]


def test_finds_are_of_the_types_that_are_asked_for(index: Index) -> None:
    assert [found.item.id for found in index.search("notes", 5, types=["Note"])] == ["n"]


def test_accents_and_case_do_not_matter(index: Index) -> None:
    assert [found.item.id for found in index.search("EMILE", 5)] == ["n"]


@pytest.mark.parametrize("words", ["", '"', "* NOT ( NEAR", "'; DROP TABLE items; --", "\0"])
def test_words_are_never_operators(index: Index, words: str) -> None:
    assert index.search(words, 5) == []


def test_more_ids_than_one_query_takes_are_found(index: Index) -> None:
    ids = [f"x{number:04}" for number in range(1200)]
    assert [item.id for item in index.items(ids)] == ids


def test_an_id_that_is_not_there_is_not_found(index: Index) -> None:
    assert index.item("nowhere") is None


def test_an_item_says_under_which_names_its_store_has_name_and_text(index: Index) -> None:
    item = index.item("long")
    assert item is not None
    assert (item.name, item.name_key, item.text, item.text_key) == ("Long", "title", "one", "text")
    assert item.properties == {}


def test_other_properties_stand_apart(index: Index) -> None:
    item = index.item("n")
    assert item is not None
    assert (item.label, item.properties) == ("Note_n", {"rank": 3})


def test_the_parts_of_a_text_are_found_by_its_id(index: Index) -> None:
    assert [item.id for item in index.items_below("long")] == ["long#00002"]


def test_an_id_is_no_pattern(index: Index) -> None:
    assert index.items_below("l*") == []


def test_no_more_edges_are_given_than_asked_for(index: Index) -> None:
    assert len(index.links_of(["a"], 10)) == 10


def test_an_edge_is_found_from_either_end(index: Index) -> None:
    (link,) = index.links_of(["b"], 10)
    assert (link.source, link.predicate, link.target) == ("a", "met", "b")
    assert link.text == "Ada met Charles"


def test_edges_are_given_in_an_order_that_stays(index: Index) -> None:
    named = list(index.iter_named_links())
    assert named == sorted(named)
    assert named[0] == ("Ada Lovelace", "met", "Charles Babbage")


def test_everything_is_counted(index: Index) -> None:
    assert index.counts() == (1206, 1201)


def test_all_that_edges_end_at_is_there(index: Index) -> None:
    assert list(index.iter_absent()) == []
