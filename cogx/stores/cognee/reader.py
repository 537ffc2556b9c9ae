"""Knows how to give a dataset of a local cognee out as one graph; changes no byte of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any, Final

from cogx.errors import StoreRefused
from cogx.ports import Edge, Node
from cogx.stores.cognee import location
from cogx.stores.cognee.accounts import Accounts, Dataset
from cogx.stores.cognee.documents import Documents, Tally, with_documents
from cogx.stores.cognee.edges import edge_of, told_apart
from cogx.stores.cognee.graph import GraphFile
from cogx.stores.cognee.nodes import node_of
from cogx.stores.cognee.relational import Relational, Row
from cogx.stores.cognee.values import read_json

_IDS: Final = 1000
_LADYBUG: Final = ("ladybug", "kuzu")


class CogneeReader:
    """Read a dataset: a GraphReader.

    A document whose id a node of the graph has too stands with that node, as one more record.

    Cost: the graph database's buffer pool, about 300 MB for sorting, one document's text at a
    time, and a temporary copy of the SQLite file if cognee is running.
    """

    def __init__(
        self,
        dataset: str,
        *,
        root: str | Path | None,
        user: str | None,
        data: str | Path | None,
        buffer_bytes: int,
    ) -> None:
        place = location.find_root(root)
        self._tally: Tally | None = None
        with ExitStack() as stack:
            relational = Relational(location.relational_file(place))
            stack.callback(relational.close)
            self._dataset = Accounts(relational).find(dataset, user)
            self._kept = next(_of_dataset(relational, self._dataset), {})
            self._everywhere = next(relational.rows("global_database_version"), {})
            path = self._graph_path(place)
            self._graph = GraphFile(path, buffer_bytes=buffer_bytes) if path else None
            if self._graph is not None:
                stack.callback(self._graph.close)
            self._documents = Documents(relational, self._dataset.id, data)
            self._stack = stack.pop_all()

    holds_vectors = True
    """Vectors stand beside the graph; COGX 0.1 has no place for them."""

    def counts(self) -> tuple[int, int]:
        """Return (nodes, edges): a node of the graph that is a document too counts once."""
        records = self._look().records
        if self._graph is None:
            return records, 0
        nodes, edges = self._graph.counts()
        ids = self._documents.ids()
        while batch := list(islice(ids, _IDS)):
            records -= self._graph.count_present(batch)
        return nodes + records, edges

    def header(self) -> Mapping[str, Any]:
        """Return what an archive's manifest says about the dataset."""
        info, _ = read_json(self._kept.get("vector_database_connection_info"))
        info = info if isinstance(info, dict) else {}
        embedding = {
            "model": info.get("embedding_model"),
            "dimensions": info.get("embedding_dimensions"),
        }
        revision = (
            self._everywhere.get("global_migration_revision")
            if self._is_shared
            else self._kept.get("migration_revision")
        )
        return {
            "source_system": "cognee",
            "dataset": self._dataset.name,
            "migration_revision": revision,
            "embedding_model": embedding["model"],
            "embedding": {key: value for key, value in embedding.items() if value is not None},
            "notes": list(self._notes()),
        }

    def iter_nodes(self) -> Iterator[Node]:
        """Yield every node, ordered by id."""
        rows = self._graph.iter_nodes() if self._graph is not None else ()
        return with_documents(map(node_of, rows), self._documents.iter_nodes())

    def iter_edges(self) -> Iterator[Edge]:
        """Yield every edge, ordered by id."""
        if self._graph is not None:
            yield from told_apart(map(edge_of, self._graph.iter_edges()))

    def close(self) -> None:
        """Release the store; may be called twice."""
        self._stack.close()

    @property
    def _is_shared(self) -> bool:
        return not self._kept or location.shares_one_graph()

    def _graph_path(self, root: Path) -> Path | None:
        """Return the file of the graph, None for a dataset that never got one."""
        if self._is_shared:
            path = location.shared_graph_file(root)
            return path if path.exists() else None
        provider = str(self._kept.get("graph_database_provider") or _LADYBUG[0]).lower()
        if provider not in _LADYBUG or self._kept.get("graph_database_url"):
            raise StoreRefused(
                f"The graph of dataset {self._dataset.name!r} is kept by {provider}, not in a "
                "file; only cognee's default, Ladybug, is read directly. Export it with cognee "
                "(format='cogx'), or read that database itself."
            )
        owner = self._dataset.owner
        return location.graph_file(root, owner, str(self._kept["graph_database_name"]))

    def _look(self) -> Tally:
        if self._tally is None:
            self._tally = self._documents.tally()
        return self._tally

    def _notes(self) -> Iterator[str]:
        version = self._kept.get("cognee_version") or self._everywhere.get("cognee_version")
        maker = f"cognee {version}" if version else "cognee"
        yield f"Read from the files of {maker}, dataset {self._dataset.name!r}."
        if self._graph is None:
            yield "The dataset has no graph yet: it was never cognified."
        elif self._is_shared:
            yield "Access control is off: the graph is the one that all datasets share."
        yield from self._look().notes()


def _of_dataset(relational: Relational, dataset: Dataset) -> Iterator[Row]:
    identity = dataset.id.replace("-", "")
    return relational.rows("dataset_database", "WHERE dataset_id = ?", identity)
