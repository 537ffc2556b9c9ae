"""Knows what a push says of itself; sends nothing."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(slots=True)
class PushResult:
    """What a push did. The first seven fields are those of cognee's.

    ``sent`` are records by kind in what was uploaded, ``skipped_facts`` and ``deduped_facts``
    what the server says it left out, ``losses`` what it did not take that it should have, by
    code; ``declared`` what a server of its kind never keeps. ``server_name`` is what a cogx server
    calls itself. ``llm_calls`` are those to be expected there: one or more for each text.
    ``run_ids`` are all runs that were started there.
    ``parts`` are the archives that the graph takes, one after the other; ``sent`` counts what
    stands in several of them once, and ``size_bytes`` is that of all.
    ``verified`` tells whether the server shows all that was sent; None if nobody looked.
    """

    status: str
    dataset_name: str
    target_dataset: str
    num_nodes: int
    num_edges: int
    remote_response: dict[str, Any]
    pipeline_run_id: str | None
    url: str = ""
    mode: str = "preserve"
    dry_run: bool = False
    server_version: str | None = None
    server_name: str | None = None
    sent: dict[str, int] = field(default_factory=dict)
    size_bytes: int = 0
    parts: int = 1
    llm_calls: int = 0
    run_ids: list[str] = field(default_factory=list)
    verified: bool | None = None
    skipped_facts: int = 0
    deduped_facts: int = 0
    losses: dict[str, int] = field(default_factory=dict)
    declared: dict[str, int] = field(default_factory=dict)
    changes: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def finished(self) -> bool:
        """Tell whether the server has done all of it."""
        return self.status == "completed"

    def to_json(self) -> dict[str, Any]:
        """Return the result as plain JSON."""
        return asdict(self)
