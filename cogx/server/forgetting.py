"""Knows how what is remembered is forgotten: a dataset, its graph alone, or one item of it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final
from uuid import uuid4

from anyio import to_thread

from cogx.server import data, datasets
from cogx.server.context import Context
from cogx.server.datasets import Dataset
from cogx.server.identity.users import User
from cogx.server.jobs.queue import add_job
from cogx.server.places import Places, remove_tree
from cogx.server.refusals import failed

PIPELINE: Final = "forget_pipeline"


def forget_datasets(context: Context, dataset_ids: Sequence[str]) -> None:
    """Forget datasets with all they hold; jobs that work at them fail."""
    with context.database.write() as state:
        for one in dataset_ids:
            datasets.remove(state, one)
    for one in dataset_ids:
        _remove_files(context.places, one)


async def forget_graph(context: Context, caller: User, dataset: Dataset) -> None:
    """Forget the graph that was made of a dataset's data items; they stay."""
    await _done(context, caller, dataset, {})


async def forget_item(context: Context, caller: User, dataset: Dataset, data_id: str) -> None:
    """Forget a data item, and what the graph knows from it alone.

    Raises:
        Refusal: there is no such item (404).
    """

    def what() -> dict[str, Any]:
        with context.database.read() as state:
            item = data.item(state, dataset.id, data_id)
        return {"data_id": item.id, "record": item.record_id}

    await _done(context, caller, dataset, await to_thread.run_sync(what))


async def _done(context: Context, caller: User, dataset: Dataset, what: dict[str, Any]) -> None:
    """Have something forgotten in its turn: jobs of one dataset follow each other."""

    def begun() -> str:
        with context.database.write() as state:
            return add_job(
                state,
                "forget",
                PIPELINE,
                owner_id=caller.id,
                dataset_id=dataset.id,
                payload={"dataset_name": dataset.name} | what,
            )

    ended = await context.dispatcher.ended(await to_thread.run_sync(begun))
    if ended.error is not None:
        raise failed(ended.error["status"], ended.error["text"], code=ended.error.get("code"))


def _remove_files(places: Places, dataset_id: str) -> None:
    """Remove a dataset's files: at once from where they lay, so that none can be added to them.

    They are removed among those of jobs, where the next start looks for what was left.
    """
    gone = places.job(str(uuid4()))
    with suppress(FileNotFoundError):
        (places.root / "datasets" / dataset_id).rename(gone)
        remove_tree(gone)
