"""Records come out of a store in batches that fit in memory."""

from __future__ import annotations

from cogx.engine.holdings import iter_batches
from cogx.ports import Node
from cogx.testing.memory_graph import MemoryGraph


def test_a_batch_of_texts_ends_before_they_are_too_many() -> None:
    text = "x" * 3_000_000
    graph = MemoryGraph.of(
        Node(str(number), "Document", {"content": text}, {"kind": "document"})
        for number in range(5)
    )
    sizes = [len(batch) for kind, batch in iter_batches(graph, "test") if kind == "document"]
    assert sizes == [2, 2, 1]
