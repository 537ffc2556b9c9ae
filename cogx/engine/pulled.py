"""Knows how what was fetched of a dataset is one graph: nodes, edges and documents. Asks nobody.

A document whose id a node has too stands with that node, as it does where a local cognee is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final

from cogx.engine.graph_spool import GraphSpool
from cogx.engine.pull_site import PulledFile, PullSite
from cogx.errors import OutputError
from cogx.ports import Capabilities, Edge, Node
from cogx.stores.cognee.documents import missing_file, nodes_of_file, with_documents
from cogx.stores.cognee.pieces import plan_of

_IDS: Final = 500
_HUMP: Final = re.compile("(?<=[a-z0-9])(?=[A-Z])")
_ELSEWHERE: Final = frozenset({"raw_data_location", "original_data_location"})
"""Where a file lies on the server is nobody's business."""


class PulledReader:
    """What was fetched, as a GraphReader. It asks no server; spool and site stay the caller's.

    Args:
        site: None if no files were asked for.
    """

    capabilities = Capabilities(snapshot=False)
    holds_vectors = True

    def __init__(self, spool: GraphSpool, site: PullSite | None, header: Mapping[str, Any]) -> None:
        self._spool = spool
        self._site = site
        self._header = dict(header)

    def counts(self) -> tuple[int, int]:
        """Return (nodes, edges): a node that is a document too counts once.

        A long document is counted as one, though it comes in parts.
        """
        nodes, edges = self._spool.counts()
        ids = (file.id for file in self._files())
        while batch := list(islice(ids, _IDS)):
            nodes += len(batch) - self._spool.count_present(batch)
        return nodes, edges

    def header(self) -> Mapping[str, Any]:
        """Return what an archive's manifest says about the dataset."""
        return self._header

    def iter_nodes(self) -> Iterator[Node]:
        """Yield every node, ordered by id."""
        return with_documents(self._spool.iter_nodes(), self._documents())

    def iter_edges(self) -> Iterator[Edge]:
        """Yield every edge, ordered by id."""
        return self._spool.iter_edges()

    def close(self) -> None:
        """Do nothing: what is read belongs to the caller."""

    def _files(self) -> Iterator[PulledFile]:
        return self._site.iter_files() if self._site is not None else iter(())

    def _documents(self) -> Iterator[Node]:
        """Yield the nodes of the files, by id."""
        for file in self._files():
            row = _row(file.told)
            if file.state != "whole":
                yield missing_file(file.id, row)
                continue
            try:
                plan = plan_of(file.path, row.get("mime_type"))
                yield from nodes_of_file(file.id, plan, row)
            except OSError as error:
                raise OutputError(
                    f"{file.path} cannot be read any more ({error.strerror}). Pull again."
                ) from error


def _row(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a server says of a file, named as the columns of cognee's own table."""
    row = {_HUMP.sub("_", name).lower(): value for name, value in told.items()}
    return {name: value for name, value in row.items() if name not in _ELSEWHERE}
