"""Knows the routes by which a server gives a dataset out; not what its rows and nodes mean.

Source: spec/wire.md#pull.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

from cogx.codec.strict_json import nesting_depth
from cogx.errors import BadSetting, RemoteGarbled, RemoteRefused, UnknownName
from cogx.remote.probe import CAPABILITIES, DATASETS, MOST_LIST_BYTES, check_key
from cogx.remote.server import Server

PAGE: Final = 1000
"""Files a page; a server takes no more."""
MOST_PAGE_BYTES: Final = 64 << 20
_MOST_OFFSET: Final = 1_000_000
_ABSENT: Final = frozenset({404, 405, 501})
_SHOWN_NAMES: Final = 40
_MOST_DEPTH: Final = 50
_JSON: Final = ("application/json", "text/json")
_TEXT: Final = "text/"

Row = dict[str, Any]


class RemoteDataset:
    """One dataset of a server. Get one from :func:`find_dataset`; the server stays the caller's."""

    def __init__(self, server: Server, identity: str, name: str) -> None:
        self.server = server
        self.id = identity
        self.name = name
        self._path = f"{DATASETS}/{quote(identity, safe='')}"

    def __repr__(self) -> str:
        return f"RemoteDataset({self.name!r}, {self.id!r})"

    def iter_pages(self) -> Iterator[list[Row]]:
        """Yield what the server says of its files, a page at a time; an id may come twice.

        A server that knows no pages sends everything at once, or the first page again and again.

        Raises:
            RemoteGarbled: no list of rows with an id.
        """
        before: set[str] = set()
        for offset in range(0, _MOST_OFFSET + 1, PAGE):
            path = f"{self._path}/data"
            rows = self.server.get_json(
                path, {"limit": PAGE, "offset": offset}, most_bytes=MOST_PAGE_BYTES
            )
            ids = self._ids(rows, path)
            if ids and ids <= before:
                return
            yield rows
            if len(rows) != PAGE:
                return
            before = ids

    def count_files(self) -> int | None:
        """Return how many files the server counts, None if it does not say."""
        told = self._optional("data/count")
        count = told.get("count") if isinstance(told, dict) else None
        return count if isinstance(count, int) and count >= 0 else None

    def schema(self) -> dict[str, Any]:
        """Return the dataset's graph schema and prompt, without what is null."""
        told = self._optional("schema")
        if told is None:
            return {}
        if not isinstance(told, dict) or not _is_plain(told):
            raise RemoteGarbled(f"{self.server.url}{self._path}/schema: no plain JSON object.")
        return {name: value for name, value in told.items() if value is not None}

    @contextmanager
    def graph(self, *, silence_s: float | None = None) -> Iterator[Iterator[bytes]]:
        """Give the bytes of the graph while they arrive; whether they are one is for the reader.

        Args:
            silence_s: how long the server may say nothing: it looks at the whole graph first.
        """
        with self.server.stream(self.graph_path, silence_s=silence_s) as answer:
            yield answer.iter_bytes()

    @property
    def graph_path(self) -> str:
        """Return the route of the graph."""
        return f"{self._path}/graph"

    def file_path(self, identity: str) -> str:
        """Return the route of a file."""
        return f"{self._path}/data/{quote(identity, safe='')}/raw"

    @property
    def export_path(self) -> str:
        """Return the route that gives a whole archive, of a server that speaks COGX."""
        return f"/api/v1/activity/export/{quote(self.id, safe='')}"

    def _ids(self, rows: Any, path: str) -> set[str]:
        if not isinstance(rows, list):
            raise RemoteGarbled(f"{self.server.url}{path}: no list of files.")
        found = set()
        for number, row in enumerate(rows):
            identity = row.get("id") if isinstance(row, dict) else None
            if not isinstance(identity, str) or not identity:
                raise RemoteGarbled(
                    f"{self.server.url}{path}: [{number}].id is {identity!r:.80}, no text."
                )
            if not _is_plain(row):
                raise RemoteGarbled(f"{self.server.url}{path}: [{number}] is no plain JSON.")
            found.add(identity)
        return found

    def _optional(self, tail: str) -> Any:
        """Return what a route says that older servers lack, None if it is not there."""
        try:
            return self.server.get_json(f"{self._path}/{tail}")
        except RemoteRefused as error:
            if error.status in _ABSENT:
                return None
            raise


def find_dataset(server: Server, wanted: str) -> RemoteDataset:
    """Return the dataset that a name or a UUID means, among those the key may read.

    Raises:
        UnknownName: there is none; the text names those there are.
        BadSetting: the name means several; the text lists their UUIDs.
        RemoteRefused: the key is wrong or missing.
        RemoteGarbled: no list of datasets.
    """
    check_key(server)
    rows = server.get_json(DATASETS, most_bytes=MOST_LIST_BYTES)
    found = [_named(server, number, row) for number, row in enumerate(rows)]
    same = [one for one in found if one.id == wanted or _as_uuid(one.id) == _as_uuid(wanted, "-")]
    if not same:
        same = [one for one in found if one.name == wanted]
    if len(same) > 1:
        listed = ", ".join(one.id for one in same[:_SHOWN_NAMES])
        raise BadSetting(
            f"{len(same)} datasets on {server.url} are called {wanted!r}. Name one by its UUID: "
            f"{listed}."
        )
    if not same:
        names = [one.name for one in found]
        shown = names[:_SHOWN_NAMES]
        if len(names) > _SHOWN_NAMES:
            shown.append(f"and {len(names) - _SHOWN_NAMES:,} more")
        raise UnknownName(f"dataset on {server.url}", wanted, shown or ["none that this key reads"])
    return same[0]


def speaks_cogx(server: Server) -> bool:
    """Tell whether the server gives archives out; a cognee does not know the question."""
    try:
        told = server.get_json(CAPABILITIES)
    except RemoteRefused as error:
        if error.status in _ABSENT:
            return False
        raise
    return isinstance(told, dict) and isinstance(told.get("cogx_versions"), list)


def refuse_text(answer: Any) -> None:
    """Refuse an answer that is a page or a report where an archive was asked for.

    Raises:
        RemoteGarbled: its type is text or JSON.
    """
    kind = _kind(answer)
    if kind.startswith(_TEXT) or kind in _JSON:
        raise RemoteGarbled(
            f"{answer.url}: the answer is {kind}, not an archive. The server says that it speaks "
            "COGX, but does not export here; upgrade it."
        )


def _named(server: Server, number: int, row: Any) -> RemoteDataset:
    identity, name = (row.get("id"), row.get("name")) if isinstance(row, dict) else (None, None)
    if not isinstance(identity, str) or not identity or not isinstance(name, str):
        raise RemoteGarbled(
            f"{server.url}{DATASETS}: [{number}] has no id and name in text. Is this a cognee?"
        )
    return RemoteDataset(server, identity, name)


def _is_plain(row: Row) -> bool:
    """Tell whether an archive can hold what the server says: no NaN, no half of a character."""
    try:
        text = json.dumps(row, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        return False
    return nesting_depth(text) <= _MOST_DEPTH


def _as_uuid(text: str, otherwise: str = "") -> str:
    try:
        return UUID(text).hex
    except ValueError:
        return otherwise


def _kind(answer: Any) -> str:
    kind = str(answer.headers.get("content-type", ""))
    return kind.partition(";")[0].strip().lower()
