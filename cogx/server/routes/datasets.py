"""Knows the routes of datasets: list, make, remove."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from pydantic import Field

from cogx.server import datasets
from cogx.server.bodies import Camel, instant
from cogx.server.context import Caller, Ctx
from cogx.server.datasets import Uuid
from cogx.server.forgetting import forget_datasets
from cogx.server.identity.rights import permitted, require
from cogx.server.routes.answers import answers

router: Final = APIRouter(prefix="/api/v1/datasets", tags=["datasets"])


class NewDataset(Camel):
    """What a dataset is called."""

    name: str = Field(max_length=500)


class DatasetBody(Camel):
    """A dataset in answers."""

    id: str
    name: str
    created_at: str | None
    updated_at: str | None
    owner_id: str

    @classmethod
    def of(cls, one: datasets.Dataset) -> DatasetBody:
        """Return how answers show a dataset."""
        return cls(
            id=one.id, name=one.name, owner_id=one.owner_id,
            created_at=instant(one.created_at), updated_at=instant(one.updated_at),
        )  # fmt: skip


@router.get("")
def list_datasets(caller: Caller, context: Ctx) -> list[DatasetBody]:
    """List what the caller may read."""
    with context.database.read() as state:
        return [DatasetBody.of(one) for one in datasets.readable(state, caller)]


@router.post("", responses=answers(422))
def make_dataset(body: NewDataset, caller: Caller, context: Ctx) -> DatasetBody:
    """Make a dataset; one that is there is given back."""
    with context.database.write() as state:
        return DatasetBody.of(datasets.dataset_made(state, caller, body.name))


@router.delete("")
def delete_all(caller: Caller, context: Ctx) -> None:
    """Remove all datasets that the caller owns and may delete."""
    with context.database.read() as state:
        allowed = set(permitted(state, caller, "delete"))
        owned = [one.id for one in datasets.owned(state, caller)]
    forget_datasets(context, [one for one in owned if one in allowed])


@router.delete("/{dataset_id}", responses=answers(403))
def delete_dataset(dataset_id: Uuid, caller: Caller, context: Ctx) -> None:
    """Remove a dataset with all it holds; work at it that goes on fails."""
    with context.database.read() as state:
        require(state, caller, "delete", [dataset_id])
    forget_datasets(context, [dataset_id])
