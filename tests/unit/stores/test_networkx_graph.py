from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from cogx.ports import GraphReader, GraphWriter
from cogx.progress import Progress
from cogx.stores.networkx_graph import NetworkxReader, NetworkxWriter
from cogx.testing.store_suite import StoreSuite


class Placed(NetworkxWriter):
    """A writer whose graph is found again by a path, where a mark shows that it is whole."""

    graphs: ClassVar[dict[Path, Any]] = {}

    def __init__(self, place: Path) -> None:
        super().__init__()
        self._place = place

    def finish(self, header: Mapping[str, Any], progress: Progress) -> None:
        super().finish(header, progress)
        self.graphs[self._place] = self.graph
        self._place.touch()


class TestNetworkx(StoreSuite):
    @pytest.fixture(autouse=True)
    def forget(self) -> None:
        Placed.graphs.clear()

    def open_writer(self, place: Path) -> GraphWriter:
        return Placed(place)

    def open_reader(self, place: Path) -> GraphReader:
        return NetworkxReader(Placed.graphs[place])
