from __future__ import annotations

from pathlib import Path

from cogx.ports import GraphReader, GraphWriter
from cogx.stores import graphml
from cogx.testing.store_suite import StoreSuite


class TestGraphml(StoreSuite):
    def open_writer(self, place: Path) -> GraphWriter:
        return graphml.open_writer(place)

    def open_reader(self, place: Path) -> GraphReader:
        return graphml.open_reader(place)
