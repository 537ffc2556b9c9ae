"""Measures import and export: one store, one step after the other in this process.

    python -m benchmarks.stores STORE STEP PATH [STEP PATH ...]

STORE is a URI (``ladybug:bench.lbug?buffer=1GiB``), or ``networkx`` for a graph in memory.

    load ARCHIVE      import into a new store, without the check
    import ARCHIVE    import into a new store; the receipt's check reads it back
    export ARCHIVE    write the store's archive
    again ARCHIVE     import what is there already; nothing may change
    merge ARCHIVE     import what is there in part

One JSON object is printed, with stages named ``KIND STEP``, the graph's fingerprint after each,
and ``process_cpu_s``: all that the process used, from the start of the interpreter to the end of
the last step. A step whose receipt is not what it must be ends the run.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.peer import Stages, stage
from cogx import export_graph, import_archive
from cogx.engine.receipt import Receipt
from tests.interop.peer_usage import cpu_seconds, peak_rss_mib

STEPS = ("load", "import", "export", "again", "merge")


def kind_of(store: str) -> str:
    """Return the name that stages of a store begin with."""
    return store.partition(":")[0]


def opened(store: str) -> Any:
    """Return what import and export take for a store."""
    if store != "networkx":
        return store
    import networkx

    return networkx.MultiDiGraph()


def take_step(target: Any, step: str, path: Path) -> Receipt:
    """Do one step."""
    if step == "export":
        return export_graph(target, path, force=True)
    return import_archive(path, target, check=step != "load")


def complaint(step: str, receipt: Receipt) -> str | None:
    """Return what is wrong with a receipt, None if nothing is."""
    if receipt.losses:
        return f"lost {receipt.losses}"
    if step in ("import", "again", "merge") and receipt.verified is not True:
        return "the store does not hold what it must"
    if step == "again" and not receipt.changed_nothing:
        return f"the same archive changed the store: {receipt.actions}"
    if step == "merge" and receipt.changed_nothing:
        return "another archive changed nothing"
    return None


def measure(store: str, steps: list[tuple[str, Path]], stages: Stages) -> dict[str, Any]:
    """Do the steps; return counts and fingerprints after each."""
    target = opened(store)
    result: dict[str, Any] = {"baseline_rss_mib": peak_rss_mib(), "after": {}}
    for step, path in steps:
        if step in ("load", "import") and store == "networkx":
            target.clear()
            target.graph.clear()
        with stage(stages, f"{kind_of(store)} {step}"):
            receipt = take_step(target, step, path)
        wrong = complaint(step, receipt)
        if wrong:
            sys.exit(f"{store} {step}: {wrong}")
        result["after"][step] = {"counts": receipt.counts, "fingerprint": receipt.fingerprint}
        if step == "merge":
            result["after"][step]["actions"] = receipt.actions
    return result


def main(argv: list[str]) -> int:
    """Run the steps; print their figures."""
    parser = argparse.ArgumentParser(prog="benchmarks/stores.py")
    parser.add_argument("store")
    parser.add_argument("steps", nargs="+")
    given = parser.parse_args(argv)
    steps, paths = given.steps[::2], given.steps[1::2]
    if len(steps) != len(paths) or not set(steps) <= set(STEPS):
        parser.error(f"give pairs of STEP and PATH; steps: {', '.join(STEPS)}")
    stages: Stages = {}
    result = measure(given.store, list(zip(steps, map(Path, paths), strict=True)), stages)
    used = {"process_cpu_s": round(cpu_seconds(), 4)}
    print(json.dumps({"command": given.store, "stages": stages, **result, **used}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
