"""Knows the datasets of a local cognee and the files each was made of; opens no graph.

It must never import cognee, and never change a byte of its files.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self
from uuid import UUID

from cogx.stores.cognee.accounts import Accounts, Dataset
from cogx.stores.cognee.location import document_file, find_root, location_name, relational_file
from cogx.stores.cognee.relational import Relational, Row
from cogx.stores.cognee.values import read_json

_OWN_KEYS: Final = frozenset({"_cognee", "node_set"})
"""What cognee itself writes into the metadata that a user gave, or refuses there."""


@dataclass(frozen=True, slots=True)
class RawFile:
    """A file of a dataset, and what a person said about it.

    ``path`` is None if it is not to be found, at ``location``. ``is_original`` is false where
    the file that was given to cognee is gone and the text it made of it stands in its place.
    """

    id: str
    name: str
    path: Path | None
    location: str
    is_original: bool
    mime_type: str | None
    label: str | None = None
    external_metadata: dict[str, Any] = field(default_factory=dict)
    node_set: tuple[str, ...] = ()


class LocalCognee:
    """The cognee on this machine: its datasets and their files. Close it; twice is fine.

    Args:
        root: cognee's SYSTEM_ROOT_DIRECTORY; found as :func:`cogx.stores.cognee.open_reader` does.
        user: e-mail or UUID of the one who reads; default cognee's default user.
        data: cognee's DATA_ROOT_DIRECTORY, needed if the files were moved.

    Raises:
        BadSetting: no cognee is there.
        UnknownName: no such user.
        StoreUnavailable: cognee keeps writing; a retry may help.
    Cost: every user and dataset in memory, and a temporary copy of cognee's SQLite file.
    """

    def __init__(
        self,
        *,
        root: str | Path | None = None,
        user: str | None = None,
        data: str | Path | None = None,
    ) -> None:
        # A sync takes long, and may even go to the cognee that it comes from.
        self._relational = Relational(relational_file(find_root(root)), copied=True)
        self._data = data
        self._user = user
        try:
            self._accounts = Accounts(self._relational)
            self.user_id = self._accounts.acting(user)
        except BaseException:
            self.close()
            raise

    def datasets(self) -> list[Dataset]:
        """Return every dataset that the user may read, by name."""
        return self._accounts.readable(self._user)

    def find(self, dataset: str) -> Dataset:
        """Return the dataset that a name or UUID means; raises as the store does."""
        return self._accounts.find(dataset, self._user)

    def iter_files(self, dataset: Dataset) -> Iterator[RawFile]:
        """Yield the files of a dataset, by id, as they were listed when this was opened."""
        where = "WHERE dataset_id = ? ORDER BY id"
        for row in self._relational.rows("data", where, UUID(dataset.id).hex):
            yield self._file(row)

    def close(self) -> None:
        """Let go of cognee's files."""
        self._relational.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _file(self, row: Row) -> RawFile:
        original = row.get("original_data_location") or ""
        path, is_original = document_file(original, self._data), True
        location = original
        name = location_name(original) if original else ""
        if path is None:
            location = row.get("raw_data_location") or original
            path, is_original = document_file(location, self._data), not original
            ending = Path(location_name(location)).suffix
            name = str(row.get("name") or "") or Path(location_name(location)).stem
            name = name if name.endswith(ending) else name + ending
        label = row.get("label")
        return RawFile(
            id=str(UUID(str(row["id"]))),
            name=name or str(row["id"]),
            path=path,
            location=location,
            is_original=is_original,
            mime_type=_mime_type(row, is_original=is_original),
            label=label if isinstance(label, str) and label else None,
            external_metadata=_given(row),
            node_set=_node_set(row),
        )


def _mime_type(row: Row, *, is_original: bool) -> str | None:
    own = row.get("original_mime_type") if is_original else None
    told = own or row.get("mime_type")
    return told if isinstance(told, str) else None


def _given(row: Row) -> dict[str, Any]:
    """Return the metadata that a person gave, without what cognee added."""
    value, _ = read_json(row.get("external_metadata"))
    if not isinstance(value, dict):
        return {}
    return {name: one for name, one in value.items() if name not in _OWN_KEYS}


def _node_set(row: Row) -> tuple[str, ...]:
    value, _ = read_json(row.get("node_set"))
    value, _ = read_json(value)  # a JSON text within a JSON text
    if not isinstance(value, list):
        return ()
    return tuple(one for one in value if isinstance(one, str) and one)
