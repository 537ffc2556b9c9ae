"""Knows how rows that come in any order are given out ordered by id, in code points.

Servers differ in how they order text (some by UTF-16), have no index over all relationships,
and would sort in their own memory. So rows are taken as they come and sorted in an unlinked
file here; when the first row is given out, the server is done.
"""

from __future__ import annotations

import pickle
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Any, Final, TypeVar

from cogx.ports import Edge, Node

Row = TypeVar("Row", Node, Edge)
_CACHE_KIB: Final = 16_384


def in_order(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield the rows ordered by id, those of one id in the order they came.

    Cost: 16 MiB of memory and about three times the rows on temporary disk.
    """
    # An empty name is SQLite's private temporary database: it spills, and goes with us.
    with closing(sqlite3.connect("", isolation_level=None, check_same_thread=False)) as table:
        table.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        table.execute("CREATE TABLE rows (id BLOB, row BLOB)")
        table.execute("BEGIN")
        table.executemany("INSERT INTO rows VALUES (?, ?)", map(_packed, rows))
        # Blobs are compared byte by byte, which for UTF-8 is the order of code points.
        for (packed,) in table.execute("SELECT row FROM rows ORDER BY id, rowid"):
            yield _unpacked(packed)


def are_distinct_texts(ids: Iterable[Any]) -> bool:
    """Tell whether all are text and no two the same; stops at the first that is no text.

    Cost: as :func:`in_order`.
    """
    with closing(sqlite3.connect("", isolation_level=None, check_same_thread=False)) as table:
        table.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        table.execute("CREATE TABLE ids (id BLOB)")
        table.execute("BEGIN")
        for found in ids:
            if type(found) is not str:
                return False
            table.execute("INSERT INTO ids VALUES (?)", (found.encode(),))
        query = "SELECT 1 FROM ids GROUP BY id HAVING count(*) > 1 LIMIT 1"
        return table.execute(query).fetchone() is None


def _packed(row: Node | Edge) -> tuple[bytes, bytes]:
    return row.id.encode(), pickle.dumps(row, protocol=pickle.HIGHEST_PROTOCOL)


def _unpacked(packed: bytes) -> Any:
    # Our own bytes, from a file without a name that nobody else can open.
    return pickle.loads(packed)  # noqa: S301
