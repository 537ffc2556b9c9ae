"""One command, both sides, one run: `make bench` or `python -m benchmarks.bench [--nodes N]`.

cogx and a real cognee take turns on the same data, so that a busy machine slows both. CPU
seconds are compared, not wall time. Without a cognee environment our side still runs.
Prints a table, and writes all figures to benchmarks/results.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

from benchmarks.graph import write_graph
from tests.interop.environment import is_current, location, python_of

ROOT = Path(__file__).parents[1]
Figures = dict[str, dict[str, float]]

GOALS = {"write": 8.0, "read": 8.0, "validate": 4.0}
PEER_STAGES = {
    "write": ("write_cogx", "pack_archive"),
    "read": ("unpack_archive", "read_archive"),
    "validate": ("unpack_archive", "read_archive"),
}
WORDS = {
    "write": "graph in memory -> archive, digests and fingerprint made",
    "read": "archive -> records, schema and digests checked",
    "validate": "the full strict read: every error, references, fingerprint",
}


def run(python: str, *arguments: str | Path) -> dict[str, Any]:
    """Run one side once; its last line of output is its figures."""
    done = subprocess.run(
        [python, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(map(str, arguments))}\n{done.stderr[-2000:]}")
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer


def measure(nodes: int, rounds: int, peer: str | None, folder: Path) -> dict[str, list[Figures]]:
    """Take turns; return the stages of every round, by stage name."""
    found: dict[str, list[Figures]] = defaultdict(list)
    graph, ours, theirs = folder / "graph.jsonl", folder / "ours.tar.gz", folder / "theirs.tar.gz"
    write_graph(graph, nodes, 3 * nodes)

    def take(python: str, *arguments: str | Path) -> dict[str, Any]:
        answer = run(python, *arguments)
        for name, figures in answer["stages"].items():
            found[name].append(figures)
        return answer

    for _ in range(rounds):
        take(sys.executable, "-m", "benchmarks.ours", "write", graph, ours)
        if peer:
            take(peer, "benchmarks/peer.py", "write", graph, theirs)
        take(sys.executable, "-m", "benchmarks.ours", "read", ours)
        take(sys.executable, "-m", "benchmarks.ours", "validate", ours)
        if peer:
            take(peer, "benchmarks/peer.py", "read", theirs)
    take(sys.executable, "-m", "benchmarks.ours", "stream", str(nodes), folder / "stream.tar.gz")
    with tempfile.TemporaryDirectory(dir=folder) as store:
        trip = take(sys.executable, "-m", "benchmarks.ours", "store", ours, store)
    if not trip["equal"]:
        sys.exit("the round trip through Ladybug changed the fingerprint")
    return found


def median(found: dict[str, list[Figures]], names: tuple[str, ...], figure: str) -> float | None:
    """Sum the medians of stages; None if one was not run or was refused."""
    values = [[f[figure] for f in found.get(name, ()) if figure in f] for name in names]
    if not all(values):
        return None
    pick = max if figure == "peak_rss_mib" else sum
    return pick(statistics.median(one) for one in values)


def rows(found: dict[str, list[Figures]]) -> list[dict[str, Any]]:
    """Return the table: one row a stage, both sides and the ratio."""
    table = []
    for name in ("write", "read", "validate", "stream", "import", "export"):
        peer = PEER_STAGES.get(name, ())
        row: dict[str, Any] = {"stage": name, "what": WORDS.get(name, ""), "goal": GOALS.get(name)}
        for figure in ("cpu_s", "wall_s", "peak_rss_mib"):
            row[figure] = median(found, (name,), figure)
            row[f"cognee_{figure}"] = median(found, peer, figure) if peer else None
        if row["cpu_s"] and row["cognee_cpu_s"]:
            row["cpu_ratio"] = round(row["cognee_cpu_s"] / row["cpu_s"], 1)
            row["wall_ratio"] = round(row["cognee_wall_s"] / row["wall_s"], 1)
        table.append(row)
    return table


def show(table: list[dict[str, Any]]) -> str:
    """Return the table as Markdown."""
    lines = [
        "| stage | cogx cpu s | cognee cpu s | cpu ratio | wall ratio | goal | cogx peak MiB |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for row in table:
        cells = (
            row["stage"],
            f"{row['cpu_s']:.2f}" if row["cpu_s"] else "",
            f"{row['cognee_cpu_s']:.2f}" if row["cognee_cpu_s"] else "",
            f"{row['cpu_ratio']}x" if "cpu_ratio" in row else "",
            f"{row['wall_ratio']}x" if "wall_ratio" in row else "",
            f"{row['goal']:g}x" if row["goal"] else "",
            f"{row['peak_rss_mib']:.0f}" if row["peak_rss_mib"] else "",
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def put_into_page(table: str, given: argparse.Namespace) -> None:
    """Replace the table in benchmarks/README.md."""
    page = ROOT / "benchmarks" / "README.md"
    before, _, rest = page.read_text().partition("<!-- table -->\n")
    after = rest.partition("<!-- end -->")[2]
    run = f"{given.nodes:,} entities, {3 * given.nodes:,} facts, median of {given.rounds} rounds."
    page.write_text(f"{before}<!-- table -->\n{run}\n\n{table}\n<!-- end -->{after}")


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.bench", description=__doc__)
    parser.add_argument("--nodes", type=int, default=100_000, help="entities; facts are 3x")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each side")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results.json")
    parser.add_argument("--page", action="store_true", help="renew the table in README.md")
    given = parser.parse_args()
    peer = python_of(location()) if is_current(location()) else None
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
        found = measure(given.nodes, given.rounds, str(peer) if peer else None, Path(folder))
    table = rows(found)
    report = {
        "nodes": given.nodes,
        "facts": 3 * given.nodes,
        "rounds": given.rounds,
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "table": table,
        "stages": found,
    }
    given.out.write_text(json.dumps(report, indent=1) + "\n")
    print(show(table))
    if given.page:
        put_into_page(show(table), given)
    if not peer:
        print("\nNo cognee environment: `make interop` makes one, then both sides run.")


if __name__ == "__main__":
    main()
