"""Knows how archives that arrive become jobs, and what is answered for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Connection, select

from cogx.archive.reader import open_archive
from cogx.errors import ArchiveError, BadSetting
from cogx.server.context import Context
from cogx.server.datasets import Dataset
from cogx.server.form import ReceivedFile
from cogx.server.idempotency import Once
from cogx.server.identity.users import User
from cogx.server.jobs.queue import ENDED, Job, add_job, job_by_id
from cogx.server.limits import limits_of
from cogx.server.refusals import failed
from cogx.server.social_layer import SocialLayer, check_may, read_social_layer
from cogx.server.state.tables import datasets
from cogx.server.state.tables import jobs as job_rows

PIPELINE: Final = "migration_import_pipeline"
MODES: Final = ("preserve", "hybrid", "re-derive")


@dataclass(frozen=True, slots=True)
class Examined:
    """What is known of an archive before it is imported."""

    file: ReceivedFile
    counts: dict[str, int]
    """What the manifest says that it holds; the import counts again."""
    social: SocialLayer | None
    """Accounts and rights that it tells of."""


def examine(context: Context, caller: User, files: Sequence[ReceivedFile]) -> list[Examined]:
    """Look into archives that the caller may import; nothing of any is kept.

    Raises:
        Refusal: one is no archive that can be read (400), or not the caller's to import (403).
    Cost: one pass over each container.
    """
    return [_examined(context, caller, file) for file in files]


def accept(
    context: Context,
    caller: User,
    dataset: Dataset,
    mode: str,
    *,
    archives: Sequence[Examined],
    with_permissions: bool,
    background: bool,
    once: Once,
) -> list[Job]:
    """Take files over as jobs: from here on they are the server's, whatever the client does.

    An archive that waits for the same import already, or is at it, is not imported twice.
    """
    jobs = []
    with context.database.write() as state:
        # One after the other, so that none of two who send the same misses the other.
        state.execute(select(datasets.c.id).where(datasets.c.id == dataset.id).with_for_update())
        for one in archives:
            file = one.file
            permissions = one.social and ("import" if with_permissions else "ignore")
            what = {"sha256": file.sha256, "mode": mode, "permissions": permissions}
            job_id = _same_import(state, caller, dataset, what)
            if job_id is None:
                job_id = str(uuid4())
                context.places.job(job_id).mkdir(mode=0o700)
                file.path.rename(context.places.job(job_id) / "archive")
                payload = {
                    "file": "archive",
                    "name": file.name,
                    "dataset_name": dataset.name,
                    "told_counts": one.counts,
                } | what
                add_job(
                    state,
                    "import",
                    PIPELINE,
                    owner_id=caller.id,
                    dataset_id=dataset.id,
                    payload=payload,
                    background=background,
                    job_id=job_id,
                )
            found = job_by_id(state, job_id)
            assert found is not None
            jobs.append(found)
        once.keep(state, [job.id for job in jobs])
    return jobs


def _same_import(
    state: Connection, caller: User, dataset: Dataset, what: dict[str, Any]
) -> str | None:
    """Return the job of the caller's that waits to do the same, or does it."""
    under_way = select(job_rows.c.id, job_rows.c.payload).where(
        job_rows.c.kind == "import",
        job_rows.c.dataset_id == dataset.id,
        job_rows.c.owner_id == caller.id,
        job_rows.c.status.not_in(ENDED),
    )
    for job_id, payload in state.execute(under_way):
        if {name: payload.get(name) for name in what} == what:
            return str(job_id)
    return None


def started(job: Job) -> dict[str, Any]:
    """Return what is answered for a job that was begun in the background."""
    item = {
        "kind": "migration_import",
        "mode": job.payload["mode"],
        "record_counts": job.payload["told_counts"],
        "graph_nodes": 0,
        "graph_edges": 0,
        "graph_import": "running",
        "pipeline_run_id": job.id,
    }
    return {
        "status": "started",
        "dataset_name": job.payload["dataset_name"],
        "dataset_id": job.dataset_id,
        "pipeline_run_id": job.id,
        "items_processed": 0,
        "elapsed_seconds": 0.0,
        "items": [item],
    }


def together(results: list[dict[str, Any]]) -> dict[str, Any]:
    """Return one answer for several archives: the last one's, with the items of all."""
    return results[-1] | {
        "items_processed": sum(one["items_processed"] for one in results),
        "items": [item for one in results for item in one["items"]],
    }


def _examined(context: Context, caller: User, file: ReceivedFile) -> Examined:
    try:
        with open_archive(file.path, limits=limits_of(context.settings)) as archive:
            counts = {kind: count for kind, count in archive.counts.items() if count}
            social = read_social_layer(archive)
    except (ArchiveError, BadSetting) as error:
        text = str(error).replace(str(file.path), file.name)
        raise failed(400, text, code="archive.invalid") from error
    check_may(caller, social)
    return Examined(file, counts, social)
