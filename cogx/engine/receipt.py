"""Knows what a finished export or import says of itself: counts, losses, fingerprints."""

from __future__ import annotations

import resource
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from cogx.format.manifest import Manifest

_STATUS: Final = Path("/proc/self/status")


@dataclass(slots=True)
class Receipt:
    """What was moved, what became of it, and what was not kept.

    ``counts`` are records by kind as the target holds them afterwards, read from it if
    ``verified`` is not None. ``actions`` say, per kind, what became of the records that came in:
    accepted, created, merged, updated, unchanged, skipped, rejected; ``examples`` name some.
    ``overwritten`` counts values that gave way, by path. ``losses`` are counts by code of what
    the target does not hold; ``declared`` of what it said beforehand it would not hold;
    ``changes`` of what was altered on the way because somebody asked for it; ``warnings`` of what
    deserved a word and was kept exactly. ``left_out`` counts what a selection did not choose.
    ``derived`` counts what was read and made in deriving, ``plan`` says what that would take;
    ``cost`` is what its calls did cost, None without prices.
    ``verified`` tells whether what the target holds has the fingerprint that it must have; None
    if nobody looked. ``usage``: wall_s, cpu_s, peak_mib of the process.
    """

    source: str
    target: str
    mode: str = "preserve"
    dry_run: bool = False
    dataset: str | None = None
    counts: dict[str, int] = field(default_factory=dict)
    actions: dict[str, dict[str, int]] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)
    overwritten: dict[str, int] = field(default_factory=dict)
    stubs: int = 0
    losses: dict[str, int] = field(default_factory=dict)
    declared: dict[str, int] = field(default_factory=dict)
    changes: dict[str, int] = field(default_factory=dict)
    warnings: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)
    derived: dict[str, int] = field(default_factory=dict)
    plan: dict[str, Any] | None = None
    cost: float | None = None
    fingerprint: dict[str, str] = field(default_factory=dict)
    fingerprint_before: dict[str, str] | None = None
    verified: bool | None = None
    id_map: str | None = None
    usage: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def lossless(self) -> bool:
        """Tell whether the target holds everything it said it would."""
        return not self.losses

    @property
    def changed_nothing(self) -> bool:
        """Tell whether the target is as it was before."""
        quiet = ("accepted", "unchanged", "skipped", "rejected")
        done = (n for counts in self.actions.values() for a, n in counts.items() if a not in quiet)
        return bool(self.actions) and not self.stubs and not any(done)

    def take(self, manifest: Manifest) -> None:
        """Say what an archive holds that was written, by its manifest."""
        extension = manifest.cogx
        assert extension is not None and extension.fingerprint is not None
        self.dataset = extension.dataset
        self.counts = dict(manifest.counts)
        self.fingerprint = extension.fingerprint.model_dump()

    def to_json(self) -> dict[str, Any]:
        """Return the receipt as plain JSON."""
        return asdict(self)


class Meter:
    """Measures one piece of work, from when it is made."""

    def __init__(self) -> None:
        self._wall = time.perf_counter()
        self._cpu = time.process_time()

    def usage(self) -> dict[str, float]:
        """Return seconds of wall and CPU time since, and the peak memory of the process."""
        return {
            "wall_s": round(time.perf_counter() - self._wall, 3),
            "cpu_s": round(time.process_time() - self._cpu, 3),
            "peak_mib": round(_peak_bytes() / (1 << 20), 1),
        }


def _peak_bytes() -> int:
    """Return the most memory this process had; on Linux not that of whoever started it."""
    with suppress(OSError):
        for line in _STATUS.read_text("ascii").split("\n"):
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) << 10
    # Begins with the peak of the process that started this one.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak << 10
