"""Knows how a content record reads as plain text; never where a text is cut or what it says.

Episodes are told as transcripts, memories with their categories, blocks under their label.
A document that is cut in parts is one text again. Binary originals and empty records are left
out and counted. Source: spec/format.md#records.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, Final

from msgspec import Struct

from cogx.disk_index import DiskIndex
from cogx.format.timestamps import format_timestamp
from cogx.ports import RecordSource

TEXT_KINDS: Final = ("document", "episode", "memory", "memory_block")
"""The kinds that hold raw content, in the order in which they are read."""
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


class Text(Struct, frozen=True):
    """The text of one content record, or of one part of a long document.

    ``record`` is (kind, external_id); a later part has that of its first. ``number`` is the same
    for all parts of one text, and grows.
    """

    record: tuple[str, str]
    number: int
    content: str
    scope: dict[str, Any]


def iter_texts(source: RecordSource, report: Counter[str]) -> Iterator[Text]:
    """Yield the texts of a source, in its order; parts of one document follow each other.

    A part that does not follow the one before it is a text of its own. A record that occurs
    again is read once. ``report`` counts what is left out: ``binary``, ``empty``, ``repeated``,
    and ``loose_parts``.

    Cost: one pass over the content records, one of them in memory; their ids on temporary disk.
    """
    parts = _Parts(report)
    with DiskIndex() as seen:
        for kind, batch in source.iter_batches(*TEXT_KINDS):
            for record in batch:
                name = f"{kind}\n{record.external_id}"
                if seen.first(name) is not None:
                    report["repeated"] += 1
                    continue
                seen.add([(name, "")])
                owner, number = parts.place(kind, record)
                content = _content(kind, record, report)
                if content is not None:
                    yield Text((kind, owner), number, content, record.scope)


def iter_whole(texts: Iterator[Text]) -> Iterator[tuple[Text, Iterator[str]]]:
    """Yield each text once: its first part, and the contents of all its parts."""
    for _, parts in groupby(texts, key=lambda text: text.number):
        yield (first := next(parts)), _contents(first, parts)  # noqa: B031 - one goes on, one use


def transcript(episode: Any) -> str:
    """Return an episode as lines ``role [time]: content``: undated turns first, then by time."""
    turns = sorted(episode.turns, key=lambda turn: _moment(turn.occurred_at))
    lines = [f"# {episode.title}"] if episode.title else []
    for turn in turns:
        at = f" [{format_timestamp(turn.occurred_at)}]" if turn.occurred_at else ""
        lines.append(f"{turn.role}{at}: {turn.content}")
    return "\n".join(lines)


def is_binary(metadata: Mapping[str, Any]) -> bool:
    """Tell whether a document's metadata declares its content as the bytes of a file."""
    return metadata.get("encoding") == "base64"


class _Parts:
    """Which text a record belongs to: its own, or that of the part before it."""

    def __init__(self, report: Counter[str]) -> None:
        self._report = report
        self._number = 0
        self._awaited: tuple[str, int] | None = None

    def place(self, kind: str, record: Any) -> tuple[str, int]:
        metadata = record.metadata if kind == "document" else {}
        part, owner = metadata.get("part"), metadata.get("part_of")
        if self._awaited is not None and self._awaited == (owner, part):
            first, number = self._awaited
            self._awaited = (first, number + 1)
            return first, self._number
        if isinstance(owner, str) and owner:
            self._report["loose_parts"] += 1
        self._number += 1
        self._awaited = (record.external_id, 2) if part == 1 else None
        return record.external_id, self._number


def _contents(first: Text, others: Iterator[Text]) -> Iterator[str]:
    yield first.content
    for text in others:
        yield text.content


def _content(kind: str, record: Any, report: Counter[str]) -> str | None:
    if kind == "document" and is_binary(record.metadata):
        report["binary"] += 1
        return None
    text = text_of(kind, record)
    if not text or text.isspace():
        report["empty"] += 1
        return None
    return text


def text_of(kind: str, record: Any) -> str:
    """Return a content record as text, empty if it says nothing."""
    if kind == "document":
        return str(record.content)
    if kind == "episode":
        return transcript(record) if record.turns else ""
    if kind == "memory":
        listed = ", ".join(record.categories)
        return f"{record.content}\nCategories: {listed}" if listed else str(record.content)
    return f"{record.label}:\n{record.value}" if record.value else ""


def _moment(occurred_at: datetime | None) -> tuple[bool, datetime]:
    return (False, _NEVER) if occurred_at is None else (True, occurred_at)
