"""Knows what raw data a sync can take: files of a local cognee, content records of anything else.

Each becomes one file with a name, in an order that is the same at every look. Asks no server.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from cogx.engine.parcel import Shipment
from cogx.engine.raw_records import RESERVED, RawItem, RecordFiles, fit_name
from cogx.engine.uris import parse_uri
from cogx.errors import BadSetting, UnknownName
from cogx.format.layout import SUFFIXES
from cogx.progress import SILENT, Progress


class RawSource(Protocol):
    """A dataset that can be gone through more than once.

    ``id`` is the dataset's UUID, empty if it has none; ``graph`` is what a push takes for it.
    """

    id: str
    name: str
    graph: Any

    def iter_items(self) -> Iterator[RawItem]:
        """Yield every file, in an order that stays."""
        ...


@contextmanager
def raw_sources(
    wanted: Sequence[Any] | None,
    *,
    user: str | None = None,
    root: str | os.PathLike[str] | None = None,
    progress: Progress = SILENT,
) -> Iterator[tuple[list[RawSource], str | None]]:
    """Give what is named, open for reading, and the id of the local user who reads.

    Args:
        wanted: names and UUIDs of datasets of the local cognee, store URIs, paths of archives,
            graphs; None: every dataset of the local cognee that the user may read.

    Raises:
        UnknownName, BadSetting, StoreError, ArchiveError: what is named cannot be read.
    """
    with ExitStack() as stack:
        places = _Places(stack, user, root, progress)
        found = places.all() if wanted is None else [places.one(what) for what in wanted]
        yield found, places.user_id


class _Places:
    """Opens each cognee once."""

    def __init__(self, stack: Any, user: str | None, root: Any, progress: Progress) -> None:
        self._stack = stack
        self._user = user
        self._root = None if root is None else os.fspath(root)
        self._progress = progress
        self._open: dict[tuple[Any, ...], Any] = {}
        self.user_id: str | None = None

    def all(self) -> list[RawSource]:
        cognee = self._cognee({})
        return [self._dataset(cognee, dataset, {}) for dataset in cognee.datasets()]

    def one(self, what: Any) -> RawSource:
        named = _dataset_named(what)
        if named is None:
            shipment = self._stack.enter_context(Shipment(what, progress=self._progress))
            return RecordFiles(shipment.records, shipment.name, what)
        name, settings = named
        cognee = self._cognee(settings)
        return self._dataset(cognee, cognee.find(name), settings)

    def _dataset(self, cognee: Any, dataset: Any, settings: dict[str, str]) -> RawSource:
        known = self._settings(settings)
        more = "&".join(f"{key}={value}" for key, value in known.items() if value is not None)
        return CogneeFiles(cognee, dataset, f"cognee:{dataset.id}" + (f"?{more}" if more else ""))

    def _cognee(self, settings: dict[str, str]) -> Any:
        from cogx.stores.cognee.raw_files import LocalCognee  # noqa: PLC0415 - if it is one

        known = self._settings(settings)
        key = known["root"], known["user"], known.get("data")
        if key not in self._open:
            cognee = LocalCognee(root=key[0], user=key[1], data=key[2])
            self._open[key] = self._stack.enter_context(cognee)
            self.user_id = self.user_id or cognee.user_id
        return self._open[key]

    def _settings(self, settings: dict[str, str]) -> dict[str, str | None]:
        return {"root": self._root, "user": self._user, **settings}


class CogneeFiles:
    """A dataset of a local cognee: the very files it was given, where they are still there."""

    def __init__(self, cognee: Any, dataset: Any, graph: str) -> None:
        self._cognee = cognee
        self._dataset = dataset
        self.id: str = dataset.id
        self.name: str = dataset.name
        self.graph = graph

    def iter_items(self) -> Iterator[RawItem]:
        """Yield the files, by id."""
        for file in self._cognee.iter_files(self._dataset):
            given = {k: v for k, v in file.external_metadata.items() if k not in RESERVED}
            missing = (
                f"its file is not there: {file.location}. If the files were moved, set "
                "DATA_ROOT_DIRECTORY as cognee has it."
            )
            yield RawItem(
                id=file.id,
                name=fit_name(file.name),
                path=file.path,
                mime_type=file.mime_type,
                label=file.label,
                external_metadata=given,
                node_set=file.node_set,
                problem=missing if file.path is None else None,
                is_text_only=file.path is not None and not file.is_original,
            )


def _dataset_named(what: Any) -> tuple[str, dict[str, str]] | None:
    """Return the dataset of a local cognee that is meant, and its settings; None if none is."""
    if isinstance(what, UUID):
        return str(what), {}
    if not isinstance(what, str) or what.endswith(tuple(SUFFIXES)):
        return None
    if (Path(what) / "manifest.json").is_file():
        return None
    try:
        scheme, place, settings = parse_uri(what)
    except (BadSetting, UnknownName):
        return what, {}
    if scheme != "cognee":
        return None
    return place, {name: value for name, value in settings.items() if name != "buffer"}
