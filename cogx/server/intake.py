"""Knows how raw data comes in: files are kept as they were sent, each content once in a dataset."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any, Final

from sqlalchemy import Connection, insert, select, update

from cogx.errors import BadSetting
from cogx.server.about_files import About
from cogx.server.form import ReceivedFile
from cogx.server.places import Places
from cogx.server.refusals import failed
from cogx.server.state.database import now
from cogx.server.state.tables import data_items
from cogx.text_files import FileText, text_of_file
from cogx.text_files.forms import media_type_of

_FIRST_BYTES: Final = 8
_CHARACTERS_PER_TOKEN: Final = 4


@dataclass(slots=True)
class Taken:
    """What came in, in its order: data items as rows, and which of them are new."""

    items: list[dict[str, Any]] = field(default_factory=list)
    new: list[str] = field(default_factory=list)


def received_texts(places: Places, texts: Iterable[str]) -> list[ReceivedFile]:
    """Return texts as received files, under the names that cognee clients give them."""
    files = []
    for text in filter(str.strip, texts):
        content = text.encode()
        md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
        path = places.incoming(uuid.uuid4().hex)
        path.write_bytes(content)
        files.append(
            ReceivedFile(
                "raw_data",
                f"text_{md5}.txt",
                "text/plain",
                path,
                len(content),
                md5,
                hashlib.sha256(content).hexdigest(),
            )
        )
    return files


def check_forms(files: Sequence[ReceivedFile]) -> list[str]:
    """Return the media types of files, all of which can be read.

    Raises:
        Refusal: one of them cannot (415); nothing has been kept.
    """
    found = []
    for file in files:
        with file.path.open("rb") as opened:
            start = opened.read(_FIRST_BYTES)
        try:
            found.append(media_type_of(file.name, start, file.mime_type))
        except BadSetting as error:
            raise failed(415, str(error), code="data.unreadable-form") from error
    return found


def texts_of(files: Sequence[ReceivedFile]) -> list[FileText]:
    """Return the texts of files.

    Raises:
        Refusal: one has a form that cannot be read (415), or is damaged or too long (422).
    """
    check_forms(files)
    try:
        return [text_of_file(one.path, one.name, one.mime_type) for one in files]
    except BadSetting as error:
        raise failed(422, str(error), code="data.unreadable") from error


def take(
    state: Connection,
    places: Places,
    dataset_id: str,
    files: Sequence[ReceivedFile],
    forms: Sequence[str],
    *,
    about: Sequence[About] = (),
) -> Taken:
    """Keep files in a dataset; one that is there already is not kept twice.

    Args:
        about: what is said of each file; nothing, if it is empty.

    Files are moved before their rows are seen: a row always has its file.
    """
    taken = Taken()
    for file, form, said in zip(files, forms, about or [About()] * len(files), strict=True):
        row = _row(dataset_id, file, form, said)
        there = state.scalar(select(data_items.c.id).where(data_items.c.id == row["id"]))
        taken.items.append(row)
        if there is not None:
            new = ("name", "label", "external_metadata")
            changed = {"updated_at": now()} | {name: row[name] for name in new if row[name]}
            state.execute(update(data_items).where(data_items.c.id == row["id"]).values(changed))
            continue
        file.path.rename(places.file(dataset_id, row["id"]))
        state.execute(insert(data_items).values(row))
        taken.new.append(row["id"])
    return taken


def file_id(dataset_id: str, sha256: str) -> str:
    """Return the id of a file's data item: the same for the same bytes in one dataset."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"cogx:{dataset_id}:file:{sha256}"))


def taken_body(row: dict[str, Any]) -> dict[str, Any]:
    """Return a data item as the answer to what brought it shows it."""
    return {
        "id": row["id"],
        "name": row["name"],
        "content_hash": row["md5"],
        "token_count": -(-row["size_bytes"] // _CHARACTERS_PER_TOKEN),
        "mime_type": row["mime_type"],
        "data_size": row["size_bytes"],
    }


def _row(dataset_id: str, file: ReceivedFile, form: str, about: About) -> dict[str, Any]:
    made = file_id(dataset_id, file.sha256)
    pure = PurePath(file.name)
    return {
        "id": made,
        "dataset_id": dataset_id,
        "name": pure.stem or file.name,
        "label": about.label,
        "extension": pure.suffix[1:].lower() or "txt",
        "mime_type": form,
        "size_bytes": file.size_bytes,
        "md5": file.md5,
        "sha256": file.sha256,
        "file_name": made,
        "record_kind": "document",
        "record_id": made,
        "external_metadata": about.metadata,
        "in_graph": False,
        "created_at": now(),
    }


def path_of(places: Places, row: Any) -> Path:
    """Return where the file of a data item lies."""
    return places.file(row.dataset_id, row.file_name)
