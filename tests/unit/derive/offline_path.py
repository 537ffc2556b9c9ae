"""Runs the offline path once, in a process of its own: derive, propose, resolve.

    python -m tests.unit.derive.offline_path FOLDER [TASK]

What is in the folder already is not made again. Writes the SHA-256 of what is there to stdout.
With TASK it kills itself, as hard as can be, in the middle of the task that progress calls so.
"""

from __future__ import annotations

import hashlib
import os
import signal
import sys
from pathlib import Path

from benchmarks.vocabulary import write_archive
from cogx import import_archive
from cogx.engine.resolution import propose_merges, resolve_archive


class Fuse:
    """Progress that ends the process in the middle of a task."""

    def __init__(self, task: str) -> None:
        self._fatal = task
        self._task = ""

    def begin(self, task: str, *, total: int | None, unit: str) -> None:
        self._task = task

    def advance(self, amount: int) -> None:
        if self._task == self._fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    def end(self) -> None:
        self._task = ""


def main(folder: Path, task: str) -> None:
    progress = Fuse(task)
    archive: dict[str, bytes] = {}
    write_archive(archive)
    paths = [folder / name for name in ("out.tar", "review.csv", "store.json")]
    out, review, store = paths
    if not store.exists():
        import_archive(archive, f"json:{store}", mode="hybrid", progress=progress)
    if not review.exists():
        propose_merges(archive, review, at_least=60, auto_above=95, progress=progress)
    if not out.exists():
        resolve_archive(archive, out, review=review, progress=progress)
    for path in sorted(folder.iterdir()):
        sys.stdout.write(f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "")
