"""Knows a local cognee's datasets: open one to read its graph and documents; writes nothing.

It must never import cognee, and never change a byte of its files. cognee keeps accounts,
datasets and the list of documents in SQLite, each dataset's graph in a Ladybug file, and the
documents as plain files; all three are read directly, so nothing is lost that an export of
cognee leaves out.

What a dataset becomes: an Entity with a name an entity record, every other node a raw node, an
edge a fact, each file of a document a document record. Columns that cognee's own reader hides
stand beside the properties: ``graph_created_at`` and ``graph_updated_at`` say when a node was
written to the graph, which is not when the thing was made.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from cogx.errors import MissingExtra, StoreRefused

if TYPE_CHECKING:
    from cogx.stores.cognee.reader import CogneeReader

DEFAULT_READ_BYTES = 256 << 20


def open_reader(
    dataset: str,
    *,
    root: str | Path | None = None,
    user: str | None = None,
    data: str | Path | None = None,
    buffer_bytes: int = DEFAULT_READ_BYTES,
) -> CogneeReader:
    """Open a dataset of a local cognee for reading. The bytes of its files stay as they are.

    Args:
        dataset: its name or UUID.
        root: cognee's SYSTEM_ROOT_DIRECTORY; default that variable, else where a cognee
            installed beside us keeps it.
        user: e-mail or UUID of the one who reads; default cognee's default user where a dataset
            is that user's, else the owner.
        data: cognee's DATA_ROOT_DIRECTORY, needed if the files were moved; default that variable.
        buffer_bytes: size of the graph database's buffer pool, grown if its tables need more.

    Raises:
        MissingExtra: the Ladybug driver is not installed.
        BadSetting: no cognee is there; the name means several datasets.
        UnknownName: no such dataset or user.
        StoreRefused: no read permission, or a graph that is not in a Ladybug file.
        StoreUnavailable: cognee is writing; a retry may help.
    """
    try:
        from cogx.stores.cognee.reader import CogneeReader  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtra("ladybug", "A cognee store") from error
    return CogneeReader(dataset, root=root, user=user, data=data, buffer_bytes=buffer_bytes)


def is_vacant(dataset: str, **_: object) -> NoReturn:
    """Refuse to be written to: cognee's own import is what writes its stores."""
    raise StoreRefused(
        f"cognee:{dataset} can only be read. Import the archive with cognee itself "
        "(remember with content_type=cogx-archive), or choose another store."
    )
