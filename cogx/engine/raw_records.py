"""Knows how content records become files with names; where records come from it never knows."""

from __future__ import annotations

import binascii
import mimetypes
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from cogx.derive.texts import is_binary, text_of
from cogx.format.identity import node_id
from cogx.format.layout import CONTENT_KINDS, KINDS
from cogx.ports import RecordSource

RESERVED: Final = frozenset({"_cognee", "node_set", "cogx_sync"})
"""Keys of a document's metadata that a server writes itself, or refuses."""
_LONGEST_NAME: Final = 120
_NOT_IN_NAMES: Final = re.compile(r'[\x00-\x1f\x7f"*:<>?|\ud800-\udfff]')
_ENDINGS: Final = {"text/plain": ".txt", "text/markdown": ".md", "application/json": ".json"}


@dataclass(slots=True)
class RawItem:
    """One file to be sent. ``path`` may vanish when the next one is taken.

    ``problem`` says why it cannot be sent; ``is_text_only`` that its original is gone. ``kind`` and
    ``record`` are those of the (first) record behind it, if there is one.
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
    kind: str = ""
    record: Any = None


class RecordFiles:
    """The content records of an archive or a store, each as a file; parts of one are one again.

    Cost: a pass over the content records for each look, and temporary disk for the longest.
    """

    def __init__(self, records: RecordSource, name: str, graph: Any) -> None:
        self._records = records
        self.id = ""
        self.name = name
        self.graph = graph

    def iter_items(self) -> Iterator[RawItem]:
        """Yield the files, in the order of the records."""
        kinds = [kind for kind in KINDS if kind in CONTENT_KINDS]
        with tempfile.TemporaryDirectory(prefix="cogx-") as directory:
            begun: _Begun | None = None
            for kind, batch in self._records.iter_batches(*kinds):
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
            external_metadata={k: v for k, v in given.items() if k not in RESERVED},
            node_set=tuple(one for one in sets if isinstance(one, str))
            if isinstance(sets, list)
            else (),
            problem=self._problem,
            kind=self._kind,
            record=record,
        )

    def _bytes(self, record: Any) -> bytes:
        if not is_binary(self._metadata):
            return text_of(self._kind, record).encode()
        try:
            return binascii.a2b_base64(record.content.encode(), strict_mode=True)
        except ValueError:
            self._problem = "its content is declared as base64 and is not"
            return b""


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
    return fit_name(stem, ending)


def fit_name(name: str, ending: str = "") -> str:
    """Return a file's name that is one everywhere: no directory, nothing odd, not too long."""
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    last = _NOT_IN_NAMES.sub("_", last).strip() or "unnamed"
    if not ending:
        stem, dot, ending = last.rpartition(".")
        last, ending = (stem, dot + ending) if stem and len(ending) < 16 else (last, "")
    return last[: _LONGEST_NAME - len(ending)] + ending
