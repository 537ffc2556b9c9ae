"""Knows whose dataset a name means and who may read it, by cognee's own rules."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from cogx.errors import BadSetting, StoreRefused, UnknownName
from cogx.stores.cognee.relational import Relational, Row

DEFAULT_EMAIL: Final = "default_user@example.com"
_MOST_LISTED: Final = 20


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset and its owner; ids are UUIDs with dashes."""

    id: str
    name: str
    owner: str
    tenant: str | None


class Accounts:
    """The users of one cognee and the datasets they may read.

    Cost: every user and dataset is held in memory, no document and no graph.
    """

    def __init__(self, relational: Relational) -> None:
        self._relational = relational
        self._users = {_uuid(row["id"]): row for row in relational.rows("users")}
        self._datasets = {
            _uuid(row["id"]): Dataset(
                _uuid(row["id"]),
                str(row["name"]),
                _uuid(row["owner_id"]),
                _uuid(row.get("tenant_id")) or None,
            )
            for row in relational.rows("datasets", "ORDER BY id")
        }

    def find(self, dataset: str, user: str | None) -> Dataset:
        """Return the dataset that a name or UUID means to a user.

        Raises:
            UnknownName: no such dataset or user.
            BadSetting: several datasets have the name.
            StoreRefused: the user may not read it.
        """
        reader = self._user(user) if user is not None else None
        chosen = self._datasets.get(_uuid(dataset)) or self._named(dataset, reader)
        acting = reader or chosen.owner
        if chosen.id not in self._readable(acting):
            raise StoreRefused(
                f"{self._email(acting)} has no read permission on dataset {dataset!r}. "
                "Ask its owner for it, or name another reader with user=EMAIL."
            )
        return chosen

    def readable(self, user: str | None) -> list[Dataset]:
        """Return every dataset that a user may read, by name and id.

        Args:
            user: e-mail or UUID; None is cognee's default user, and where there is no such user
                everything, as each owner may read it.

        Raises:
            UnknownName: no such user.
        """
        acting = self.acting(user)
        seen = self._datasets.keys() if acting is None else self._readable(acting)
        found = [one for one in self._datasets.values() if one.id in seen]
        return sorted(found, key=lambda one: (one.name, one.id))

    def acting(self, user: str | None) -> str | None:
        """Return the id of a user, by default of cognee's default user if there is one."""
        return self._default() if user is None else self._user(user)

    def _named(self, name: str, reader: str | None) -> Dataset:
        """Return the dataset of a name: one's own in the current tenant first, as cognee does."""
        found = [one for one in self._datasets.values() if one.name == name]
        who = reader or self._default()
        own = [one for one in found if one.owner == who]
        if who is not None and len(own) > 1:
            here = _uuid(self._users[who].get("tenant_id")) or None
            own = [one for one in own if one.tenant == here] or own
        if reader is not None and not own:
            readable = self._readable(reader)
            found = [one for one in found if one.id in readable]
        choice = own or found
        if not choice:
            raise UnknownName("dataset", name, self._listed(reader))
        if len(choice) > 1:
            listed = [f"{one.id} (owner {self._email(one.owner)})" for one in choice]
            raise BadSetting(
                f"Several datasets are named {name!r}: {', '.join(listed)}. "
                "Name one by its id, or its owner with user=EMAIL.",
                datasets=[one.id for one in choice],
            )
        return choice[0]

    def _listed(self, reader: str | None) -> list[str]:
        """Return the names a person could have meant, if they are few."""
        seen = self._datasets.keys() if reader is None else self._readable(reader)
        names = sorted({one.name for one in self._datasets.values() if one.id in seen})
        if len(names) > _MOST_LISTED:
            return [*names[:_MOST_LISTED], f"and {len(names) - _MOST_LISTED} more"]
        return names or ["none"]

    def _user(self, named: str) -> str:
        identity = _uuid(named)
        if identity in self._users:
            return identity
        for user, row in self._users.items():
            if str(row["email"]).lower() == named.lower():
                return user
        emails = sorted(str(row["email"]) for row in self._users.values())
        raise UnknownName("user", named, emails[:_MOST_LISTED] or ["none"])

    def _default(self) -> str | None:
        email = os.environ.get("DEFAULT_USER_EMAIL") or DEFAULT_EMAIL
        return next((user for user, row in self._users.items() if row["email"] == email), None)

    def _email(self, user: str) -> str:
        row = self._users.get(user)
        return str(row["email"]) if row else f"user {user}"

    def _readable(self, user: str) -> set[str]:
        """Return the datasets that a user, their agents, tenants and roles may read."""
        principals = {user, *self._linked("user_tenants", user, "tenant_id")}
        principals |= self._linked("user_roles", user, "role_id")
        principals |= {u for u, row in self._users.items() if _uuid(_parent(row)) == user}
        read = {row["id"] for row in self._relational.rows("permissions", "WHERE name = ?", "read")}
        return {
            _uuid(row["dataset_id"])
            for row in self._relational.rows("acls")
            if row["permission_id"] in read and _uuid(row["principal_id"]) in principals
        }

    def _linked(self, table: str, user: str, column: str) -> set[str]:
        rows = self._relational.rows(table, "WHERE user_id = ?", UUID(user).hex)
        return {_uuid(row[column]) for row in rows}


def _parent(row: Row) -> object:
    return row.get("parent_user_id")


def _uuid(value: object) -> str:
    """Return the UUID with dashes, empty if it is none: SQLite holds 32 digits."""
    try:
        return str(UUID(str(value)))
    except ValueError:
        return ""
