"""Knows which dataset here is meant by those who sync theirs to this server.

They name one by the id that it has where it comes from. The first time its name says which of the
caller's datasets it becomes; the id is kept as that one's alias, and is the caller's own matter:
whether somebody else has a dataset of this id nobody learns.
"""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select

from cogx.server.datasets import Dataset, dataset_by_id, dataset_made
from cogx.server.identity.rights import permitted
from cogx.server.identity.users import User
from cogx.server.refusals import not_permitted
from cogx.server.state.tables import dataset_aliases as table


def synced_dataset(
    state: Connection, caller: User, permission: str, told: str, name: str | None = None
) -> Dataset:
    """Return the dataset of an id, here or where it comes from.

    Args:
        name: makes the caller's own dataset of this name what the id means, if it means none yet.

    Raises:
        Refusal: it is not the caller's to do that with, or there is none (403).
    """
    mine = (table.c.user_id == caller.id) & (table.c.alias == told)
    found = state.scalar(select(table.c.dataset_id).where(mine)) or told
    if found in permitted(state, caller, permission):
        return dataset_by_id(state, found)
    if not name or found in permitted(state, caller, "read"):
        raise not_permitted(permission)
    made = dataset_made(state, caller, name)
    state.execute(delete(table).where(mine))
    state.execute(insert(table).values(user_id=caller.id, alias=told, dataset_id=made.id))
    return made
