"""Knows how a request waits for the jobs it has made, and what it answers then."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cogx.server.context import Context
from cogx.server.jobs.queue import Job
from cogx.server.refusals import Refusal, failed


async def results_of(context: Context, jobs: Sequence[Job]) -> list[dict[str, Any]]:
    """Wait for jobs in their order, and return what came of them.

    Raises:
        Refusal: one has failed; those after it go on.
    """
    results = []
    for job in jobs:
        ended = await context.dispatcher.ended(job.id)
        if ended.error is not None:
            raise failed(
                ended.error["status"],
                ended.error["text"],
                code=ended.error.get("code"),
                pipeline_run_id=job.id,
            )
        assert ended.result is not None
        results.append(ended.result)
    return results


def errored(refusal: Refusal) -> dict[str, Any]:
    """Return the body of an answer that had begun when it turned out to be no."""
    return {"status": "errored", "items": []} | refusal.body
