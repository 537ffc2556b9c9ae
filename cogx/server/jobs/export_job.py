"""Knows how a dataset's graph becomes the archive that is given out."""

from __future__ import annotations

from typing import Any

import networkx as nx

from cogx.engine.export import export_graph
from cogx.server.exports import ENDING, place
from cogx.server.jobs.work import Work


def run(work: Work) -> dict[str, Any]:
    """Export the dataset's store, unless that was done meanwhile; drop what an older state gave."""
    target = place(work.places, work.dataset_id)
    if not target.exists():
        has_store = work.places.has_store(work.dataset_id)
        export_graph(
            work.places.store_uri(work.dataset_id) if has_store else nx.MultiDiGraph(),
            str(target),
            dataset=work.job.payload["dataset_name"],
            allow_empty=True,
            progress=work.progress,
        )
    for other in target.parent.glob(f"*{ENDING}"):
        if other != target:
            other.unlink(missing_ok=True)
    return {"bytes": target.stat().st_size}
