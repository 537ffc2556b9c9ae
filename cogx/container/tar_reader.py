"""Knows how entries follow each other in a tar stream: headers, extensions, data, the end.

Must never know about compression or disks. It refuses what two readers could understand in two
ways, and never holds more than one piece of data.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NoReturn

from cogx.container.contract import CHUNK_BYTES, Member
from cogx.container.findings import Findings
from cogx.container.names import Kind, MemberNames
from cogx.container.plain import PlainStream
from cogx.container.tar_header import (
    BLOCK_BYTES,
    ZERO_BLOCK,
    BadHeader,
    Header,
    decode_header,
    decode_pax,
    decode_pax_size,
    is_sparse_map_continued,
)

_REGULAR = (b"0", b"\0")
_WITHOUT_DATA = (b"1", b"2", b"3", b"4", b"5", b"6")
_EXTENSIONS = (b"x", b"g", b"L", b"K")


@dataclass(slots=True)
class _Extensions:
    """What extension headers say about the entry behind them."""

    seen: list[bytes] = field(default_factory=list)
    pax: dict[bytes, bytes] = field(default_factory=dict)
    longname: bytes | None = None


class TarReader:
    """Read one tar stream from its first to its last byte."""

    def __init__(self, plain: PlainStream, findings: Findings, *, compressed: bool) -> None:
        self._plain = plain
        self._findings = findings
        self._limits = findings.limits
        self._names = MemberNames(findings)
        self._compressed = compressed
        self._entries = 0
        self._total = 0
        self._left = 0

    def members(self) -> Iterator[Member]:
        """Yield the members that COGX defines; the stream is proven when this ends."""
        while (header := self._next_header()) is not None:
            kind = self._kind(header)
            name = self._names.admit(header.name, kind)
            self._left = header.size
            if name is not None:
                member = Member(name, header.size, self._data(name))
                yield member
                member.leave()
            self._pass_over(self._left, name)
            self._pass_over(-header.size % BLOCK_BYTES, name)
        self._prove_end()

    def _next_header(self) -> Header | None:
        extensions = _Extensions()
        while True:
            block = self._plain.gather(BLOCK_BYTES)
            if len(block) < BLOCK_BYTES:
                self._truncated("the tar ends without its two closing blocks")
            if block == ZERO_BLOCK:
                if extensions.seen:
                    self._corrupt("an extension header without an entry")
                return None
            try:
                header = decode_header(block)
                if header.kind not in _EXTENSIONS:
                    return self._complete(header, extensions)
                self._extend(header, extensions)
            except BadHeader as error:
                self._refuse(error)

    def _refuse(self, error: BadHeader) -> NoReturn:
        if self._compressed and not self._entries:
            message = "the compressed stream does not hold a tar"
            self._findings.fatal("container.unreadable", message, cause=error)
        self._findings.fatal("container.corrupt", str(error), cause=error)

    def _extend(self, header: Header, extensions: _Extensions) -> None:
        if header.size > self._limits.header_bytes:
            self._findings.limit("header_bytes", "bytes")
        if len(extensions.seen) >= self._limits.headers_in_a_row:
            self._findings.limit("headers_in_a_row", "extension headers")
        if header.kind != b"g" and header.kind in extensions.seen:
            raise BadHeader("two extension headers of one kind for one entry")
        extensions.seen.append(header.kind)
        padded = header.size + -header.size % BLOCK_BYTES
        data = self._plain.gather(padded)
        if len(data) < padded:
            self._truncated("the tar ends inside an extension header")
        data = data[: header.size]
        if header.kind == b"x":
            extensions.pax = decode_pax(data)
        elif header.kind == b"g":
            if not decode_pax(data).keys().isdisjoint((b"path", b"size")):
                raise BadHeader("a global pax header that names or sizes entries")
        elif header.kind == b"L":
            extensions.longname = data.removesuffix(b"\0")

    def _complete(self, header: Header, extensions: _Extensions) -> Header:
        pax = extensions.pax
        kind, size, name = header.kind, header.size, header.name
        if b"size" in pax:
            size = decode_pax_size(pax[b"size"], header)
        if extensions.longname is not None:
            name = extensions.longname
            if pax.get(b"path", name) != name:
                raise BadHeader("a pax and a GNU header that give one entry two names")
        name = pax.get(b"path", name)
        if any(key.startswith(b"GNU.sparse.") for key in pax):
            kind = b"S"
        elif header.continued:
            self._pass_sparse_map()
        if kind == b"\0" and name.endswith(b"/"):
            kind = b"5"
        if kind in _WITHOUT_DATA and size:
            raise BadHeader("a tar header that gives data to an entry without any")
        self._count(size)
        return Header(name, kind, size)

    def _pass_sparse_map(self) -> None:
        # The old GNU form continues its map in blocks between the header and the data.
        for _ in range(self._limits.header_bytes // BLOCK_BYTES):
            block = self._plain.gather(BLOCK_BYTES)
            if len(block) < BLOCK_BYTES:
                self._truncated("the tar ends inside a sparse file's map")
            if not is_sparse_map_continued(block):
                return
        self._findings.limit("header_bytes", "bytes")

    def _count(self, size: int) -> None:
        self._entries += 1
        self._total += size
        if self._entries > self._limits.members:
            self._findings.limit("members", "entries")
        if size > self._limits.member_bytes:
            self._findings.limit("member_bytes", "bytes")
        if self._total > self._limits.total_bytes:
            self._findings.limit("total_bytes", "bytes")

    @staticmethod
    def _kind(header: Header) -> Kind:
        if header.kind in _REGULAR:
            return Kind.REGULAR
        return Kind.DIRECTORY if header.kind == b"5" else Kind.OTHER

    def _data(self, name: str) -> Iterator[bytes]:
        while self._left:
            piece = self._plain.take(min(self._left, CHUNK_BYTES))
            if not piece:
                self._truncated("the tar ends inside a member", name)
            self._left -= len(piece)
            yield piece

    def _pass_over(self, amount: int, name: str | None) -> None:
        while amount:
            piece = self._plain.take(amount)
            if not piece:
                self._truncated("the tar ends inside an entry", name)
            amount -= len(piece)

    def _prove_end(self) -> None:
        # One zero block was read; a second one must follow, and then nothing but zeros.
        second = self._plain.gather(BLOCK_BYTES)
        if len(second) < BLOCK_BYTES and not second.strip(b"\0"):
            self._truncated("the tar ends without its two closing blocks")
        rest = second
        while rest:
            if rest.strip(b"\0"):
                message = "data stands behind the end of the tar"
                self._findings.fatal("container.trailing-data", message)
            rest = self._plain.take(CHUNK_BYTES)

    def _truncated(self, message: str, member: str | None = None) -> NoReturn:
        self._findings.fatal("container.truncated", message, member)

    def _corrupt(self, message: str) -> NoReturn:
        self._findings.fatal("container.corrupt", message)
