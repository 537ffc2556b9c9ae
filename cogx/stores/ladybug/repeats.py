"""Knows what to do about equal hashes: tell an id that came twice from two ids that collide."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from cogx.errors import StoreRefused
from cogx.ports import Node
from cogx.stores.ladybug.spool import Family


def settle_repeats(housed: list[Family[Node]], repeats: npt.NDArray[np.int64]) -> dict[str, int]:
    """Return the table number of every id whose hash is among ``repeats``.

    Raises:
        StoreRefused: an id stands on two nodes.
    Cost: one pass over the ids of all rows; needed only when hashes repeat.
    """
    wanted = frozenset(repeats.tolist())
    exact: dict[str, int] = {}
    for slot, family in enumerate(housed):
        for node_id in _ids(family):
            if hash(node_id) not in wanted:
                continue
            if node_id in exact:
                raise StoreRefused(
                    f"Two nodes have the id {node_id!r:.80}. Give each its own id.", id=node_id
                )
            exact[node_id] = slot
    return exact


def _ids(family: Family[Node]) -> Iterator[str]:
    for bundle in family.bundles.values():
        yield from (node.id for node in bundle.rows)
        for file in bundle.files:
            yield from pq.read_table(file.path, columns=["id"])["id"].to_pylist()
