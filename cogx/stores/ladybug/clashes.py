"""Knows how to keep ids unique where somebody's tables use one key twice."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from cogx.stores.ladybug.database import Database
from cogx.stores.ladybug.kinds import KINDS
from cogx.stores.ladybug.layout import Column, NodeTable
from cogx.stores.ladybug.queries import node_blocks

_BLOCK_BYTES: Final = 16 << 20


def qualify_clashes(database: Database, tables: list[NodeTable]) -> None:
    """Let the ids of every foreign table begin with its name if one of its keys is taken.

    Cost: one pass over all keys and 8 bytes for each, if there is a foreign table and another.
    """
    plain = [table for table in tables if not table.qualified]
    if len(plain) < 2 or all(table.ours for table in plain):
        return
    keys = [np.unique(_hashes(database, table)) for table in plain]
    every = np.sort(np.concatenate(keys))
    twice = every[1:][every[1:] == every[:-1]]
    for table, own in zip(plain, keys, strict=True):
        if not table.ours and np.isin(own, twice).any():
            table.qualified = True
            if table.key == "id":
                table.columns.insert(0, Column("id", "id", KINDS["string"]))


def _hashes(database: Database, table: NodeTable) -> npt.NDArray[np.int64]:
    bare = NodeTable(table.name, table.name, ours=False, key=table.key)
    parts = [np.empty(0, np.int64)]
    for block in node_blocks(database, bare, _BLOCK_BYTES):
        keys = block["k"].to_pylist()
        parts.append(np.fromiter(map(hash, keys), np.int64, len(keys)))
    return np.concatenate(parts)
