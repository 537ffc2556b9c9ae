"""Knows what this process and its children used: CPU seconds and peak memory.

Must never run a thread or poll: it would disturb what is measured.
"""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path


def cpu_seconds() -> float:
    """CPU time of this process and its children, the living ones too: they hold the stores."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    reaped = resource.getrusage(resource.RUSAGE_CHILDREN)
    tick = os.sysconf("SC_CLK_TCK")
    # utime, stime, cutime, cstime: the last two are of descendants already gone.
    living = sum(sum(map(int, fields[11:15])) for fields in _descendants().values()) / tick
    return own.ru_utime + own.ru_stime + reaped.ru_utime + reaped.ru_stime + living


def peak_rss_mib() -> float:
    """Sum each living process's own high-water mark: an upper bound where several live."""
    if not Path("/proc/self/status").exists():
        unit = 2**20 if sys.platform == "darwin" else 2**10
        return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit, 1)
    total_kib = 0
    for process in (os.getpid(), *_descendants()):
        try:
            status = Path(f"/proc/{process}/status").read_text()
        except OSError:
            continue
        total_kib += sum(int(x.split()[1]) for x in status.splitlines() if x.startswith("VmHWM"))
    return round(total_kib / 1024, 1)


def forget_peaks() -> None:
    """Set the high-water marks back to the present size, where the system can (Linux)."""
    for process in (os.getpid(), *_descendants()):
        try:
            Path(f"/proc/{process}/clear_refs").write_text("5")
        except OSError:
            continue


def _descendants() -> dict[int, list[str]]:
    """Map each living descendant to its /proc stat fields from the state (the 3rd) on."""
    table: dict[int, list[str]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The second field is the command in parentheses and may hold anything.
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        table[int(path.parent.name)] = fields
    found: dict[int, list[str]] = {}
    parents = {os.getpid()}
    while parents:
        young = {key for key, fields in table.items() if int(fields[1]) in parents} - found.keys()
        found.update((key, table[key]) for key in young)
        parents = young
    return found
