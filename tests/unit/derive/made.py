"""Knows how to make small sources by hand, and to prove what comes out of a mode."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from cogx.archive.validate import Findings, validate
from cogx.archive.writer import ArchiveWriter
from cogx.codec.canonical import encode
from cogx.codec.fingerprint import FingerprintSums
from cogx.codec.lines import RawLine, canonical_line, decode_block
from cogx.format.layout import KINDS
from cogx.format.manifest import Manifest
from cogx.ports import RecordSource

ALL_KINDS = KINDS


class Source:
    """A RecordSource of records that were made by hand; in batches of two."""

    system = "s"

    def __init__(self, *records: Any) -> None:
        self._records = records
        self.passes: Counter[str] = Counter()

    def iter_batches(self, *kinds: str) -> Iterator[tuple[str, Sequence[Any]]]:
        for kind in kinds or KINDS:
            self.passes[kind] += 1
            lines = [canonical_line(record) for record in self._records if record.kind == kind]
            for at in range(0, len(lines), 2):
                yield kind, records_of(kind, lines[at : at + 2])


def records_of(kind: str, lines: Sequence[bytes]) -> list[Any]:
    decoded = decode_block(kind, b"".join(line + b"\n" for line in lines))
    assert decoded is not None
    return decoded[0]


def record(kind: str, identity: str, **fields: Any) -> Any:
    if kind == "raw_node":
        return RawLine({"id": identity} | fields)
    base = {"kind": kind, "external_system": "s", "external_id": identity}
    return records_of(kind, [encode(base | fields)])[0]


def entity(identity: str, name: str, **fields: Any) -> Any:
    return record("entity", identity, name=name, **fields)


def document(identity: str, content: str, **fields: Any) -> Any:
    return record("document", identity, content=content, **fields)


def lines_of(source: RecordSource, *kinds: str) -> list[tuple[str, bytes]]:
    """Return (kind, canonical line) of everything, in the order it comes."""
    return [
        (kind, canonical_line(record))
        for kind, batch in source.iter_batches(*kinds)
        for record in batch
    ]


def records(source: RecordSource, kind: str) -> list[Any]:
    return [record for _, batch in source.iter_batches(kind) for record in batch]


def fingerprint(source: RecordSource) -> dict[str, str]:
    sums = FingerprintSums()
    for kind, line in lines_of(source):
        sums.add_lines(kind, [line])
    return sums.hex()


def validated(source: RecordSource) -> Findings:
    """Write a source as an archive, and judge that."""
    members: dict[str, bytes] = {}
    with ArchiveWriter(members, manifest=Manifest(source_system=source.system)) as writer:
        for kind, batch in source.iter_batches():
            writer.write_batch(kind, batch)
    return validate(members)
