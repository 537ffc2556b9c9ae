"""Knows the Cypher that reads a table block by block, and how large blocks become.

A block is a range of row offsets (of the source node, for edges), because a result is held in
memory as a whole: the ranges are what bounds it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from cogx.stores.ladybug.database import Database, PoolFull
from cogx.stores.ladybug.layout import Column, EdgeTable, NodeTable
from cogx.stores.ladybug.names import quoted, text_literal

_FIRST_ROWS: Final = 4096
_MOST_ROWS: Final = 500_000
_BUCKET: Final = 2048
_SHRINK: Final = 16
_FEWEST_ROWS: Final = 16
_USUAL_LEAST_ROWS: Final = 64
_LEAST_BYTES: Final = 4 << 20


def node_blocks(database: Database, table: NodeTable, block_bytes: int) -> Iterator[pa.Table]:
    """Yield the rows of a node table in no particular order; see :mod:`decoding`."""
    name = quoted(table.name)
    ((last,),) = database.rows(f"MATCH (n:{name}) RETURN max(offset(id(n)))")
    returned = [f"{_key('n', table)} AS k"]
    if table.type is None:
        returned.append("n.type AS t")
    if table.ours:
        returned += ["n.labels AS l", "n._cogx AS x"]
    listed = ", ".join(returned + _cells("n", table.columns))
    rows, start = _FIRST_ROWS, 0
    while last is not None and start <= last:
        where = f"offset(id(n)) >= {start} AND offset(id(n)) < {start + rows}"
        try:
            block = database.table(f"MATCH (n:{name}) WHERE {where} RETURN {listed}")
        except PoolFull:
            # Fewer rows take less, down to the one group of rows that they are in.
            if rows <= _FEWEST_ROWS and not database.grow():
                raise
            rows = max(_FEWEST_ROWS, rows // _SHRINK)
            continue
        yield block
        start += rows
        rows = _next_rows(rows, block, block_bytes)


def edge_blocks(
    database: Database,
    table: EdgeTable,
    ends: dict[str, NodeTable],
    block_bytes: int,
) -> Iterator[pa.Table]:
    """Yield the rows of a relationship table in no particular order.

    Cost: a query per pair of node tables, unless all pairs together are one small block.
    """
    most = max(_BUCKET, min(_MOST_ROWS, block_bytes // (100 + 40 * len(table.columns))))
    if all(ends[end].ours for pair in table.pairs for end in pair):
        match = edge_match(table.name, table.pairs)
        if count_rows(database, match) <= most:
            source, target = table.pairs[0]
            returned = _edge_columns(table, ends[source], ends[target])
            yield _with_ids(database.table(f"{match} RETURN {returned}"), table.name)
            return
    for source, target in table.pairs:
        match = edge_match(table.name, [(source, target)])
        returned = _edge_columns(table, ends[source], ends[target])
        for where in _edge_ranges(database, match, most):
            block = database.table(f"{match} WHERE {where} RETURN {returned}")
            yield _with_ids(block, table.name)


def count_rows(database: Database, match: str) -> int:
    """Return how many rows a MATCH gives."""
    ((count,),) = database.rows(f"{match} RETURN count(*)")
    return int(count)


def edge_match(table: str, pairs: list[tuple[str, str]]) -> str:
    """Return the MATCH of a relationship table between pairs of node tables.

    The ends are named because Ladybug otherwise plans for every node table there is.
    """
    sources = "".join(sorted({f":{quoted(source)}" for source, _ in pairs}))
    targets = "".join(sorted({f":{quoted(target)}" for _, target in pairs}))
    return f"MATCH (a{sources})-[r:{quoted(table)}]->(b{targets})"


def _edge_columns(table: EdgeTable, source: NodeTable, target: NodeTable) -> str:
    returned = [
        "r.id AS k" if table.keyed else "CAST(NULL AS STRING) AS k",
        "offset(id(r)) AS n",
        f"{_key('a', source)} AS s",
        f"{_key('b', target)} AS o",
    ]
    if table.predicate is None:
        returned.append("r.predicate AS p")
    if table.ours:
        returned.append("r._cogx AS x")
    return ", ".join(returned + _cells("r", table.columns))


def _edge_ranges(database: Database, match: str, most: int) -> Iterator[str]:
    """Yield conditions that each select up to ``most`` rows: sources, or parts of a busy one."""
    counted = database.rows(
        f"{match} RETURN offset(id(a)) / {_BUCKET} AS bucket, count(*) ORDER BY bucket"
    )
    start: int | None = None
    size = 0
    for bucket, count in counted:
        if start is not None and size + count > most:
            yield _sources(start, bucket)
            start = None
        if count > most:
            parts = -(-count // most)
            for part in range(parts):
                yield f"{_sources(bucket, bucket + 1)} AND offset(id(r)) % {parts} = {part}"
            continue
        if start is None:
            start, size = bucket, 0
        size += count
    if start is not None:
        yield _sources(start, counted[-1][0] + 1)


def _sources(start: int, stop: int) -> str:
    return f"offset(id(a)) >= {start * _BUCKET} AND offset(id(a)) < {stop * _BUCKET}"


def _key(variable: str, table: NodeTable) -> str:
    key = f"{variable}.{quoted(table.key)}"
    if table.qualified:
        return f"concat({text_literal(table.name + ':')}, CAST({key} AS STRING))"
    return key


def _cells(variable: str, columns: list[Column]) -> list[str]:
    cells = []
    for number, column in enumerate(columns):
        cell = f"{variable}.{quoted(column.name)}"
        if column.kind.name in ("uuid", "foreign text"):
            cell = f"CAST({cell} AS STRING)"
        elif column.kind.name == "foreign time":
            cell = f"CAST({cell} AS TIMESTAMP)"
        cells.append(f"{cell} AS c{number}")
    return cells


def _next_rows(rows: int, block: pa.Table, block_bytes: int) -> int:
    """Aim at blocks of ``block_bytes``, growing at most eightfold."""
    if not block.num_rows:
        return min(rows * 8, _MOST_ROWS)
    each: int = max(1, block.nbytes // block.num_rows)
    least = max(1, min(_USUAL_LEAST_ROWS, _LEAST_BYTES // each))
    return max(least, min(rows * 8, _MOST_ROWS, block_bytes // each))


def _with_ids(block: pa.Table, table: str) -> pa.Table:
    """Give edges that a person made without an id one: ends, table and row number."""
    numbers = block["n"]
    block = block.drop_columns(["n"])
    if not block["k"].null_count:
        return block
    made = pc.binary_join_element_wise(
        block["s"], pa.scalar(table), block["o"], pc.cast(numbers, pa.string()), ":"
    )
    return block.set_column(0, "k", pc.coalesce(block["k"], made))
