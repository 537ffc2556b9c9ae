"""Measures a real cognee's own functions: the other half of every comparison in benchmarks/.

Runs inside cognee's environment (tests/interop/environment.py), never beside cogx, and must
never time anything but cognee: loading the input and importing cognee are outside the clock.

    python peer.py write GRAPH.jsonl OUT     _write_cogx, then pack_archive to the file OUT
    python peer.py read ARCHIVE              unpack_archive, then read_archive to its end
    python peer.py import ARCHIVE            a whole preserve import into a fresh home

GRAPH.jsonl holds first all nodes, ``{"node": {"id": ..., "type": ..., ...}}``, then all edges,
``{"edge": [source, target, relationship, {properties}]}``. One JSON object is printed:
``{"stages": {name: {"cpu_s", "wall_s", "peak_rss_mib"}}, ...sizes and counts}``, with
``process_cpu_s``, what the process used from its start, cognee's import included. A stage that
cognee refuses has ``"refused"`` with its words instead of figures. ``peak_rss_mib`` includes
what the process held before the stage, which is ``baseline_rss_mib``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# Cognee's environment knows nothing of this repository, so its modules are named by place.
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "interop"))

import peer_process
from peer_usage import cpu_seconds, forget_peaks, peak_rss_mib

Stages = dict[str, dict[str, Any]]


def measure_write(graph: Path, out: Path, stages: Stages) -> dict[str, Any]:
    """Time the two halves of cognee's export of a graph that is already in memory."""
    from cognee.modules.migration.archive import pack_archive
    from cognee.modules.migration.export import _write_cogx

    nodes, edges = load_graph(graph)
    result = {"nodes": len(nodes), "edges": len(edges), "baseline_rss_mib": peak_rss_mib()}
    with tempfile.TemporaryDirectory(dir=out.absolute().parent) as folder:
        with stage(stages, "write_cogx"):
            _write_cogx(nodes, edges, Path(folder), "benchmark")
        with stage(stages, "pack_archive"):
            pack_archive(folder, out)
        result["directory_bytes"] = directory_bytes(Path(folder))
    return {**result, "archive_bytes": out.stat().st_size}


def measure_read(archive: Path, stages: Stages) -> dict[str, Any]:
    """Time the two halves of cognee's reading, every record built and dropped."""
    from cognee.modules.migration.archive import unpack_archive
    from cognee.modules.migration.cogx import read_archive

    result = {"archive_bytes": archive.stat().st_size, "baseline_rss_mib": peak_rss_mib()}
    with tempfile.TemporaryDirectory(dir=archive.absolute().parent) as folder:
        root = None
        with archive.open("rb") as packed, stage(stages, "unpack_archive"):
            root = unpack_archive(packed, folder)
        if root is None:
            return result
        result["directory_bytes"] = directory_bytes(root)
        with stage(stages, "read_archive"):
            result["records"] = sum(1 for _ in read_archive(root))
    return result


def measure_import(archive: Path, stages: Stages, *, graph_only: bool) -> dict[str, Any]:
    """Time a preserve import into fresh embedded stores, the unpacking included."""
    import peer_store

    result = {"archive_bytes": archive.stat().st_size, "baseline_rss_mib": peak_rss_mib()}
    with stage(stages, "import"):
        work = peer_store.import_archive(archive, "benchmark", "preserve", graph_only=graph_only)
        result.update(asyncio.run(work))
    return result


def load_graph(path: Path) -> tuple[list[Any], list[Any]]:
    """Read GRAPH.jsonl into the tuples that cognee's graph engines give out."""
    nodes, edges = [], []
    with path.open(encoding="utf-8", newline="\n") as lines:
        for line in lines:
            value = json.loads(line)
            if "edge" in value:
                edges.append(tuple(value["edge"]))
            else:
                properties = value["node"]
                nodes.append((properties.pop("id"), properties))
    return nodes, edges


def directory_bytes(folder: Path) -> int:
    """Sum the sizes of the files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@contextmanager
def stage(stages: Stages, name: str) -> Iterator[None]:
    """Clock one stage; a ValueError is cognee's refusal and becomes the stage's result."""
    forget_peaks()
    cpu, wall = cpu_seconds(), time.perf_counter()
    try:
        yield
    except ValueError as refusal:
        stages[name] = {"refused": str(refusal)}
        return
    stages[name] = {
        "cpu_s": round(cpu_seconds() - cpu, 4),
        "wall_s": round(time.perf_counter() - wall, 4),
        "peak_rss_mib": peak_rss_mib(),
    }


def main(argv: list[str]) -> int:
    """Run one command; only its JSON reaches stdout."""
    parser = argparse.ArgumentParser(prog="benchmarks/peer.py")
    commands = parser.add_subparsers(dest="command", required=True)
    write = commands.add_parser("write")
    write.add_argument("graph", type=Path)
    write.add_argument("out", type=Path)
    commands.add_parser("read").add_argument("archive", type=Path)
    commands.add_parser("import").add_argument("archive", type=Path)
    commands.choices["import"].add_argument("--graph-only", action="store_true")
    arguments = parser.parse_args(argv)

    answers = peer_process.claim_stdout()
    stages: Stages = {}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        peer_process.enter(Path(home))
        if arguments.command == "write":
            result = measure_write(arguments.graph, arguments.out, stages)
        elif arguments.command == "read":
            result = measure_read(arguments.archive, stages)
        else:
            result = measure_import(arguments.archive, stages, graph_only=arguments.graph_only)
    used = {"process_cpu_s": round(cpu_seconds(), 4)}
    answer = {"command": arguments.command, "stages": stages, **result, **used}
    print(json.dumps(answer), file=answers)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
