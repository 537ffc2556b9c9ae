"""Knows what a person names when asking for a graph or a text: an archive, a store, or a file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import Any, Final
from urllib.parse import urlsplit

from cogx.archive.reader import open_archive
from cogx.engine.holdings import StoreRecords
from cogx.engine.record_sources import ArchiveRecords
from cogx.engine.uris import parse_uri, reading
from cogx.errors import BadSetting, UnknownName
from cogx.format.layout import SUFFIXES
from cogx.graph.datasets import reader_of
from cogx.limits import Limits
from cogx.ports import RecordSource
from cogx.text_files import FileText, text_of_file

_JSON: Final = ".json"


@contextmanager
def opened(
    source: Any, *, lenient: frozenset[str] = frozenset(), limits: Limits | None = None
) -> Iterator[RecordSource | FileText]:
    """Give the records of an archive or a store, or the text of a file, and close it afterwards.

    A path is an archive if it is a directory or has an archive's ending. It is a store if it has
    a scheme, or a store's ending; but ``x.json`` without a scheme is a text. Any other path is a
    file with a text. What is no path is a reader, a graph of networkx, or an archive as
    :func:`cogx.archive.reader.open_archive` takes it.

    Raises: as opening each of them does.
    """
    path = os.fspath(source) if isinstance(source, str | os.PathLike) else None
    is_store = hasattr(source, "iter_nodes") or hasattr(source, "add_edges_from")
    if is_store or (path is not None and names_store(path)):
        with reading(source if path is None else path) as reader:
            yield StoreRecords(reader_of(reader, None))
    elif path is None or path.endswith(tuple(SUFFIXES)) or Path(path).is_dir():
        with open_archive(source, lenient=lenient, limits=limits) as archive:
            yield ArchiveRecords(archive)
    else:
        yield text_of_file(path)


def names_store(path: str) -> bool:
    """Tell whether a text names a store rather than a file of another sort."""
    if Path(path).exists() and path.endswith(_JSON):
        return False
    try:
        parse_uri(path)
    except (BadSetting, UnknownName):
        return False
    return True


def name_of(source: Any) -> str | None:
    """Return what a source may be called after: its file's name without the endings."""
    if not isinstance(source, str | os.PathLike):
        return None
    path = os.fspath(source)
    if names_store(path):
        place = urlsplit(parse_uri(path)[1])
        path = place.path.strip("/") or place.hostname or ""  # never who logs in there
    name = PurePath(path).name
    for ending in (*SUFFIXES, ".cogx"):
        name = name.removesuffix(ending)
    return PurePath(name).stem or None
