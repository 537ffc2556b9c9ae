"""Knows what a finished export or import says of itself: counts, losses, fingerprints."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(slots=True)
class Receipt:
    """What was moved and what was not.

    ``counts`` are records by kind as the target holds them afterwards; ``losses`` are counts
    by code of what it does not hold; ``declared`` of what no graph store ever holds and nobody
    expects it to; ``changes`` of what a lenient code altered on the way; ``warnings`` of what
    deserved a word and was kept exactly.
    """

    source: str
    target: str
    mode: str = "preserve"
    counts: dict[str, int] = field(default_factory=dict)
    stubs: int = 0
    losses: dict[str, int] = field(default_factory=dict)
    declared: dict[str, int] = field(default_factory=dict)
    changes: dict[str, int] = field(default_factory=dict)
    warnings: dict[str, int] = field(default_factory=dict)
    fingerprint: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def lossless(self) -> bool:
        """Tell whether the target holds everything it said it would."""
        return not self.losses

    def to_json(self) -> dict[str, Any]:
        """Return the receipt as plain JSON."""
        return asdict(self)
