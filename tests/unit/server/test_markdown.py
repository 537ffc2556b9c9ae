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
