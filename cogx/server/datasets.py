"""Knows the datasets of a server: their names, owners and rights; never their graphs."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import AfterValidator, WithJsonSchema
from pydantic_core import PydanticCustomError
from sqlalchemy import Connection, Row, delete, insert, select, update

from cogx.server.identity.rights import PERMISSIONS, grant, permitted, require
from cogx.server.identity.users import User
from cogx.server.refusals import invalid, refused
from cogx.server.state.database import now
from cogx.server.state.tables import data_items, datasets

_LONGEST_NAME: Final = 500


@dataclass(frozen=True, slots=True)
class Dataset:
    """A named graph of somebody."""

    id: str
    name: str
    owner_id: str
    tenant_id: str | None
    created_at: datetime
    updated_at: datetime | None
    graph_schema: Any
    custom_prompt: str | None
    num_nodes: int
    num_edges: int
    computed_at: datetime | None


def checked_name(name: str) -> str:
    """Return a dataset's name if it can be one.

    Raises:
        Refusal: it is empty, too long, or holds what clients of cognee cannot use (422).
    """
    if not name.strip() or len(name) > _LONGEST_NAME:
        raise refused(422, f"A dataset's name has 1 to {_LONGEST_NAME} characters.")
    if any(one in name for one in " .") or not name.isprintable():
        raise refused(
            422,
            f"The dataset name {name!r} has a space, a dot or a control character in it.",
            remedy="Use letters, digits, - and _.",
        )
    return name


def dataset_id(name: str, user: User) -> str:
    """Return the id of the dataset that a user calls so; the same every time."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{name}{user.id}{user.tenant_id}"))


def dataset_named(state: Connection, user: User, name: str) -> Dataset | None:
    """Return the user's own dataset of a name, None if there is none."""
    return _dataset(
        state.execute(select(datasets).where(datasets.c.id == dataset_id(name, user))).first()
    )


def dataset_made(state: Connection, user: User, name: str) -> Dataset:
    """Return the user's own dataset of a name, made if it is not there.

    Raises:
        Refusal: no dataset can be called so (422).
    """
    found = dataset_named(state, user, checked_name(name))
    if found is not None:
        return found
    made = dataset_id(name, user)
    state.execute(
        insert(datasets).values(
            id=made, name=name, owner_id=user.id, tenant_id=user.tenant_id, created_at=now()
        )
    )
    for principal in filter(None, (user.id, user.parent_user_id)):
        for permission in PERMISSIONS:
            grant(state, principal, permission, [made])
    return dataset_by_id(state, made)


def dataset_by_id(state: Connection, found: str) -> Dataset:
    """Return a dataset that is there; who asks has been checked."""
    one = _dataset(state.execute(select(datasets).where(datasets.c.id == found)).first())
    if one is None:
        raise refused(404, "Dataset not found", "DatasetNotFoundError")
    return one


def readable(state: Connection, user: User) -> list[Dataset]:
    """Return all datasets that a user may read, oldest first."""
    ids = permitted(state, user, "read")
    rows = select(datasets).where(datasets.c.id.in_(ids))
    found = state.execute(rows.order_by(datasets.c.created_at, datasets.c.id))
    return [Dataset(**row._mapping) for row in found]


def owned(state: Connection, user: User) -> list[Dataset]:
    """Return all datasets that a user owns, in whatever tenant, oldest first."""
    rows = select(datasets).where(datasets.c.owner_id == user.id)
    found = state.execute(rows.order_by(datasets.c.created_at, datasets.c.id))
    return [Dataset(**row._mapping) for row in found]


def target(state: Connection, user: User, name: str | None, found: str | None) -> Dataset:
    """Return the dataset to write to: by name the user's own, made if missing, else by its id.

    Raises:
        Refusal: neither is given (400), the id is no UUID (400), or it may not be written (403).
    """
    if name:
        return dataset_made(state, user, name)
    if not found:
        raise refused(400, "Either datasetId or datasetName must be provided.")
    require(state, user, "write", [checked_uuid(found, ("body", "datasetId"))])
    return dataset_by_id(state, found)


def _uuid_text(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError as error:
        raise PydanticCustomError("uuid_parsing", "Input should be a valid UUID") from error


Uuid = Annotated[
    str, AfterValidator(_uuid_text), WithJsonSchema({"type": "string", "format": "uuid"})
]
"""The usual text of a UUID, in whatever way it was written."""


def checked_uuid(text: str, where: tuple[str | int, ...]) -> str:
    """Return the usual text of a UUID.

    Raises:
        Refusal: it is none (400).
    """
    try:
        return _uuid_text(text)
    except ValueError as error:
        raise invalid(where, "Input should be a valid UUID", "uuid_parsing") from error


def remove(state: Connection, found: str) -> None:
    """Forget a dataset, its rights and its data items; its files are the caller's to remove."""
    state.execute(delete(datasets).where(datasets.c.id == found))


def remove_if_empty(state: Connection, found: str) -> None:
    """Forget a dataset in which nothing ever was."""
    held = select(data_items.c.id).where(data_items.c.dataset_id == found).limit(1)
    state.execute(
        delete(datasets).where(
            datasets.c.id == found, datasets.c.computed_at.is_(None), ~held.exists()
        )
    )


def counted(state: Connection, found: str, nodes: int, edges: int) -> None:
    """Keep how large a dataset's graph is now."""
    state.execute(
        update(datasets)
        .where(datasets.c.id == found)
        .values(num_nodes=nodes, num_edges=edges, computed_at=now(), updated_at=now())
    )


def _dataset(row: Row[Any] | None) -> Dataset | None:
    return None if row is None else Dataset(**row._mapping)
