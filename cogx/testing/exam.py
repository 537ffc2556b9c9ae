"""Knows what every exam of a store needs: a place for it, whole graphs in and out; no question."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest

from cogx.ports import Capabilities, Edge, GraphReader, GraphWriter, Node
from cogx.progress import SILENT
from cogx.testing.samples import JSON_VALUES, VALUES


class StoreExam:
    """What exams share. ``place`` is a path where nothing is yet, a new one for every test."""

    capabilities: ClassVar[Capabilities] = Capabilities()

    def open_writer(self, place: Path) -> GraphWriter:
        """Return a writer of a new store at this place."""
        raise NotImplementedError

    def open_reader(self, place: Path) -> GraphReader:
        """Return a reader of the store at this place."""
        raise NotImplementedError

    @pytest.fixture
    def place(self, tmp_path: Path) -> Path:
        """Give a path where nothing is yet."""
        directory = tmp_path / "stores"
        directory.mkdir()
        return directory / "store"

    def write(
        self,
        place: Path,
        nodes: list[Node],
        edges: list[Edge] | None = None,
        *,
        batch: int = 1000,
        header: dict[str, Any] | None = None,
    ) -> None:
        """Write a whole graph."""
        writer = self.open_writer(place)
        for start in range(0, len(nodes), batch):
            writer.write_nodes(nodes[start : start + batch])
        for start in range(0, len(edges or []), batch):
            writer.write_edges((edges or [])[start : start + batch])
        writer.finish(header or {}, SILENT)

    def read(self, place: Path) -> tuple[list[Node], list[Edge]]:
        """Read a whole graph."""
        reader = self.open_reader(place)
        try:
            nodes, edges = list(reader.iter_nodes()), list(reader.iter_edges())
            assert reader.counts() == (len(nodes), len(edges))
            return nodes, edges
        finally:
            reader.close()

    def values(self) -> dict[str, Any]:
        """Return the values that this store promises to keep."""
        return VALUES if self.capabilities.typed_values else JSON_VALUES
