"""Knows how to make small sources by hand, and to prove what comes out of a mode."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from cogx.archive.validate import Findings, validate
from cogx.archive.writer import ArchiveWriter
from cogx.codec.canonical import encode
from cogx.codec.fingerprint import FingerprintSums
from cogx.codec.lines import RawLine, canonical_line, decode_block
from cogx.derive.vocabulary import VocabularyDeriver
from cogx.format.layout import KINDS
from cogx.format.manifest import Manifest
from cogx.ports import Passage, RecordSource

Line = tuple[str, bytes]


class Source:
    """A RecordSource of records that were made by hand; in batches of two."""

    system = "s"

    def __init__(self, *records: Any) -> None:
        self._records = records

    def iter_batches(self, *kinds: str) -> Iterator[tuple[str, Sequence[Any]]]:
        for kind in kinds or KINDS:
            lines = [canonical_line(record) for record in self._records if record.kind == kind]
            for at in range(0, len(lines), 2):
                yield kind, records_of(kind, lines[at : at + 2])


class Scripted:
    """A deriver that gives what it was told to, by the text of the passage."""

    name = "scripted"
    version = "7"

    def __init__(self, given: dict[str, list[Any]], *, skip: str = "") -> None:
        self._given = given
        self._skip = skip

    def prepare(self, known: RecordSource) -> None:
        self.known = lines_of(known)

    def derive(self, passages: Iterable[Passage]) -> Iterator[tuple[Passage, Sequence[Any]]]:
        for passage in passages:
            if not self._skip or self._skip not in passage.text:
                yield passage, self._given.get(passage.text, [])


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


def fact(identity: str, subject: str, predicate: str, target: str, **fields: Any) -> Any:
    ends = {"subject_ref": subject, "predicate": predicate, "object_ref": target}
    return record("fact", identity, **ends, **fields)


def passage(text: str, record: tuple[str, str] = ("document", "d"), at: int = 0) -> Passage:
    return Passage(f"{record[1]}-{at}", record, at, text)


def lines_of(source: RecordSource, *kinds: str) -> list[Line]:
    """Return (kind, canonical line) of everything, in the order it comes."""
    return [
        (kind, canonical_line(record))
        for kind, batch in source.iter_batches(*kinds)
        for record in batch
    ]


def records_in(source: RecordSource, kind: str) -> list[Any]:
    return [record for _, batch in source.iter_batches(kind) for record in batch]


def fingerprint(lines: Iterable[Line]) -> dict[str, str]:
    sums = FingerprintSums()
    for kind, line in lines:
        sums.add_lines(kind, [line])
    return sums.hex()


def validated(source: RecordSource) -> Findings:
    """Write a source as an archive, and judge that."""
    members: dict[str, bytes] = {}
    with ArchiveWriter(members, manifest=Manifest(source_system=source.system)) as writer:
        for kind, batch in source.iter_batches():
            writer.write_batch(kind, batch)
    return validate(members)


def vocabulary(*known: Any) -> VocabularyDeriver:
    """Return a deriver that knows some records."""
    deriver = VocabularyDeriver()
    deriver.prepare(Source(*known))
    return deriver


def derived(deriver: VocabularyDeriver, text: str, **where: Any) -> list[Any]:
    ((_, records),) = deriver.derive([passage(text, **where)])
    return list(records)


def mentioned(deriver: VocabularyDeriver, text: str) -> list[tuple[str, str]]:
    """Return (id, what is written) of everything that is mentioned, in order."""
    found = [
        (quote["start"], record.object_ref, quote["text"])
        for record in derived(deriver, text)
        if record.kind == "fact" and record.predicate == "mentions"
        for quote in record.metadata["evidence"]
    ]
    return [(identity, written) for _, identity, written in sorted(found)]


def paired(deriver: VocabularyDeriver, text: str) -> Counter[tuple[str, str]]:
    """Return how often each pair of ids stands in one sentence."""
    return Counter(
        {
            (record.subject_ref, record.object_ref): record.metadata["count"]
            for record in derived(deriver, text)
            if record.kind == "fact" and record.predicate == "co_occurs_with"
        }
    )
