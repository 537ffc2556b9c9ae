from __future__ import annotations

from pathlib import Path

from cogx.ports import GraphReader, GraphWriter
from cogx.stores import json_graph
from cogx.testing.store_suite import StoreSuite


class TestJsonGraph(StoreSuite):
    def open_writer(self, place: Path) -> GraphWriter:
        return json_graph.open_writer(place)

    def open_reader(self, place: Path) -> GraphReader:
        return json_graph.open_reader(place)
