"""Knows how a graph lives in a Ladybug file: open one to read it, or to write it.

It must never know an archive. The driver is imported by the first open, not before.

Layout (schema version 1): one node table per type and one relationship table per predicate,
with a typed column per property, so that a person's Cypher works; ``id`` names the row,
``labels`` lists further labels, ``_cogx`` holds what no column can. Rare types and predicates
share ``_OtherNode`` and ``_OtherEdge``. ``_cogx_meta`` says which table and column stands for
what. A database without it, made by somebody else, can be read too.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cogx.errors import MissingExtra

if TYPE_CHECKING:
    from cogx.stores.ladybug.reader import LadybugReader
    from cogx.stores.ladybug.writer import LadybugWriter

MIB = 1 << 20
DEFAULT_READ_BYTES = 256 * MIB
DEFAULT_BUFFER_BYTES = 1024 * MIB
DEFAULT_ROW_BYTES = 64 * MIB
DEFAULT_THREADS = 2


def open_reader(
    path: str | Path, *, buffer_bytes: int = DEFAULT_READ_BYTES, threads: int = DEFAULT_THREADS
) -> LadybugReader:
    """Open a Ladybug file to read its graph. The bytes of the file stay as they are.

    Args:
        path: the database file; one that cogx wrote, or anybody else's.
        buffer_bytes: size of the database's buffer pool, grown if its tables need more.
        threads: how many threads the database may use.

    Raises:
        MissingExtra: the driver is not installed.
        StoreRefused: not a Ladybug file, or written by a newer cogx.
        StoreUnavailable: another process holds it; a retry may help.
    """
    try:
        from cogx.stores.ladybug.reader import LadybugReader  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtra("ladybug", "A Ladybug store") from error
    return LadybugReader(Path(path), buffer_bytes=buffer_bytes, threads=threads)


def open_writer(
    path: str | Path,
    *,
    buffer_bytes: int | None = None,
    row_bytes: int = DEFAULT_ROW_BYTES,
    threads: int = DEFAULT_THREADS,
    replace: bool = False,
) -> LadybugWriter:
    """Start a new Ladybug store. Nothing appears at ``path`` before ``finish()``.

    Args:
        path: where the store will be; absent, or a store of cogx without nodes.
        buffer_bytes: size of the database's buffer pool while loading; default 1 GiB, or what
            long texts need: about eight times the bytes of 131,072 nodes of one type.
        row_bytes: how much of the rows is held in memory before it goes to disk.
        threads: how many threads the database may use.
        replace: whether a store with content may be there; it is replaced as a whole.

    Raises:
        MissingExtra: the driver is not installed.
        StoreRefused: there is a store with content already, or something else.
        StoreBusy: another process writes to it.
        StoreUnavailable: another process holds it; a retry may help.
    Cost: disk beside ``path`` of about twice the rows while loading.
    """
    try:
        from cogx.stores.ladybug.writer import LadybugWriter  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtra("ladybug", "A Ladybug store") from error
    return LadybugWriter(
        Path(path),
        buffer_bytes=DEFAULT_BUFFER_BYTES if buffer_bytes is None else buffer_bytes,
        may_grow=buffer_bytes is None,
        row_bytes=row_bytes,
        threads=threads,
        replace=replace,
    )


def is_vacant(path: str | Path, *, buffer_bytes: int = DEFAULT_READ_BYTES) -> bool:
    """Tell whether there is nothing here, or a store without nodes; raises as open_writer."""
    try:
        from cogx.stores.ladybug.vacancy import is_vacant as look  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtra("ladybug", "A Ladybug store") from error
    return look(Path(path), buffer_bytes=buffer_bytes, threads=DEFAULT_THREADS)
