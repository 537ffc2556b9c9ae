"""A RecordSource of records given as models, each pass with fresh hot-path copies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from cogx.codec.fingerprint import FingerprintSums
from cogx.codec.lines import canonical_line, decode_block
from cogx.codec.strict import read_line
from cogx.codec.typed import to_json
from cogx.format.layout import KINDS
from cogx.format.records import MODEL_OF_KIND, AnyRecord, RawNode
from cogx.limits import Limits
from cogx.ports import RecordSource

BATCH = 2
FREE = ("attributes", "metadata", "scope")


class RecordList:
    """Records as an archive would give them: typed values tagged inline."""

    def __init__(self, records: Iterable[AnyRecord], system: str = "demo") -> None:
        self.system = system
        self._lines: dict[str, list[bytes]] = {kind: [] for kind in KINDS}
        for record in records:
            self._lines[record.kind].append(canonical_line(tagged(record)))

    def iter_batches(self, *kinds: str) -> Iterator[tuple[str, Sequence[Any]]]:
        for kind in kinds or KINDS:
            lines = self._lines[kind]
            for start in range(0, len(lines), BATCH):
                yield kind, [hot(kind, line) for line in lines[start : start + BATCH]]


def tagged(record: Any) -> Any:
    """Return a model with the typed values of its free-form values tagged."""
    if record.kind == "raw_node":
        return RawNode(properties={k: to_json(v) for k, v in record.properties.items()})
    free: dict[str, Any] = {
        name: {key: to_json(value) for key, value in getattr(record, name).items()}
        for name in FREE
        if name in type(record).model_fields
    }
    unknown = {key: to_json(value) for key, value in (record.model_extra or {}).items()}
    if record.kind == "episode":
        free["turns"] = [
            turn.model_copy(update={k: to_json(v) for k, v in (turn.model_extra or {}).items()})
            for turn in record.turns
        ]
    return record.model_copy(update=free | unknown)


def hot(kind: str, line: bytes) -> Any:
    block = decode_block(kind, line + b"\n")
    if block is not None:
        return block[0][0]
    read = read_line(
        kind, line, lambda *_: None, typed=True, lenient=frozenset(), limits=Limits.none()
    )
    assert read is not None
    return read.record


def records_in(source: RecordSource, *kinds: str) -> list[Any]:
    return [record for _, batch in source.iter_batches(*kinds) for record in batch]


def fingerprint(source: RecordSource) -> dict[str, str]:
    sums = FingerprintSums()
    for kind, batch in source.iter_batches():
        sums.add_lines(kind, [canonical_line(record) for record in batch])
    return sums.hex()


def entity(identity: str, name: str, **fields: Any) -> AnyRecord:
    return MODEL_OF_KIND["entity"](external_id=identity, name=name, **fields)  # type: ignore[return-value]


def fact(identity: str, subject: str, predicate: str, target: str, **fields: Any) -> AnyRecord:
    ends = {"subject_ref": subject, "predicate": predicate, "object_ref": target}
    return MODEL_OF_KIND["fact"](external_id=identity, **ends, **fields)  # type: ignore[return-value]


def raw(identity: str, **properties: Any) -> AnyRecord:
    return RawNode(properties={"id": identity, **properties})
