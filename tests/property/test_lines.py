"""Laws of lines: one canonical text, and two readers, one quick and one exact, that agree."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cogx.archive.reading import RecordReader
from cogx.archive.value_types import ValueTypes
from cogx.codec import canonical
from cogx.codec.jsonl import iter_raw_blocks
from cogx.codec.lines import canonical_line, decode_block
from cogx.codec.strict import StrictLine, read_line
from cogx.codec.typed import Tagged, UnreadableValue, from_json, read_tagged, text_of, to_json
from cogx.format.layout import KINDS, MEMBER_OF_KIND
from cogx.format.records import AnyRecord
from cogx.limits import Limits
from cogx.testing.strategies import (
    any_records,
    json_values,
    properties,
    records,
    texts,
    typed_scalars,
    values,
)
from tests.property.sameness import same

KIND = st.sampled_from(KINDS)
Line = tuple[str, bytes]


def line_of(record: AnyRecord) -> Line:
    """Return a record's kind and a line of it in plain JSON, keys as they come."""
    if record.kind == "raw_node":
        return record.kind, json.dumps(record.properties).encode()
    return record.kind, json.dumps(record.model_dump(mode="json")).encode()


def as_cognee(record: AnyRecord) -> Line:
    """Return the line that cognee writes: nulls left out, empty containers not."""
    if record.kind == "raw_node":
        return record.kind, json.dumps(record.properties).encode()
    plain = record.model_dump(mode="json", exclude_none=True)
    return record.kind, json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode()


LINES = any_records(typed=False).map(line_of)


def exactly(kind: str, line: bytes, *, typed: bool = True) -> StrictLine | None:
    return read_line(kind, line, lambda *_: None, typed=typed, lenient=frozenset(), limits=Limits())


@st.composite
def dented(draw: st.DrawFn) -> Line:
    """Return lines that someone changed: bytes gone, doubled, exchanged, or others put in."""
    kind, line = draw(LINES)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(line)))
        new = draw(st.sampled_from(_DENTS) | st.binary(max_size=2))
        line = line[:at] + new + line[at + draw(st.integers(0, 3)) :]
    return kind, line.replace(b"\n", b" ")


_DENTS = (
    b"null", b"1", b"-0", b"1e400", b"1E5", b"NaN", b'"', b"{", b"}", b",", b'"kind":"fact",',
    b"\\ud800", b"\\u0000", b"\xff", b"\xef\xbb\xbf", b" ", b"[]", b'{"$cogx":"date"}', b"1.0",
    b'"external_id":"a",', b'"2026-01-02T03:04:05.1234567Z"', b"123456789012345678901234567890",
)  # fmt: skip


@given(json_values())
def test_canonical_json_reads_back(value: Any) -> None:
    assert same(json.loads(canonical.encode(value)), value)


@given(json_values())
def test_canonical_json_is_its_own_canonical_form(value: Any) -> None:
    text = canonical.encode(value)
    assert canonical.encode(json.loads(text)) == text


@given(st.dictionaries(texts(), json_values(), max_size=5), st.randoms(use_true_random=False))
def test_the_order_of_keys_is_nothing(value: dict[str, Any], random: Any) -> None:
    items = list(value.items())
    random.shuffle(items)
    assert canonical.encode(dict(items)) == canonical.encode(value)


@given(json_values(), json_values())
def test_different_values_have_different_texts(one: Any, other: Any) -> None:
    assert (canonical.encode(one) == canonical.encode(other)) == same(one, other)


@given(values())
def test_typed_values_come_back_from_their_tags(value: Any) -> None:
    assert same(from_json(to_json(value)), value)


@given(values())
def test_tagged_values_are_plain_json(value: Any) -> None:
    tagged = to_json(value)
    assert same(json.loads(json.dumps(tagged)), tagged)


@given(typed_scalars())
def test_a_typed_value_has_one_text(value: Any) -> None:
    tagged = to_json(value)
    assert text_of(read_tagged(tagged["$cogx"], tagged["value"])) == tagged["value"]


@given(json_values())
def test_any_json_is_a_typed_value_or_refused_as_one(value: Any) -> None:
    try:
        read = from_json(value)
    except UnreadableValue:
        return
    assert isinstance(read, Tagged) or same(from_json(to_json(read)), read)


@given(any_records(typed=False, unknown=False))
def test_the_quick_reader_takes_what_we_write(record: AnyRecord) -> None:
    kind, line = line_of(record)
    read = exactly(kind, line, typed=False)
    assert read is not None
    if b'"$cogx"' not in read.line:
        assert decode_block(kind, read.line + b"\n") is not None


@given(LINES | dented())
def test_the_quick_reader_agrees_with_the_exact_one(kind_and_line: Line) -> None:
    kind, line = kind_and_line
    quick = decode_block(kind, line + b"\n")
    if quick is None or b"$cogx" in line:
        return
    exact = exactly(kind, line)
    assert exact is not None
    assert quick[1] == exact.line + b"\n"


@given(LINES)
def test_a_canonical_line_is_its_own_canonical_form(kind_and_line: Line) -> None:
    kind, line = kind_and_line
    read = exactly(kind, line, typed=False)
    assert read is not None
    again = exactly(kind, read.line, typed=True)
    assert again is not None
    assert again.line == read.line


@given(any_records(typed=False, unknown=False))
def test_cognee_s_layout_is_the_same_record(record: AnyRecord) -> None:
    kind, ours = line_of(record)
    _, theirs = as_cognee(record)
    mine, other = exactly(kind, ours), exactly(kind, theirs)
    assert (mine and mine.line) == (other and other.line)


@given(KIND.flatmap(lambda kind: records(kind, typed=False, unknown=False)))
def test_cognee_s_layout_is_read_quickly(record: AnyRecord) -> None:
    kind, theirs = as_cognee(record)
    read = exactly(kind, theirs, typed=False)
    assert read is not None
    quick = decode_block(kind, theirs + b"\n")
    assert quick is None or quick[1] == read.line + b"\n" or b'"$cogx"' in theirs


@given(st.lists(LINES | dented(), max_size=6), KIND, st.booleans(), st.randoms())
def test_lines_are_read_alike_in_any_company(
    lines: list[Line], kind: str, typed: bool, random: Any
) -> None:
    """Read all in one block, and each alone: the records and refusals are the same."""
    text = [line for of, line in lines if of == kind]
    together = _read(kind, b"".join(line + b"\n" for line in text), typed=typed)
    alone: list[bytes] = []
    for line in text:
        alone += _read(kind, line + b"\n", typed=typed)
    assert together == alone


def _read(kind: str, data: bytes, *, typed: bool) -> list[bytes]:
    reader = RecordReader(lambda _: None, ValueTypes(), typed)
    blocks = reader.iter_blocks(kind, MEMBER_OF_KIND[kind], [data])
    return [line for block in blocks for line in block.lines]


@given(st.lists(LINES, max_size=6), KIND, st.booleans())
def test_the_second_pass_reads_what_the_first_proved(
    lines: list[Line], kind: str, typed: bool
) -> None:
    data = b"".join(line + b"\n" for of, line in lines if of == kind)
    proven = RecordReader(lambda _: None, ValueTypes(), typed, proving=True)
    quick = RecordReader(lambda _: None, ValueTypes(), typed, proving=False)
    first = [line for block in proven.iter_blocks(kind, "m", [data]) for line in block.lines]
    second = [
        canonical_line(record)
        for block in quick.iter_blocks(kind, "m", [data])
        for record in block.records
    ]
    assert second == first


@given(st.binary(max_size=60).map(lambda data: data.replace(b"a", b"\n")), st.data())
def test_chunks_do_not_show_in_the_lines(data: bytes, more: st.DataObject) -> None:
    cuts = sorted(more.draw(st.lists(st.integers(0, len(data)), max_size=6)))
    edges = [0, *cuts, len(data)]
    chunks = [data[a:b] for a, b in pairwise(edges)]
    limit = more.draw(st.integers(1, 12))
    assert _framed(chunks, limit) == _framed([data], limit)


def _framed(chunks: list[bytes], limit: int) -> tuple[list[tuple[int, bytes]], list[int]]:
    too_long: list[int] = []
    lines: list[tuple[int, bytes]] = []
    for block in iter_raw_blocks(chunks, limit, too_long.append):
        assert block.data.endswith(b"\n")
        lines += enumerate(block.data[:-1].split(b"\n"), block.first)
    return lines, too_long


@given(st.lists(properties(values()), max_size=6))
def test_declared_types_are_read_as_they_were_written(some: list[dict[str, Any]]) -> None:
    tagged = [to_json({f"p{key}": value for key, value in one.items()}) for one in some]
    types = ValueTypes()
    short = [types.shorten("entity", "T", one) for one in tagged]
    declared = ValueTypes(types.declared())
    assert [declared.expand("entity", "T", one) for one in short] == tagged
