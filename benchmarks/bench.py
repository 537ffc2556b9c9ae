"""One command, both sides, one run: `make bench` or `python -m benchmarks.bench [--nodes N]`.

cogx and a real cognee take turns on the same data, so that a busy machine slows both. CPU
seconds are compared, not wall time. Without a cognee environment our side still runs.
Prints tables, and writes all figures to benchmarks/results.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

from benchmarks.graph import write_graph
from benchmarks.tables import KINDS, against_cognee, against_copy, of_stores
from tests.interop.environment import is_current, location, python_of

ROOT = Path(__file__).parents[1]
PEER = "benchmarks/peer.py"


class Turns:
    """Runs one side after the other, every turn a process of its own, and keeps the figures."""

    def __init__(self, peer: str | None, folder: Path) -> None:
        self.found: dict[str, list[dict[str, float]]] = defaultdict(list)
        self.folder = folder
        self._peer = peer

    def ours(self, module: str, *arguments: str | Path, prefix: str = "") -> dict[str, Any]:
        """Let ours take a turn; a refusal ends the run."""
        answer = self._run(sys.executable, "-m", f"benchmarks.{module}", *arguments)
        for name, figures in answer["stages"].items():
            if "refused" in figures:
                sys.exit(f"{name}: {figures['refused']}")
            self.found[prefix + name].append(figures)
        return answer

    def theirs(self, *arguments: str | Path, rename: dict[str, str] | None = None) -> None:
        """Let cognee take a turn, if there is one; what it refuses has no figures."""
        if self._peer is None:
            return
        answer = self._run(self._peer, PEER, *arguments)
        stages = answer["stages"]
        if rename is not None:
            stages["process"] = {"cpu_s": answer["process_cpu_s"]}
            stages = {new: stages[old] for old, new in rename.items()}
        for name, figures in stages.items():
            self.found[name].append(figures)

    def _run(self, python: str, *arguments: str | Path) -> dict[str, Any]:
        """Run one side once; its last line of output is its figures."""
        words = [python, *map(str, arguments)]
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"{' '.join(words)}\n{done.stderr[-2000:]}")
        answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        return answer


def take_archives(turns: Turns, graph: Path) -> str:
    """Write, read and judge archives; return the fingerprint that ours has."""
    ours, theirs = turns.folder / "ours.tar.gz", turns.folder / "theirs.tar.gz"
    turns.ours("ours", "write", graph, ours)
    turns.theirs("write", graph, theirs)
    turns.ours("ours", "read", ours)
    answer = turns.ours("ours", "validate", ours)
    turns.theirs("read", theirs)
    fingerprint: str = answer["fingerprint"]
    return fingerprint


def take_stores(turns: Turns, fingerprint: Any, *, merging: bool) -> None:
    """Bring the archive into every store and out again; a changed fingerprint ends the run.

    Merging takes as long as all other steps, so that one turn must do.
    """
    archive, other = turns.folder / "ours.tar.gz", turns.folder / "other.tar.gz"
    merged = set()
    for kind in KINDS:
        with tempfile.TemporaryDirectory(dir=turns.folder) as folder:
            steps: list[tuple[str, Path]] = [
                ("load", archive),
                ("import", archive),
                ("export", Path(folder, "again.tar.gz")),
                ("again", archive),
            ]
            if merging:
                steps.append(("merge", other))
            after = _take_steps(turns, kind, Path(folder), steps)
        for step in ("import", "export", "again"):
            if after[step]["fingerprint"] != fingerprint:
                sys.exit(f"{kind} {step} changed the fingerprint")
        if merging:
            merged.add(json.dumps(after["merge"]["fingerprint"]))
    if len(merged) > 1:
        sys.exit("the stores came to different graphs of the same two archives")


def _take_steps(
    turns: Turns, kind: str, folder: Path, steps: list[tuple[str, Path]]
) -> dict[str, Any]:
    """Take steps in processes of their own, or in one if the store is in its memory."""
    if kind == "networkx":
        pairs = [word for step in steps for word in step]
        return dict(turns.ours("stores", kind, *pairs)["after"])
    after: dict[str, Any] = {}
    for step, path in steps:
        name = "loaded" if step == "load" else "store"
        after |= turns.ours("stores", f"{kind}:{folder / name}", step, path)["after"]
    return after


def take_small(turns: Turns) -> None:
    """Import one small archive: cognee takes its time."""
    archive = turns.folder / "small.tar.gz"
    for kind in ("ladybug", "sqlite"):
        with tempfile.TemporaryDirectory(dir=turns.folder) as folder:
            store = f"{kind}:{Path(folder, 'store')}"
            answer = turns.ours("stores", store, "import", archive, prefix="small ")
        used = {"cpu_s": answer["process_cpu_s"]}
        turns.found[f"small {kind} process"].append(used)
    rename = {"import": "small cognee import", "process": "small cognee process"}
    turns.theirs("import", archive, rename=rename)
    rename = {"import": "small cognee graph only"}
    turns.theirs("import", "--graph-only", archive, rename=rename)


def measure(turns: Turns, nodes: int, small: int, rounds: int) -> None:
    """Take all turns."""
    folder = turns.folder
    graph, little = folder / "graph.jsonl", folder / "small.jsonl"
    write_graph(graph, nodes, 3 * nodes)
    write_graph(little, small, 3 * small)
    # Prepared, not measured: these turns are not kept.
    spare = Turns(None, folder)
    spare.ours("ours", "write", little, folder / "small.tar.gz")
    spare.ours("ours", "write", "--half", graph, folder / "other.tar.gz")
    for number in range(rounds):
        fingerprint = take_archives(turns, graph)
        with tempfile.TemporaryDirectory(dir=folder) as bare:
            turns.ours("bare_copy", folder / "ours.tar.gz", bare)
        take_stores(turns, fingerprint, merging=number == 0)
        take_small(turns)


def put_into_page(text: str) -> None:
    """Replace the tables in benchmarks/README.md."""
    page = ROOT / "benchmarks" / "README.md"
    before, _, rest = page.read_text().partition("<!-- table -->\n")
    after = rest.partition("<!-- end -->")[2]
    page.write_text(f"{before}<!-- table -->\n{text}\n<!-- end -->{after}")


def tables_of(report: dict[str, Any]) -> str:
    """Return all tables of a run as Markdown, with what was run."""
    found = report["stages"]
    load = " to ".join(f"{one:.1f}" for one in report["load"])
    return "\n\n".join(
        (
            f"{report['nodes']:,} entities, {report['facts']:,} facts (the imports against "
            f"cognee: {report['small_nodes']:,} and {report['small_facts']:,}), median of "
            f"{report['rounds']} rounds; {report['cores']} cores, load average {load}.",
            against_cognee(found),
            against_copy(found),
            "CPU of every step by that of the bare COPY into one table:",
            of_stores(found),
        )
    )


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.bench", description=__doc__)
    parser.add_argument("--nodes", type=int, default=100_000, help="entities; facts are 3x")
    parser.add_argument("--small", type=int, default=1000, help="as --nodes, for cognee's import")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each side")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results.json")
    parser.add_argument("--page", action="store_true", help="renew the tables in README.md")
    given = parser.parse_args()
    peer = str(python_of(location())) if is_current(location()) else None
    load = [os.getloadavg()[0]]
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
        turns = Turns(peer, Path(folder))
        measure(turns, given.nodes, given.small, given.rounds)
    report = {
        "nodes": given.nodes,
        "facts": 3 * given.nodes,
        "small_nodes": given.small,
        "small_facts": 3 * given.small,
        "rounds": given.rounds,
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load": [*load, os.getloadavg()[0]],
        "stages": turns.found,
    }
    given.out.write_text(json.dumps(report, indent=1) + "\n")
    text = tables_of(report)
    print(text)
    if given.page:
        put_into_page(text)
    if not peer:
        print("\nNo cognee environment: `make interop` makes one, then both sides run.")


if __name__ == "__main__":
    main()
