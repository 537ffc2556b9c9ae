"""Measures how quick Ladybug itself is: a bare COPY of the rows that our writer also gets.

    python -m benchmarks.bare_copy ARCHIVE FOLDER

Three stages, all with ready rows in memory or on disk, the same buffer pool and threads, and
all durable at the end (checkpoint, and the database closed):

    copy one table    COPY from two Parquet files: a node table, a relationship table with the
                      predicate as a column
    copy our tables   COPY from as many Parquet files as our layout has tables: a node table, a
                      relationship table per predicate
    ladybug rows      our writer with the same nodes and edges as Python objects

Reading the archive, making the objects and the Parquet files is outside of all clocks.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import ladybug
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.peer import Stages, stage
from cogx import Edge, Node, import_archive
from cogx.progress import SILENT, Progress
from cogx.stores.ladybug import DEFAULT_BUFFER_BYTES, DEFAULT_THREADS, open_writer

BATCH = 1000
TIME = pa.timestamp("us", tz="UTC")
NODE_FIELDS = {"name": pa.string(), "description": pa.string(), "created_at": TIME}
NODE_FIELDS |= {"updated_at": TIME}
EDGE_FIELDS = {"fact_text": pa.string(), "valid_at": TIME}
COLUMN_OF = {pa.string(): "STRING", TIME: "TIMESTAMP_TZ"}


class Kept:
    """A GraphWriter that keeps everything in memory."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.edges: list[Edge] = []
        self.header: dict[str, Any] = {}

    def write_nodes(self, nodes: Iterable[Node]) -> None:
        self.nodes.extend(nodes)

    def write_edges(self, edges: Iterable[Edge]) -> None:
        self.edges.extend(edges)

    def finish(self, header: Mapping[str, Any], progress: Progress) -> None:
        self.header = dict(header)

    def abort(self) -> None:
        """Nothing is held elsewhere."""


def properties(rows: list[Any], fields: dict[str, pa.DataType]) -> dict[str, pa.Array]:
    """Return a column per property, and prove that there are no others."""
    unknown = {name for row in rows for name in row.properties} - fields.keys()
    if unknown:
        sys.exit(f"the rows have properties that the bare COPY would leave out: {sorted(unknown)}")
    return {
        name: pa.array([row.properties.get(name) for row in rows], kind)
        for name, kind in fields.items()
    }


def save(columns: dict[str, Any], path: Path) -> Path:
    """Write columns as our writer does: neither compressed nor with dictionaries."""
    pq.write_table(pa.table(columns), path, compression="none", use_dictionary=False)
    return path


def save_nodes(nodes: list[Node], path: Path) -> Path:
    """Write the rows of the node table."""
    return save({"id": [node.id for node in nodes], **properties(nodes, NODE_FIELDS)}, path)


def save_edges(edges: list[Edge], path: Path, *, shared: bool) -> Path:
    """Write rows of relationships; with their predicate if all share one table."""
    columns: dict[str, Any] = {
        "from": [edge.source for edge in edges],
        "to": [edge.target for edge in edges],
        "id": [edge.id for edge in edges],
    }
    if shared:
        columns["predicate"] = [edge.predicate for edge in edges]
    return save(columns | properties(edges, EDGE_FIELDS), path)


def declared(fields: dict[str, pa.DataType]) -> str:
    """Return columns as they stand in CREATE."""
    return ", ".join(f"{name} {COLUMN_OF[kind]}" for name, kind in fields.items())


def copy(path: Path, nodes: Path, edges: dict[str, Path], *, shared: bool) -> tuple[int, int]:
    """Make a database out of Parquet files; return how many nodes and edges it holds."""
    database = ladybug.Database(
        str(path),
        buffer_pool_size=DEFAULT_BUFFER_BYTES,
        max_num_threads=DEFAULT_THREADS,
        auto_checkpoint=False,
    )
    connection = ladybug.Connection(database)

    def run(query: str) -> Any:
        return connection.execute(query)

    run(f"CREATE NODE TABLE Entity(id STRING PRIMARY KEY, {declared(NODE_FIELDS)})")
    run(f"COPY Entity FROM '{nodes}'")
    run("CHECKPOINT")
    own = "id STRING, predicate STRING" if shared else "id STRING"
    for name, file in edges.items():
        run(f"CREATE REL TABLE {name}(FROM Entity TO Entity, {own}, {declared(EDGE_FIELDS)})")
        run(f"COPY {name} FROM '{file}'")
    run("CHECKPOINT")
    found = [
        run(query).get_next()[0]
        for query in ("MATCH (n) RETURN count(*)", "MATCH ()-[r]->() RETURN count(*)")
    ]
    connection.close()
    database.close()
    return int(found[0]), int(found[1])


def write_rows(path: Path, kept: Kept) -> None:
    """Give our writer the same rows."""
    writer = open_writer(path)
    for start in range(0, len(kept.nodes), BATCH):
        writer.write_nodes(kept.nodes[start : start + BATCH])
    for start in range(0, len(kept.edges), BATCH):
        writer.write_edges(kept.edges[start : start + BATCH])
    writer.finish(kept.header, SILENT)


def measure(archive: Path, folder: Path, stages: Stages) -> dict[str, Any]:
    """Make the rows ready, then take turns."""
    kept = Kept()
    import_archive(archive, kept)
    by_predicate: defaultdict[str, list[Edge]] = defaultdict(list)
    for edge in kept.edges:
        by_predicate[edge.predicate].append(edge)
    nodes = save_nodes(kept.nodes, folder / "nodes.parquet")
    one = {"Fact": save_edges(kept.edges, folder / "edges.parquet", shared=True)}
    ours = {
        name: save_edges(edges, folder / f"{name}.parquet", shared=False)
        for name, edges in by_predicate.items()
    }
    gc.freeze()  # the input is not theirs to collect
    expected = len(kept.nodes), len(kept.edges)
    with stage(stages, "copy one table"):
        first = copy(folder / "one.lbug", nodes, one, shared=True)
    with stage(stages, "copy our tables"):
        second = copy(folder / "ours.lbug", nodes, ours, shared=False)
    if not first == second == expected:
        sys.exit(f"COPY kept {first} and {second} of {expected} rows")
    with stage(stages, "ladybug rows"):
        write_rows(folder / "rows.lbug", kept)
    return {"nodes": expected[0], "edges": expected[1], "relationship_tables": len(ours)}


def main(argv: list[str]) -> int:
    """Run once; print the figures."""
    parser = argparse.ArgumentParser(prog="benchmarks/bare_copy.py")
    parser.add_argument("archive", type=Path)
    parser.add_argument("folder", type=Path)
    given = parser.parse_args(argv)
    stages: Stages = {}
    result = measure(given.archive, given.folder, stages)
    print(json.dumps({"command": "bare_copy", "stages": stages, **result}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
