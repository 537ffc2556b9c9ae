"""Measures cogx: the half of every comparison that benchmarks/peer.py is the other half of.

    python -m benchmarks.ours write GRAPH.jsonl OUT     a graph in memory, exported
    python -m benchmarks.ours stream NODES OUT          a graph that is never in memory, exported
    python -m benchmarks.ours read ARCHIVE              every record, schema and digests checked
    python -m benchmarks.ours validate ARCHIVE          every error, and the fingerprint
    python -m benchmarks.ours validate ARCHIVE          every error, and the fingerprint

``write --half`` makes of the same graph another one that overlaps with it: see
:func:`benchmarks.graph.half_other`. What stores cost is measured by benchmarks/stores.py.
One JSON object is printed, of the same shape as the peer's.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks import graph
from benchmarks.peer import Stages, load_graph, stage
from cogx import ArchiveWriter, Manifest, export_graph, open_archive, validate
from cogx.codec.from_values import line_type
from cogx.format.identity import fact_id
from cogx.format.timestamps import parse_timestamp
from cogx.ports import Edge, Node
from tests.interop.peer_usage import peak_rss_mib

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BATCH = 500


class TupleGraph:
    """A graph reader over the tuples of a cognee graph engine, mapped as cognee maps them."""

    def __init__(self, nodes: Iterable[graph.Node], edges: Iterable[graph.Edge]) -> None:
        self.nodes, self.edges = nodes, edges

    def counts(self) -> tuple[int, int]:
        return 1, 1

    def header(self) -> Mapping[str, Any]:
        return {"source_system": "cognee"}

    def iter_nodes(self) -> Iterator[Node]:
        for identity, properties in self.nodes:
            kept = {
                "name": properties["name"],
                "description": properties["description"],
                "created_at": EPOCH + timedelta(milliseconds=properties["created_at"]),
                "updated_at": EPOCH + timedelta(milliseconds=properties["updated_at"]),
            }
            yield Node(identity, properties["type"], kept)

    def iter_edges(self) -> Iterator[Edge]:
        for number, (source, target, relation, properties) in enumerate(self.edges):
            kept = {"fact_text": properties["edge_text"]}
            if "valid_at" in properties:
                kept["valid_at"] = parse_timestamp(properties["valid_at"])[0]
            identity = fact_id(source, relation, target) + f"#{number}"
            yield Edge(identity, source, target, relation, kept)

    def close(self) -> None:
        """Nothing is held."""


def iter_records(
    nodes: list[graph.Node], edges: list[graph.Edge]
) -> Iterator[tuple[str, list[Any]]]:
    """Map the tuples of a cognee graph engine to records, as cognee's own export does."""
    entity, fact = line_type("entity"), line_type("fact")
    for start in range(0, len(nodes), BATCH):
        yield (
            "entity",
            [
                entity(
                    kind="entity",
                    external_system="cognee",
                    external_id=identity,
                    name=properties["name"],
                    description=properties["description"],
                    created_at=EPOCH + timedelta(milliseconds=properties["created_at"]),
                    updated_at=EPOCH + timedelta(milliseconds=properties["updated_at"]),
                )
                for identity, properties in nodes[start : start + BATCH]
            ],
        )
    for start in range(0, len(edges), BATCH):
        yield (
            "fact",
            [
                fact(
                    kind="fact",
                    external_system="cognee",
                    external_id=f"{source}:{relation}:{target}#{number}",
                    subject_ref=source,
                    predicate=relation,
                    object_ref=target,
                    fact_text=properties["edge_text"],
                    valid_at=parse_timestamp(properties["valid_at"])[0]
                    if "valid_at" in properties
                    else None,
                )
                for number, (source, target, relation, properties) in enumerate(
                    edges[start : start + BATCH], start
                )
            ],
        )


def measure_write(path: Path, out: Path, stages: Stages, *, half: bool) -> dict[str, Any]:
    """Map and write a graph that is already in memory, as the peer does."""
    nodes, edges = load_graph(path)
    if half:
        nodes, edges = graph.half_other(nodes, edges)
    gc.freeze()  # the input is not ours to collect
    baseline = peak_rss_mib()
    about = Manifest(source_system="cognee")
    with stage(stages, "write"), ArchiveWriter(out, manifest=about, force=True) as writer:
        for kind, records in iter_records(nodes, edges):
            writer.write_batch(kind, records)
    return {"baseline_rss_mib": baseline, "archive_bytes": out.stat().st_size}


def measure_stream(count: int, out: Path, stages: Stages) -> dict[str, Any]:
    """Export a graph that comes from a generator: shows what the export itself holds."""
    source = TupleGraph(graph.iter_nodes(count), graph.iter_edges(3 * count, count))
    with stage(stages, "stream"):
        export_graph(source, out, force=True, allow_empty=True)
    return {"archive_bytes": out.stat().st_size}


def measure_read(path: Path, stages: Stages) -> dict[str, Any]:
    """Read every record, as the peer does; it builds records and drops them."""
    count = 0
    with stage(stages, "read"), open_archive(path) as archive:
        for _ in archive.records():
            count += 1
    return {"records": count}


def measure_validate(path: Path, stages: Stages) -> dict[str, Any]:
    """Judge everything, fingerprint and references included."""
    with stage(stages, "validate"):
        findings = validate(path)
    return {"valid": findings.valid, "fingerprint": findings.fingerprint.hex()}


def main(argv: list[str]) -> int:
    """Run one command; print its figures."""
    parser = argparse.ArgumentParser(prog="benchmarks/ours.py")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, arguments in {
        "write": ("graph", "out"),
        "stream": ("nodes", "out"),
        "read": ("archive",),
        "validate": ("archive",),
    }.items():
        command = commands.add_parser(name)
        for argument in arguments:
            command.add_argument(argument, type=int if argument == "nodes" else Path)
    commands.choices["write"].add_argument("--half", action="store_true")
    given = parser.parse_args(argv)
    stages: Stages = {}
    match given.command:
        case "write":
            result = measure_write(given.graph, given.out, stages, half=given.half)
        case "stream":
            result = measure_stream(given.nodes, given.out, stages)
        case "read":
            result = measure_read(given.archive, stages)
        case _:
            result = measure_validate(given.archive, stages)
    print(json.dumps({"command": given.command, "stages": stages, **result}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
