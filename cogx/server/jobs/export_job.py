"""Knows how a dataset's graph becomes the archive that is given out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cogx.archive.writer import ArchiveWriter, exported_now
from cogx.engine.export import export_graph
from cogx.engine.header import manifest_of
from cogx.server.exports import ENDING, place
from cogx.server.jobs.work import Work


def run(work: Work) -> dict[str, Any]:
    """Export the dataset's store, unless that was done meanwhile; drop what an older state gave."""
    target = place(work.places, work.dataset_id)
    name = work.job.payload["dataset_name"]
    if target.exists():
        pass  # Somebody else asked at the same time.
    elif work.places.has_store(work.dataset_id):
        store = work.places.store_uri(work.dataset_id)
        export_graph(store, str(target), dataset=name, allow_empty=True, progress=work.progress)
    else:
        _write_empty(target, name)
    for other in target.parent.glob(f"*{ENDING}"):
        if other != target:
            other.unlink(missing_ok=True)
    return {"bytes": target.stat().st_size}


def _write_empty(target: Path, name: str) -> None:
    manifest = manifest_of({}, exported_now(), dataset=name)
    with ArchiveWriter(str(target), manifest=manifest):
        pass  # A dataset in which nothing ever was.
