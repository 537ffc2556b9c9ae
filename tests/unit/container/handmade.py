"""Knows how to write containers byte by byte, good and bad; shares no code with cogx."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Mapping
from pathlib import Path

from cogx.container import Container, ContainerWriter, open_container
from cogx.limits import Limits
from cogx.problems import Problem

BLOCK = 512
END = bytes(2 * BLOCK)
MANIFEST = b'{"version":"0.1"}'

Kept = dict[str, bytes]


def with_checksum(block: bytes, *, signed: bool = False) -> bytes:
    blank = block[:148] + b" " * 8 + block[156:]
    total = sum(byte - 256 if signed and byte > 127 else byte for byte in blank)
    return block[:148] + b"%06o\0 " % total + block[156:]


def header(
    name: bytes,
    size: int | bytes = 0,
    kind: bytes = b"0",
    *,
    magic: bytes = b"ustar\x0000",
    prefix: bytes = b"",
    link: bytes = b"",
    signed: bool = False,
) -> bytes:
    sized = size if isinstance(size, bytes) else b"%011o\0" % size
    block = (
        name.ljust(100, b"\0")
        + b"0000644\0" * 3
        + sized.ljust(12, b"\0")
        + b"00000000000\0"
        + b" " * 8
        + kind
        + link.ljust(100, b"\0")
        + magic.ljust(8, b"\0")
        + bytes(80)
        + prefix.ljust(155, b"\0")
    )
    return with_checksum(block.ljust(BLOCK, b"\0"), signed=signed)


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % BLOCK)


def entry(name: bytes, data: bytes = b"", kind: bytes = b"0", **extra: bytes) -> bytes:
    return header(name, len(data), kind, **extra) + padded(data)  # type: ignore[arg-type]


def pax(records: Mapping[bytes, bytes] | bytes, kind: bytes = b"x") -> bytes:
    return entry(
        b"PaxHeaders/x", records if isinstance(records, bytes) else records_of(records), kind
    )


def records_of(records: Mapping[bytes, bytes]) -> bytes:
    made = b""
    for key, value in records.items():
        body = b" " + key + b"=" + value + b"\n"
        length = len(body) + 1
        while len(b"%d" % length) + len(body) != length:
            length += 1
        made += b"%d" % length + body
    return made


def longname(name: bytes) -> bytes:
    return entry(b"././@LongLink", name + b"\0", b"L", magic=b"ustar  \0")


def tar(*entries: bytes, manifest: bool = True) -> bytes:
    first = entry(b"manifest.json", MANIFEST) if manifest else b""
    return first + b"".join(entries) + END


def raw_deflate(data: bytes, *, last: bool) -> bytes:
    made = zlib.compressobj(6, zlib.DEFLATED, -15)
    return made.compress(data) + made.flush(zlib.Z_FINISH if last else zlib.Z_FULL_FLUSH)


def gz(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def read(source: object, limits: Limits | None = None) -> tuple[Kept, list[Problem]]:
    found: list[Problem] = []
    with open_container(source, limits or Limits()) as container:  # type: ignore[arg-type]
        return collect(container, found), found


def collect(container: Container, found: list[Problem]) -> Kept:
    return {member.name: b"".join(member.chunks()) for member in container.members(found.append)}


def listing(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def codes(found: list[Problem]) -> list[str]:
    return [problem.code for problem in found]


FORMS = ["a.tar.gz", "a.TGZ", "a.tar.zst", "a.tar", "a"]
NOISE = os.urandom(700_001)
KEPT = {
    "manifest.json": MANIFEST,
    "permissions.json": b"{}",
    "nodes.jsonl": NOISE + bytes(2 << 20) + NOISE,
    "entities.jsonl": b"",
    "facts.jsonl": b"fact\n",
}


def fill(writer: ContainerWriter, kept: dict[str, bytes] = KEPT, cut: int = 1 << 16) -> None:
    for name in reversed(kept):
        if name == "manifest.json":
            continue
        for at in range(0, len(kept[name]) or 1, cut):
            writer.write(name, kept[name][at : at + cut])
    writer.publish(kept["manifest.json"])
