"""Knows how the bytes of one member become blocks of records; opens no container.

Blocks that the fast codec proves go through it whole; the others line by line; lines it
refuses through the exact reader, which names what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import KW_ONLY, dataclass, field, replace
from operator import attrgetter
from typing import Any, Final

from cogx.archive.value_types import FIELD_OF_KIND, ValueTypes, type_of
from cogx.codec.jsonl import RawBlock, iter_raw_blocks
from cogx.codec.lines import RawLine, canonical_line, decode_block, decode_records
from cogx.codec.strict import read_line
from cogx.codec.strict_json import nesting_depth
from cogx.codec.typed import UnreadableValue, from_json
from cogx.limits import Limits
from cogx.problems import Problem

_TAG: Final = b'"$cogx"'


@dataclass(slots=True)
class Block:
    """Some records of one member, in order.

    ``records`` have the attributes of the kind's model; typed values in them are tagged
    inline, declared ones too (``tagged`` says whether there may be any). ``numbers`` are the
    lines they stand on, from 1. ``refused`` counts lines of this stretch that could not become
    records; ``canonical`` tells whether the lines were found to be their own canonical form.
    """

    kind: str
    member: str
    records: list[Any]
    known_lines: list[bytes] | None
    numbers: range | list[int]
    tagged: bool = False
    refused: int = 0
    canonical: bool = False

    @property
    def lines(self) -> list[bytes]:
        """Return the records' canonical JSON, without LF."""
        if self.known_lines is None:
            self.known_lines = [canonical_line(record) for record in self.records]
        return self.known_lines

    def ids(self) -> list[str]:
        """Return the id of every record: external_id, or a raw node's id."""
        if self.kind == "raw_node":
            return [record.properties["id"] for record in self.records]
        return [record.external_id for record in self.records]


@dataclass(frozen=True, slots=True)
class RecordReader:
    """Reads members of one archive under one set of rules.

    ``typed`` tells whether ``$cogx`` tags mean typed values (the manifest has our key); else
    they are plain data and come out wrapped. With ``proving`` every line is also held against
    its canonical form, which shows what decoding passes over (one key twice).
    """

    report: Callable[[Problem], None]
    types: ValueTypes
    typed: bool
    _: KW_ONLY
    proving: bool = True
    lenient: frozenset[str] = frozenset()
    limits: Limits = field(default_factory=Limits)

    def iter_blocks(self, kind: str, member: str, chunks: Iterable[bytes]) -> Iterator[Block]:
        """Yield the records of a member, in order; lines that cannot be read are reported.

        Cost: one block at a time, about a MiB of lines.
        """
        passed_over = 0

        def too_long(number: int) -> None:
            nonlocal passed_over
            passed_over += 1
            message = f"longer than {self.limits.line_bytes:,} bytes"
            self.report(Problem("line.too-long", message, member, number))

        for raw in iter_raw_blocks(chunks, self.limits.line_bytes, too_long):
            block = self._fast(kind, member, raw) or self._line_by_line(kind, member, raw)
            yield self._expanded(block) if self.types.concern(kind) else block
        if passed_over:
            yield Block(kind, member, [], [], [], refused=passed_over)

    def _fast(self, kind: str, member: str, raw: RawBlock) -> Block | None:
        # Looking for one byte first is ten times quicker than for the whole tag.
        if b"$" in raw.data and _TAG in raw.data:
            return None
        if self.proving:
            return self._proven(kind, member, raw)
        if b"\\" in raw.data and b"\\u0024" in raw.data:  # a dollar sign in disguise
            return None
        records = decode_records(kind, raw.data)
        if records is None or len(records) != raw.lines:
            return None
        return Block(kind, member, records, None, range(raw.first, raw.first + len(records)))

    def _proven(self, kind: str, member: str, raw: RawBlock) -> Block | None:
        if b"\\" in raw.data and b"\\u0000" in raw.data:
            return None
        decoded = decode_block(kind, raw.data)
        if decoded is None:
            return None
        records, canonical = decoded
        lines = canonical.split(b"\n")
        lines.pop()
        count = len(records)
        if not count == len(lines) == raw.lines or self._too_much(kind, records, canonical, lines):
            return None
        numbers = range(raw.first, raw.first + count)
        return Block(kind, member, records, lines, numbers, canonical=canonical == raw.data)

    def _too_much(
        self, kind: str, records: list[Any], canonical: bytes, lines: list[bytes]
    ) -> bool:
        """Tell whether a line passes a limit that the fast codec does not know."""
        depth, digits = self.limits.depth, self.limits.digits
        if kind != "raw_node" and not any(map(attrgetter("metadata"), records)):
            # Only free-form fields can be deep or hold long numbers.
            free = "attributes" if kind == "entity" else "metadata"
            if free == "metadata" or not any(map(attrgetter(free), records)):
                return False
        brackets = canonical.count(b"{") + canonical.count(b"[")
        if brackets > len(lines) + depth and any(nesting_depth(line) > depth for line in lines):
            return True
        return max(map(len, lines)) > digits and any(
            re.search(rb"(?<![0-9])[0-9]{%d}" % (digits + 1), line)
            for line in lines
            if len(line) > digits
        )

    def _line_by_line(self, kind: str, member: str, raw: RawBlock) -> Block:
        lines: list[bytes] = []
        numbers: list[int] = []
        block = Block(kind, member, [], lines, numbers, _TAG in raw.data)
        for number, line in enumerate(raw.data[:-1].split(b"\n"), raw.first):
            line = line.strip(b" \t\r")
            if not line:
                continue
            one = self._fast(kind, member, RawBlock(number, line + b"\n", 1))
            if one is None:
                one = self._exact(kind, member, number, line)
            if one is None:
                block.refused += 1
            else:
                block.records += one.records
                lines += one.lines
                numbers.append(number)
                block.tagged |= one.tagged
        block.canonical = b"\n".join((*lines, b"")) == raw.data
        return block

    def _exact(self, kind: str, member: str, number: int, line: bytes) -> Block | None:
        def report(code: str, message: str, field: str | None) -> None:
            self.report(Problem(code, message, member, number, field))

        read = read_line(
            kind, line, report, typed=self.typed, lenient=self.lenient, limits=self.limits
        )
        if read is None:
            return None
        return Block(kind, member, [read.record], [read.line], [number], _TAG in read.line)

    def _expanded(self, block: Block) -> Block:
        """Write declared values inline in the records they concern; refuse unreadable ones."""
        field = FIELD_OF_KIND[block.kind]
        lines: list[bytes] = []
        numbers: list[int] = []
        whole = replace(block, records=[], known_lines=lines, numbers=numbers, tagged=True)
        for record, line, number in zip(block.records, block.lines, block.numbers, strict=True):
            before = getattr(record, field)
            after = self.types.expand(block.kind, type_of(block.kind, record), before)
            if after != before:
                try:
                    for value in after.values():
                        from_json(value)
                except UnreadableValue as error:
                    self.report(Problem("typed.value", str(error), block.member, number, field))
                    whole.refused += 1
                    continue
                record = with_properties(record, field, after)
                line = canonical_line(record)
            whole.records.append(record)
            lines.append(line)
            numbers.append(number)
        return whole


def with_properties(record: Any, field: str, properties: dict[str, Any]) -> Any:
    """Return a record whose properties are others; hot-path records are changed in place."""
    if isinstance(record, RawLine):
        return RawLine(properties)
    setattr(record, field, properties)
    return record
