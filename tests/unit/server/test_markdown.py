"""The Markdown report of a dataset, byte for byte."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import networkx as nx
import pytest

from cogx.engine.export import export_graph
from cogx.engine.import_ import import_archive
from cogx.server.data import DataItem
from cogx.server.index import current_index
from cogx.server.markdown import iter_markdown
from cogx.server.places import Places

GOLDEN = """\
# Dataset: kb_prod

Exported: Nov 21, 2026 09:15 UTC | 1 documents | 2 entities | 2 relationships

## Summaries

> Two people.

## Entities

| Entity | Description |
|--------|-------------|
| Ada | Mathematician \\| author of notes |
| Engine |  |

## Relationships

| Source | Relationship | Target |
|--------|-------------|--------|
| Ada | designed | Engine |
| Ada | is_a | Person |

## Documents

- **notes** (TXT, Nov 20, 2026)

## Other Nodes

- [EntityType] Person

"""


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """Return places with one dataset ``d``."""
    places = Places(tmp_path / "data", "sqlite")
    places.make()
    graph = nx.MultiDiGraph()
    ada = {"name": "Ada", "description": "Mathematician | author\nof notes"}
    graph.add_node("a", type="Entity", **ada)
    graph.add_node("e", type="Entity", name="Engine")
    graph.add_node("p", type="EntityType", name="Person")
    graph.add_node("s", type="TextSummary", text="Two people.")
    graph.add_edge("a", "e", "designed", relationship_name="designed")
    graph.add_edge("a", "p", "is_a", relationship_name="is_a")
    export_graph(graph, str(tmp_path / "kb.tar"))
    import_archive(str(tmp_path / "kb.tar"), places.store_uri("d"))
    return places


def test_the_report_is_that_of_cognee_in_an_order_that_stays(places: Places) -> None:
    made = datetime(2026, 11, 20, tzinfo=UTC)
    notes = DataItem(
        id="1", dataset_id="d", name="notes", label=None, extension="txt", mime_type=None,
        size_bytes=1, md5="", sha256="", file_name=None, record_kind=None, record_id=None,
        external_metadata=None, in_graph=True, created_at=made, updated_at=None,
    )  # fmt: skip
    at = datetime(2026, 11, 21, 9, 15, tzinfo=UTC)
    with current_index(places, "d") as index:
        assert "".join(iter_markdown("kb_prod", index, [notes], 1, at)) == GOLDEN


def exported(tmp_path: Path, graph: nx.MultiDiGraph, name: str = "kb") -> str:
    """Return the report of a graph."""
    places = Places(tmp_path / "other", "sqlite")
    places.make()
    export_graph(graph, str(tmp_path / "other.tar"))
    import_archive(str(tmp_path / "other.tar"), places.store_uri("d"))
    at = datetime(2026, 11, 21, 9, 15, tzinfo=UTC)
    with current_index(places, "d") as index:
        return "".join(iter_markdown(name, index, [], 0, at))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a|b", r"a\|b"),
        (r"a\|b", r"a\\\|b"),
        ("a\r\nb\u2028c", "a b c"),
        ("a\x1b[31mb\u202e", "a\ufffd[31mb\ufffd"),
        ("<img src=x>", r"\<img src=x>"),
        (r"\<b>", r"\\\<b>"),
        ("![x](http://y)", r"\![x\](http://y)"),
        ("5 < 6 | [1]!", r"5 \< 6 \| [1]!"),
    ],
    ids=["pipe", "escaped pipe", "lines", "terminal", "tag", "escaped tag", "image", "harmless"],
)
def test_a_name_stays_in_its_cell_whatever_is_in_it(tmp_path: Path, name: str, shown: str) -> None:
    graph = nx.MultiDiGraph()
    graph.add_node("a", type="Entity", name=name, description=name)
    assert f"| {shown} | {shown} |" in exported(tmp_path, graph).split("\n")


def test_a_name_opens_no_heading(tmp_path: Path) -> None:
    graph = nx.MultiDiGraph()
    graph.add_node("a", type="NodeSet", name="x\n## Entities")
    assert "- [NodeSet] x ## Entities" in exported(tmp_path, graph).split("\n")


def test_every_line_of_a_summary_is_quoted(tmp_path: Path) -> None:
    graph = nx.MultiDiGraph()
    graph.add_node("s", type="TextSummary", text="One.\n## Two\n\nThree.")
    assert "> One.\n> ## Two\n> \n> Three.\n\n" in exported(tmp_path, graph)


def test_the_same_graph_gives_the_same_report(tmp_path: Path) -> None:
    one, other = nx.MultiDiGraph(), nx.MultiDiGraph()
    for graph, names in ((one, "abc"), (other, "cba")):
        for name in names:
            graph.add_node(name, type="Entity", name=name)
        graph.add_edge("a", "b", "knows")
        graph.add_edge("a", "c", "knows")
    (tmp_path / "1").mkdir()
    (tmp_path / "2").mkdir()
    assert exported(tmp_path / "1", one) == exported(tmp_path / "2", other)
