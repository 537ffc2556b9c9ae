"""Knows how people put documents into a real cognee and share them; runs beside cognee only.

Must never go round cognee: rows, files and grants are what its own functions make.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cognee
from cognee.modules.data.methods import get_datasets_by_name
from cognee.modules.users.methods import create_user, get_default_user, get_user_by_email
from cognee.modules.users.models import User
from cognee.modules.users.permissions.methods import give_permission_on_dataset
from cognee.tasks.ingestion.data_item import DataItem


async def add(dataset: str, items: list[Path], owner: str | None) -> dict[str, Any]:
    """Add files, and one text that carries a label, metadata and node sets."""
    user = await _person(owner)
    labelled = DataItem(
        data=f"Words of {user.email}, with ü.",
        label="labelled",
        external_metadata={"who": "somebody", "score": 1.5},
    )
    await cognee.add([str(item) for item in items], dataset_name=dataset, user=user)
    await cognee.add(labelled, dataset_name=dataset, user=user, node_set=["one", "two"])
    place = await _dataset(dataset, user)
    return {"dataset": str(place.id), "owner": str(user.id), "documents": len(items) + 1}


async def share(dataset: str, owner: str | None, reader: str) -> dict[str, Any]:
    """Let somebody read a dataset."""
    place = await _dataset(dataset, await _person(owner))
    await give_permission_on_dataset(await _person(reader), place.id, "read")
    return {"dataset": str(place.id)}


async def _dataset(name: str, user: User) -> Any:
    (found,) = await get_datasets_by_name(name, user.id)
    return found


async def _person(email: str | None) -> User:
    if email is None:
        return await get_default_user()
    return await get_user_by_email(email) or await create_user(email, None)
