"""Knows the file that says which id of an archive became which id of a store, and reads it back.

Must never know why an id changed. One JSON line for each id, in the order they were given, a
head before them and their number behind, so that a file that lost its end is found out:

    {"cogx":"id-map","version":1}
    {"archive":"ann","kind":"entity","store":"6ba7b812-9dad-11d1-80b4-00c04fd430c8"}
    {"entries":1}
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache, reduce
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

import msgspec

from cogx.codec import canonical
from cogx.container.room import put_all, writing
from cogx.container.staged_file import StagedFile
from cogx.disk_index import DiskIndex
from cogx.errors import BadSetting
from cogx.format.layout import CONTENT_KINDS, KINDS
from cogx.ports import RecordSource

NODE_KINDS: Final = ("entity", "raw_node", *(kind for kind in KINDS if kind in CONTENT_KINDS))
"""Kinds whose records facts may refer to, in the order in which a reference is looked up."""

_HEAD: Final = {"cogx": "id-map", "version": 1}
_ENTRY_KEYS: Final = {"kind", "archive", "store"}
_MOST_LINE: Final = 1 << 24
_FLUSH: Final = 1 << 16
_CACHED: Final = 1 << 16


class IdChange(NamedTuple):
    """One id: of a record kind, in the archive, in the store."""

    kind: str
    archive: str
    store: str


class IdMap:
    """Ids by kind, one direction, on temporary disk; a context manager."""

    def __init__(self, changes: Iterable[IdChange], *, inverse: bool = False) -> None:
        """Take changes in; ``inverse`` looks them up by the store's id.

        Where several ids became one (merged entities), the inverse gives the one that was that
        id before, else the first.
        """
        self._index = DiskIndex()
        batch: list[tuple[str, str]] = []
        try:
            for kind, archive, store in changes:
                known, other = (store, archive) if inverse else (archive, store)
                key = f"{kind}\n{known}"
                stays = inverse and archive == store
                if stays or len(batch) >= _FLUSH:
                    self._index.add(batch)
                    batch.clear()
                if stays:  # so that none that became it goes before it
                    self._index.pop(key)
                batch.append((key, other))
            self._index.add(batch)
        except BaseException:
            self.close()
            raise

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> IdMap:
        """Open a file for looking up the archive's ids; see :func:`read_changes` for errors.

        Cost: one pass over the file; memory does not grow with it.
        """
        return cls(read_changes(path))

    @classmethod
    def inverse(cls, path: str | os.PathLike[str]) -> IdMap:
        """Open a file for looking up the store's ids; as :meth:`read`."""
        return cls(read_changes(path), inverse=True)

    @staticmethod
    def write(
        path: str | os.PathLike[str], changes: Iterable[IdChange], *, force: bool = False
    ) -> int:
        """Write changes to a file that appears when it is whole; return how many there are.

        Raises:
            AlreadyThere: the file exists and ``force`` is not set.
            OutputError: the disk does not take it; nothing is left behind.
        Cost: one pass; memory does not grow.
        """
        staged = StagedFile(os.fspath(path), force=force)
        count = 0
        try:
            with writing(staged.path):
                waiting = bytearray(canonical.encode(_HEAD) + b"\n")
                for change in changes:
                    waiting += canonical.encode(change._asdict()) + b"\n"
                    count += 1
                    if len(waiting) >= _FLUSH:
                        put_all(staged.file, bytes(waiting))
                        waiting = bytearray()
                put_all(staged.file, bytes(waiting) + canonical.encode({"entries": count}) + b"\n")
        except BaseException:
            staged.abort()
            raise
        staged.publish(private=False)
        return count

    def get(self, kind: str, identity: str) -> str | None:
        """Return what an id became, None if it did not change."""
        return self._index.first(f"{kind}\n{identity}")

    def referred(self, reference: str) -> str | None:
        """Return what the id of a record of any kind became, None if none changed."""
        for kind in NODE_KINDS:
            found = self.get(kind, reference)
            if found is not None:
                return found
        return None

    def close(self) -> None:
        """Give the disk back. May be called twice."""
        self._index.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def chained(steps: Sequence[Callable[[], Iterator[IdChange]]]) -> Iterator[IdChange]:
    """Yield what every id has become in the end.

    Args:
        steps: the changes of each transform, in the order in which records went through them.
    """
    return reduce(_both, steps)() if steps else iter(())


def _both(
    first: Callable[[], Iterator[IdChange]], then: Callable[[], Iterator[IdChange]]
) -> Callable[[], Iterator[IdChange]]:
    def changes() -> Iterator[IdChange]:
        with IdMap(then()) as later, IdMap(first()) as earlier:
            for kind, archive, between in first():
                yield IdChange(kind, archive, later.get(kind, between) or between)
            for change in then():
                if earlier.get(change.kind, change.archive) is None:
                    yield change

    return changes


def read_changes(path: str | os.PathLike[str]) -> Iterator[IdChange]:
    """Yield the changes of a file, in order.

    Raises:
        BadSetting: the file is not there, is no id map, or is damaged; says at which line.
    """
    try:
        with Path(path).open("rb") as file:
            yield from _parsed(os.fspath(path), file)
    except OSError as error:
        raise BadSetting(f"{path}: cannot be read: {error.strerror or error}.") from error


class Mapped:
    """Records with the ids that a map has for theirs; a RecordSource.

    The ids of entities, raw nodes and content, and what facts refer to: subjects, objects and
    provenance. Ids of facts, and ids the map does not name, stay. The map stays open.

    Cost: one or two look-ups on temporary disk for each id and reference.
    """

    def __init__(self, source: RecordSource, id_map: IdMap) -> None:
        self.system = source.system
        self._source = source
        self._map = id_map
        self._referred = lru_cache(_CACHED)(lambda one: id_map.referred(one) or one)

    def iter_batches(self, *kinds: str) -> Iterator[tuple[str, Sequence[Any]]]:
        """Yield (kind, records); as :meth:`cogx.ports.RecordSource.iter_batches`."""
        for kind, records in self._source.iter_batches(*kinds):
            for record in records:
                if kind == "fact":
                    self._restore_ends(record)
                elif kind == "raw_node":
                    found = self._map.get(kind, record.external_id)
                    if found is not None:
                        record.properties["id"] = found
                else:
                    found = self._map.get(kind, record.external_id)
                    if found is not None:
                        record.external_id = found
            yield kind, records

    def _restore_ends(self, fact: Any) -> None:
        fact.subject_ref = self._referred(fact.subject_ref)
        fact.object_ref = self._referred(fact.object_ref)
        if fact.provenance:
            fact.provenance = [self._referred(one) for one in fact.provenance]


def _parsed(path: str, file: Any) -> Iterator[IdChange]:
    number, count = 0, 0
    ended = False
    while line := file.readline(_MOST_LINE):
        number += 1
        value = _line_value(path, number, line)
        if ended:
            raise _damaged(path, number, "something stands behind the number of entries")
        if number == 1:
            if value != _HEAD:
                raise BadSetting(
                    f"{path}: not an id map of version 1 (its first line says otherwise). "
                    "Name the file that --id-map wrote."
                )
        elif value.keys() == {"entries"}:
            if value["entries"] != count:
                raise _damaged(path, number, f"{value['entries']} entries expected, {count} found")
            ended = True
        else:
            yield _entry(path, number, value)
            count += 1
    if not ended:
        raise _damaged(path, number + 1, "the end is missing")


def _line_value(path: str, number: int, line: bytes) -> dict[str, Any]:
    try:
        value = msgspec.json.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        value = None
    if not line.endswith(b"\n") or not isinstance(value, dict):
        raise _damaged(path, number, "not a whole JSON object")
    return value


def _entry(path: str, number: int, value: dict[str, Any]) -> IdChange:
    texts = all(isinstance(item, str) and item for item in value.values())
    if value.keys() != _ENTRY_KEYS or not texts or value["kind"] not in NODE_KINDS:
        raise _damaged(path, number, "not an entry of kind, archive and store")
    return IdChange(value["kind"], value["archive"], value["store"])


def _damaged(path: str, number: int, what: str) -> BadSetting:
    return BadSetting(
        f"{path}, line {number}: the id map is damaged: {what}. "
        "Take a whole copy of it, or do the export that wrote it again."
    )
