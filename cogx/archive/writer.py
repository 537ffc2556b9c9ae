"""Knows how records become an archive; shares no code with the validation that judges it.

Any number of kinds may be written at once, in any order; the manifest is made last and laid
out first, and nothing has its final name before all of it is on disk.
"""

from __future__ import annotations

import copy
import hashlib
import os
from collections.abc import MutableMapping, Sequence
from datetime import UTC, datetime
from operator import attrgetter
from types import TracebackType
from typing import Any, BinaryIO, Self

from msgspec import Struct
from pydantic import BaseModel

from cogx.archive.manifest_file import write_manifest
from cogx.archive.value_types import FIELD_OF_KIND, ValueTypes, type_of
from cogx.codec.canonical import NotJson, decode_lines, encode, encode_lines
from cogx.codec.fingerprint import FingerprintSums
from cogx.codec.from_values import line_type
from cogx.codec.lines import RawLine, decode_block, plain_fields
from cogx.codec.strict import read_line
from cogx.codec.typed import UnreadableValue, to_json, untagged
from cogx.container import create_container
from cogx.errors import BadSetting, InvalidArchive
from cogx.format.layout import CONTENT_KINDS, MEMBER_OF_KIND
from cogx.format.manifest import Extension, Fingerprint, Manifest, MemberInfo
from cogx.format.records import MODEL_OF_KIND, AnyRecord, Episode, Turn
from cogx.generator import GENERATOR
from cogx.limits import Limits
from cogx.problems import Problem, Severity

Target = str | os.PathLike[str] | BinaryIO | MutableMapping[str, bytes]

_BATCH = 1000
_TEXTS = 50  # content records may be megabytes each
_QUOTED_TAG = b'"$cogx"'
_CONTAINERS = frozenset({"attributes", "metadata", "scope"})


class ArchiveWriter:
    """Writes one archive; use it as a context manager.

    Leaving the ``with`` block normally publishes, leaving it by an exception leaves nothing
    behind. The same records in the same order give the same bytes, however they are batched.

    Args:
        target: a path (the ending chooses the form: ``.tar.gz``, ``.tar.zst``, ``.tar``, none
            for a directory), a binary stream, or a mapping that receives the members.
        manifest: what the archive says about itself; counts and our extension's members,
            fingerprint and value types are filled in at the end.
        plain: leave our extension out; such archives hold no typed values.
        compression, level, force: as for :func:`cogx.container.create_container`.

    Raises:
        AlreadyThere: the target exists and ``force`` is not set.
    Cost: memory is bounded; temporary disk as large as the finished archive.
    """

    def __init__(
        self,
        target: Target,
        *,
        manifest: Manifest | None = None,
        plain: bool = False,
        compression: str | None = None,
        level: int | None = None,
        force: bool = False,
    ) -> None:
        self._container = create_container(
            target, compression=compression, level=level, force=force
        )
        self._manifest = copy.deepcopy(manifest or Manifest())
        self._plain = plain
        self._types = ValueTypes()
        self._sums = FingerprintSums()
        self._members: dict[str, _Running] = {}
        self._waiting: list[Any] = []
        self._published = False

    def write(self, *records: AnyRecord) -> None:
        """Write records given as models; typed Python values in free-form fields are fine.

        Raises:
            InvalidArchive: a record cannot be written; says which field and why.
        """
        for record in records:
            proven = _proven(record)  # now, so that the fault is told where it is made
            if self._waiting and self._waiting[0].kind != record.kind:
                self._flush()
            self._waiting.append(proven)
            if len(self._waiting) >= (_TEXTS if record.kind in CONTENT_KINDS else _BATCH):
                self._flush()

    def write_batch(self, kind: str, records: Sequence[Any]) -> None:
        """Write hot-path records of one kind whose values are JSON, typed ones tagged inline.

        The caller vouches for their fields: what a mapping or a reader made is proven.

        Raises:
            InvalidArchive: a value that JSON cannot say.
        """
        self._flush()
        self._write(kind, records)

    def publish(self) -> Manifest:
        """Finish: fill in the manifest, make the archive durable under its final name.

        Returns:
            The manifest as written.
        """
        self._flush()
        manifest = self._manifest
        manifest.counts = {
            kind: self._members[member].records
            for kind, member in MEMBER_OF_KIND.items()
            if member in self._members
        }
        if self._plain:
            manifest.cogx = None
        else:
            manifest.cogx = manifest.cogx or Extension(generator=GENERATOR)
            manifest.cogx.canonical = True
            manifest.cogx.members = {
                member: self._members[member].info()
                for member in MEMBER_OF_KIND.values()
                if member in self._members
            }
            manifest.cogx.fingerprint = Fingerprint(**self._sums.hex())
            manifest.cogx.value_types = self._types.declared()
        self._container.publish(write_manifest(manifest))
        self._published = True
        return manifest

    def abort(self) -> None:
        """Drop everything; nothing stays behind. Harmless after :meth:`publish`."""
        self._waiting = []
        self._container.abort()

    def _flush(self) -> None:
        if not self._waiting:
            return
        batch, self._waiting = self._waiting, []
        self._write(batch[0].kind, batch)

    def _write(self, kind: str, records: Sequence[Any]) -> None:
        if not records:
            return
        try:
            inline = _lines(kind, records)
            shortened = self._shortened(kind, records)
            written = inline if shortened is None else _lines(kind, shortened)
            if self._plain and _QUOTED_TAG in written:
                written = _untagged(kind, written)
        except (NotJson, UnreadableValue) as error:
            code = "json.lone-surrogate" if isinstance(error, NotJson) else "typed.value"
            problem = Problem(code, str(error), MEMBER_OF_KIND[kind])
            raise InvalidArchive(f"A {kind} cannot be written: {error}", [problem]) from error
        lines = inline.split(b"\n")
        lines.pop()
        self._sums.add_lines(kind, lines)
        member = MEMBER_OF_KIND[kind]
        self._members.setdefault(member, _Running()).add(written, len(lines))
        self._container.write(member, written)

    def _shortened(self, kind: str, records: Sequence[Any]) -> list[Any] | None:
        """Return the records with declared values as bare text, None if none changed."""
        field = FIELD_OF_KIND.get(kind)
        if field is None or self._plain or not any(map(attrgetter(field), records)):
            return None
        changed: list[Any] | None = None
        for index, record in enumerate(records):
            properties = getattr(record, field)
            kind_type = type_of(kind, record)
            if not properties or self._types.all_plain(kind, kind_type, properties):
                continue
            short = self._types.shorten(kind, kind_type, properties)
            if short != properties:
                changed = list(records) if changed is None else changed
                changed[index] = _with(record, field, short)
        return changed

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None and not self._published:
                self.publish()
        finally:
            self.abort()


class _Running:
    """The digest, length and count of a member while it is written."""

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()
        self._bytes = 0
        self.records = 0

    def add(self, data: bytes, records: int) -> None:
        self._sha256.update(data)
        self._bytes += len(data)
        self.records += records

    def info(self) -> MemberInfo:
        return MemberInfo(bytes=self._bytes, records=self.records, sha256=self._sha256.hexdigest())


def exported_now() -> datetime:
    """Return the time to put into ``exported_at``: SOURCE_DATE_EPOCH if set, else now."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    if epoch.isdecimal():
        try:
            return datetime.fromtimestamp(int(epoch), UTC)
        except (ValueError, OverflowError, OSError) as error:
            raise BadSetting(f"SOURCE_DATE_EPOCH={epoch} lies beyond the year 9999.") from error
    return datetime.now(UTC)


def _lines(kind: str, records: Sequence[Any]) -> bytes:
    if kind == "raw_node":
        return encode_lines([record.properties for record in records])
    # Only records with unknown fields are still models here; the codec has no place for those.
    if set(map(type, records)) != {line_type(kind)}:
        records = [r if isinstance(r, Struct) else plain_fields(r) for r in records]
    return encode_lines(records)


def _untagged(kind: str, lines: bytes) -> bytes:
    """Return lines as an archive without our extension has them: ``$cogx`` is plain data there.

    Raises:
        UnreadableValue: a typed value stands in one, which such an archive cannot hold.
    """
    records = decode_lines(lines)
    for fields in records:
        for name, value in fields.items():
            if (
                kind != "raw_node"
                and name in _CONTAINERS
                and name in MODEL_OF_KIND[kind].model_fields
            ):
                fields[name] = {key: untagged(item) for key, item in value.items()}
            elif kind == "episode" and name == "turns":
                fields[name] = [{k: untagged(item) for k, item in turn.items()} for turn in value]
            else:
                fields[name] = untagged(value)
    return encode_lines(records)


def _with(record: Any, field: str, properties: dict[str, Any]) -> Any:
    """Return a copy of a record with other properties: its owner keeps the original."""
    if isinstance(record, RawLine):
        return RawLine(properties)
    changed = copy.copy(record)
    setattr(changed, field, properties)
    return changed


def _proven(record: AnyRecord) -> Any:
    """Return a model as a hot-path record: typed values tagged, and read as a reader would."""
    kind = record.kind
    found: list[Problem] = []

    def report(code: str, message: str, field: str | None) -> None:
        found.append(Problem(code, message, MEMBER_OF_KIND[kind], None, field))

    try:
        line = encode(_tagged(record))
    except (TypeError, AttributeError, RecursionError, NotJson) as error:
        report("typed.value", str(error), None)
        raise InvalidArchive(f"A {kind} cannot be written: {error}", found) from error
    decoded = decode_block(kind, line + b"\n")
    if decoded is not None:
        return decoded[0][0]
    read = read_line(kind, line, report, typed=True, lenient=frozenset(), limits=Limits())
    if read is None:
        first = next(p for p in found if p.severity is Severity.ERROR)
        raise InvalidArchive(f"A {kind} cannot be written: {first}", found)
    return read.record


def _tagged(record: AnyRecord) -> dict[str, Any]:
    """Return a record's fields with every free-form value tagged; a container is no value."""
    if record.kind == "raw_node":
        return {key: to_json(value) for key, value in record.properties.items()}
    fields = _unknown_tagged(plain_fields(record), type(record))
    for name in _CONTAINERS & fields.keys() & type(record).model_fields.keys():
        fields[name] = {key: to_json(value) for key, value in fields[name].items()}
    if isinstance(record, Episode) and record.turns:
        fields["turns"] = [_unknown_tagged(turn, Turn) for turn in fields["turns"]]
    return fields


def _unknown_tagged(fields: dict[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    known = model.model_fields
    return {name: value if name in known else to_json(value) for name, value in fields.items()}
