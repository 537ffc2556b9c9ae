"""Knows what raw data a sync can take: files of a local cognee, content records of anything else.

Each becomes one file with a name, in an order that is the same at every look. Asks no server.
"""

from __future__ import annotations

import binascii
import mimetypes
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol
from uuid import UUID

from cogx.derive.texts import is_binary, text_of
from cogx.engine.parcel import Shipment
from cogx.engine.uris import parse_uri
from cogx.errors import BadSetting, UnknownName
from cogx.format.identity import node_id
from cogx.format.layout import CONTENT_KINDS, KINDS, SUFFIXES
from cogx.progress import SILENT, Progress

_LONGEST_NAME: Final = 120
_RESERVED: Final = frozenset({"_cognee", "node_set", "cogx_sync"})
"""Keys of a document's metadata that a server writes itself, or refuses."""
_NOT_IN_NAMES: Final = re.compile(r'[\x00-\x1f\x7f"*:<>?|\ud800-\udfff]')
_ENDINGS: Final = {"text/plain": ".txt", "text/markdown": ".md", "application/json": ".json"}


@dataclass(slots=True)
class RawItem:
    """One file to be sent. ``path`` may vanish when the next one is taken.

    ``problem`` says why it cannot be sent; ``is_text_only`` that its original is gone.
    """

    id: str
    name: str
    path: Path | None
    mime_type: str | None = None
    label: str | None = None
    external_metadata: dict[str, Any] = field(default_factory=dict)
    node_set: tuple[str, ...] = ()
    problem: str | None = None
    is_text_only: bool = False


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
            return RecordFiles(
                self._stack.enter_context(Shipment(what, progress=self._progress)), what
            )
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
            given = {k: v for k, v in file.external_metadata.items() if k not in _RESERVED}
            missing = (
                f"its file is not there: {file.location}. If the files were moved, set "
                "DATA_ROOT_DIRECTORY as cognee has it."
            )
            yield RawItem(
                id=file.id,
                name=_fit(file.name),
                path=file.path,
                mime_type=file.mime_type,
                label=file.label,
                external_metadata=given,
                node_set=file.node_set,
                problem=missing if file.path is None else None,
                is_text_only=file.path is not None and not file.is_original,
            )


class RecordFiles:
    """The content records of an archive or a store, each as a file; parts of one are one again.

    Cost: a pass over the content records for each look, and temporary disk for the longest.
    """

    def __init__(self, shipment: Shipment, what: Any) -> None:
        self._shipment = shipment
        self.id = ""
        self.name: str = shipment.name
        self.graph = what

    def iter_items(self) -> Iterator[RawItem]:
        """Yield the files, in the order of the records."""
        kinds = [kind for kind in KINDS if kind in CONTENT_KINDS]
        with tempfile.TemporaryDirectory(prefix="cogx-") as directory:
            begun: _Begun | None = None
            for kind, batch in self._shipment.records.iter_batches(*kinds):
                for record in batch:
                    if begun is not None and begun.goes_on(kind, record):
                        begun.add(record)
                        continue
                    if begun is not None:
                        yield begun.item()
                    begun = _Begun(kind, record, Path(directory, "raw"))
            if begun is not None:
                yield begun.item()


class _Begun:
    """A file of which one record is there, and perhaps more of them follow."""

    def __init__(self, kind: str, record: Any, path: Path) -> None:
        metadata = record.metadata if kind == "document" else {}
        self._kind = kind
        self._record = record
        self._metadata = metadata
        self._path = path
        self._parts = 1
        self._problem: str | None = None
        if metadata.get("content_missing"):
            self._problem = "the record has no content: its file was not there when it was exported"
        elif _is_part(metadata):
            self._problem = (
                f"it is part {metadata.get('part')} of a text whose beginning is not here"
            )
        path.write_bytes(self._bytes(record))

    def goes_on(self, kind: str, record: Any) -> bool:
        metadata = record.metadata if kind == self._kind == "document" else {}
        return (
            not _is_part(self._metadata)
            and metadata.get("part_of") == self._record.external_id
            and metadata.get("part") == self._parts + 1
        )

    def add(self, record: Any) -> None:
        self._parts += 1
        with self._path.open("ab") as file:
            file.write(self._bytes(record))

    def item(self) -> RawItem:
        record, metadata = self._record, self._metadata
        told = metadata.get("parts")
        if isinstance(told, int) and not isinstance(told, bool) and told > self._parts:
            self._problem = self._problem or f"only {self._parts} of its {told} parts are here"
        mime_type, ending = _form(getattr(record, "mime_type", None), is_binary(metadata))
        given = metadata.get("external_metadata")
        given = given if isinstance(given, dict) else {}
        sets = metadata.get("node_set")
        label = metadata.get("label")
        return RawItem(
            id=_identity(self._kind, record),
            name=_name(_title(record), ending),
            path=None if self._problem else self._path,
            mime_type=mime_type,
            label=label if isinstance(label, str) and label else None,
            external_metadata={k: v for k, v in given.items() if k not in _RESERVED},
            node_set=tuple(one for one in sets if isinstance(one, str))
            if isinstance(sets, list)
            else (),
            problem=self._problem,
        )

    def _bytes(self, record: Any) -> bytes:
        if not is_binary(self._metadata):
            return text_of(self._kind, record).encode()
        try:
            return binascii.a2b_base64(record.content.encode(), strict_mode=True)
        except ValueError:
            self._problem = "its content is declared as base64 and is not"
            return b""


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


def _is_part(metadata: dict[str, Any]) -> bool:
    return bool(metadata.get("part_of")) and metadata.get("part") != 1


def _identity(kind: str, record: Any) -> str:
    own = record.external_id if kind == "document" else f"{kind}:{record.external_id}"
    return node_id(record.external_system, own)


def _title(record: Any) -> str:
    for name in ("title", "label"):
        value = getattr(record, name, None)
        if isinstance(value, str) and value.strip():
            return value
    return str(record.external_id)


def _form(told: str | None, binary: bool) -> tuple[str, str]:
    """Return type and ending of a file, which say what a server is to make of the bytes."""
    if binary:
        mime_type = told or "application/octet-stream"
        return mime_type, mimetypes.guess_extension(mime_type) or ""
    if told in _ENDINGS:
        return told, _ENDINGS[told]
    if told is not None and told.startswith("text/"):
        return told, mimetypes.guess_extension(told) or ".txt"
    return "text/plain", ".txt"  # the text that was made of a PDF is none any more


def _name(title: str, ending: str) -> str:
    stem = title[: -len(ending)] if ending and title.endswith(ending) else title
    return _fit(stem, ending)


def _fit(name: str, ending: str = "") -> str:
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    last = _NOT_IN_NAMES.sub("_", last).strip() or "unnamed"
    if not ending:
        stem, dot, ending = last.rpartition(".")
        last, ending = (stem, dot + ending) if stem and len(ending) < 16 else (last, "")
    return last[: _LONGEST_NAME - len(ending)] + ending
