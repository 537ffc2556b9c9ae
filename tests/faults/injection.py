"""Knows how to make one system call of a process fail, or kill the process there: with strace.

Must never know what the process is for.
"""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CALLS: Final = (
    *(
        "write",
        "pwrite64",
        "writev",
        "pwritev",
        "pwritev2",
        "copy_file_range",
        "sendfile",
        "splice",
    ),
    *("fsync", "fdatasync", "sync_file_range", "msync", "sync", "syncfs"),
    *("rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat"),
    *("unlink", "unlinkat", "rmdir", "mkdir", "mkdirat"),
    *("ftruncate", "truncate", "fallocate", "chmod", "fchmod", "fchmodat"),
)
"""What changes a disk. Opening a new file is left out: the next call shows what it made."""

KILL: Final = "signal=KILL"
INTERRUPT: Final = "signal=INT"
EIO: Final = "error=EIO"
ENOSPC: Final = "error=ENOSPC"

_CALL = re.compile(r"(?P<thread>\d+) +(?P<call>\w+)\(")


@dataclass(frozen=True)
class Point:
    """The ``nth`` time that a thread makes a call."""

    call: str
    nth: int

    def __str__(self) -> str:
        return f"{self.call} {self.nth}"


class Tracer:
    """An strace that holds a process until that ends."""

    def __init__(self, process: int, trace: Path, *, point: Point | None, what: str = "") -> None:
        """Take hold of a process.

        Args:
            trace: the file to write to what was seen.
            point: where to inject ``what``; without it all calls of CALLS are noted.
        """
        options = ["-f", "-qq", "-o", str(trace), "-p", str(process)]
        if point is None:
            options += ["-e", "trace=" + ",".join(CALLS), "-e", "signal=none"]
        else:
            options += ["-e", f"trace={point.call}", "-e", "signal=SIGINT"]
            options += ["-e", f"inject={point.call}:{what}:when={point.nth}"]
        self._trace = trace
        self._strace = subprocess.Popen(["strace", *options], stderr=subprocess.PIPE, text=True)

    def seen(self) -> str:
        """Wait until the process has ended and return the trace."""
        _, complaints = self._strace.communicate()
        assert self._strace.returncode == 0, f"strace: {complaints}"
        return self._trace.read_text("utf-8", errors="replace")


def points_in(trace: str) -> list[Point]:
    """Return each point of a traced run, in the order of time.

    strace counts a thread's calls, not a process's: where several threads write, the nth call of
    whichever comes to it first is the point, so each number counts once.
    """
    counted: Counter[tuple[str, str]] = Counter()
    points: dict[Point, None] = {}
    for line in trace.splitlines():
        found = _CALL.match(line)
        if found is not None:
            counted[found["thread"], found["call"]] += 1
            points[Point(found["call"], counted[found["thread"], found["call"]])] = None
    return list(points)


def was_injected(trace: str) -> bool:
    """Tell whether the point was reached; a killed process tells it by how it ended."""
    return "(INJECTED)" in trace or "--- SIGINT " in trace
