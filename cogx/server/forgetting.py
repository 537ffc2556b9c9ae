"""Knows how what is remembered is forgotten: a dataset, its graph alone, or one item of it."""

from __future__ import annotations

from sqlalchemy import update

from cogx.server import data, datasets
from cogx.server.context import Context
from cogx.server.datasets import Dataset
from cogx.server.identity.users import User
from cogx.server.jobs.queue import add_job
from cogx.server.places import remove_tree
from cogx.server.refusals import failed
from cogx.server.state.tables import data_items

PIPELINE = "forget_pipeline"


def forget_dataset(context: Context, dataset: Dataset, memory_only: bool) -> None:
    """Forget a dataset, or only the graph that was made of its files."""
    if not memory_only:
        with context.database.write() as state:
            datasets.remove(state, dataset.id)
        remove_tree(context.places.dataset(dataset.id))
        return
    with context.database.write() as state:
        mine = data_items.c.dataset_id == dataset.id
        state.execute(update(data_items).where(mine).values(in_graph=False))
        datasets.counted(state, dataset.id, 0, 0)
    for path in context.places.graph_files(dataset.id):
        path.unlink(missing_ok=True)


async def forget_item(context: Context, caller: User, dataset: Dataset, data_id: str) -> None:
    """Forget a data item, and what the graph knows from it alone.

    Raises:
        Refusal: there is no such item (404).
    """
    with context.database.write() as state:
        item = data.item(state, dataset.id, data_id)
        job_id = add_job(
            state,
            "forget",
            PIPELINE,
            owner_id=caller.id,
            dataset_id=dataset.id,
            payload={"dataset_name": dataset.name, "data_id": item.id, "record": item.record_id},
        )
    ended = await context.dispatcher.ended(job_id)
    if ended.error is not None:
        raise failed(ended.error["status"], ended.error["text"])
