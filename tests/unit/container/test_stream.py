"""Compressed streams: every damage is noticed, every legal form is read, every bomb is refused."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from cogx.container import open_container
from cogx.errors import ArchiveError, DamagedArchive, LimitExceeded, Truncated
from cogx.limits import Limits
from cogx.problems import Problem
from tests.unit.memory import PEAK

from .handmade import MANIFEST, codes, entry, gz, header, raw_deflate, read, tar

DATA = tar(entry(b"facts.jsonl", b"".join(b"line %d\n" % number for number in range(300))))
KEPT = read(DATA)[0]
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
SKIPPABLE = b"\x5a\x2a\x4d\x18\x05\0\0\0abcde"


def zst(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=3, write_checksum=True).compress(data)


def unsized_zst(data: bytes) -> bytes:
    frame = zstandard.ZstdCompressor(level=3, write_checksum=True).compressobj()
    return frame.compress(data) + frame.flush()


def halves(pack: Callable[[bytes], bytes]) -> bytes:
    return pack(DATA[:700]) + pack(DATA[700:])


@pytest.mark.parametrize(
    ("source", "form"),
    [
        (DATA, "tar"),
        (gz(DATA), "tar.gz"),
        (halves(gz), "tar.gz"),
        (gz(DATA) + gz(b""), "tar.gz"),
        (gz(DATA) + bytes(1000), "tar.gz"),
        (zst(DATA), "tar.zst"),
        (unsized_zst(DATA), "tar.zst"),
        (halves(zst), "tar.zst"),
        (zst(DATA[:9]) + zst(b"") + SKIPPABLE * 3 + unsized_zst(b"") + zst(DATA[9:]), "tar.zst"),
        (SKIPPABLE + zst(DATA) + SKIPPABLE, "tar.zst"),
        (bz2.compress(DATA), "tar.bz2"),
        (halves(bz2.compress), "tar.bz2"),
        (lzma.compress(DATA), "tar.xz"),
        (halves(lzma.compress), "tar.xz"),
        (lzma.compress(DATA) + bytes(8), "tar.xz"),
    ],
)
def test_every_form_is_told_by_content_and_read_to_its_end(source: bytes, form: str) -> None:
    with open_container(source) as container:
        assert container.form == form
        assert container.size == len(source)
    assert read(source) == (KEPT, [])


def test_gzip_headers_with_every_optional_field_are_read() -> None:
    body = gz(DATA)[10:]
    fields = b"\x03\0abc" + b"name.tar\0" + b"comment\0"
    start = b"\x1f\x8b\x08\x1e" + bytes(6) + fields
    start += (zlib.crc32(start) & 0xFFFF).to_bytes(2, "little")
    assert read(start + body) == (KEPT, [])
    assert read(gz(b"") + start + body) == (KEPT, [])


@pytest.mark.parametrize("pack", [gz, zst, unsized_zst, bz2.compress, lzma.compress])
def test_a_stream_cut_off_at_any_byte_is_refused(pack: Callable[[bytes], bytes]) -> None:
    source = pack(DATA)
    for length in range(len(source)):
        with pytest.raises(ArchiveError):
            read(source[:length])
    found: list[Problem] = []
    with open_container(source[:-1]) as container, pytest.raises(Truncated):
        for member in container.members(found.append):
            list(member.chunks())
    assert codes(found) == ["container.truncated"]


@pytest.mark.parametrize("pack", [gz, zst, unsized_zst])
def test_a_flipped_bit_is_refused_or_changes_nothing(pack: Callable[[bytes], bytes]) -> None:
    source = pack(DATA)
    unnoticed = 0
    for bit in range(len(source) * 8):
        flipped = bytearray(source)
        flipped[bit // 8] ^= 1 << bit % 8
        try:
            kept, found = read(bytes(flipped))
        except ArchiveError:
            continue
        unnoticed += 1
        assert (kept, found) == (KEPT, [])
    assert unnoticed < 80


@pytest.mark.parametrize("at", [-1, -5])
def test_a_wrong_gzip_trailer_far_behind_the_tar_is_noticed(at: int) -> None:
    source = bytearray(gz(DATA + bytes(5_000_000)))
    source[at] ^= 1
    with pytest.raises(DamagedArchive, match="damaged"):
        read(bytes(source))


@pytest.mark.parametrize("pack", [gz, zst, bz2.compress, lzma.compress])
@pytest.mark.parametrize("tail", [b"x", b"garbage" * 50, b"PK\x03\x04" + bytes(200_000)])
def test_data_behind_the_stream_is_refused(pack: Callable[[bytes], bytes], tail: bytes) -> None:
    found: list[Problem] = []
    with open_container(pack(DATA) + tail) as container, pytest.raises(DamagedArchive):
        for member in container.members(found.append):
            list(member.chunks())
    assert codes(found) in (["container.trailing-data"], ["container.truncated"])


def test_garbage_behind_zero_padding_of_a_gzip_stream_is_refused() -> None:
    with pytest.raises(DamagedArchive, match="behind"):
        read(gz(DATA) + bytes(500_000) + b"x")


@pytest.mark.parametrize("pack", [gz, zst])
def test_a_compressed_file_that_is_no_tar_is_no_container(pack: Callable[[bytes], bytes]) -> None:
    found: list[Problem] = []
    with (
        open_container(pack(b'{"a": 1}\n' * 200)) as container,
        pytest.raises(ArchiveError, match="not hold a tar"),
    ):
        list(container.members(found.append))
    assert codes(found) == ["container.unreadable"]


def test_nothing_is_unpacked_twice() -> None:
    with pytest.raises(ArchiveError):
        read(gz(gz(DATA * 3)))


def zero_bomb(mib: int) -> bytes:
    """Return a sound .tar.gz of one member of so many MiB of zeros."""
    block = bytes(16 << 20)
    part = raw_deflate(block, last=False)
    start = entry(b"manifest.json", MANIFEST) + header(b"facts.jsonl", mib << 20)
    crc = zlib.crc32(start)
    for _ in range(mib // 16):
        crc = zlib.crc32(block, crc)
    crc = zlib.crc32(bytes(1024), crc)
    size = (len(start) + (mib << 20) + 1024) & 0xFFFF_FFFF
    parts = (
        raw_deflate(start, last=False) + part * (mib // 16) + raw_deflate(bytes(1024), last=True)
    )
    trailer = crc.to_bytes(4, "little") + size.to_bytes(4, "little")
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + parts + trailer


def zero_bomb_zst(mib: int) -> bytes:
    start = entry(b"manifest.json", MANIFEST) + header(b"facts.jsonl", mib << 20)
    return zst(start) + zst(bytes(16 << 20)) * (mib // 16) + zst(bytes(1024))


@pytest.mark.parametrize("bomb", [zero_bomb, zero_bomb_zst])
def test_a_bomb_is_refused_before_it_costs_anything(bomb: Callable[[int], bytes]) -> None:
    source = bomb(512)
    began = time.perf_counter()
    with pytest.raises(LimitExceeded, match="ratio"):
        read(source)
    assert time.perf_counter() - began < 5


def test_what_is_small_needs_no_justification() -> None:
    assert len(read(gz(tar(entry(b"facts.jsonl", bytes(32 << 20)))))[0]["facts.jsonl"]) == 32 << 20


FLAT = """
import resource, sys
sys.path[:0] = sys.argv[3:]
from cogx.container import open_container
from cogx.limits import Limits
limits = Limits.none() if sys.argv[2] == "none" else Limits()
import isal.igzip_lib, zstandard
resource.setrlimit(resource.RLIMIT_AS, (600 << 20, 600 << 20))
before = peak()
total = 0
try:
    with open_container(sys.argv[1], limits) as container:
        for member in container.members(print):
            for chunk in member.chunks():
                total += len(chunk)
except Exception as error:
    print(type(error).__name__)
print(total >> 20, (peak() - before) >> 10)
"""


@pytest.mark.parametrize("bomb", [zero_bomb, zero_bomb_zst])
def test_without_limits_a_bomb_streams_in_flat_memory(
    tmp_path: Path, bomb: Callable[[int], bytes]
) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(bomb(512))
    command = [sys.executable, "-c", PEAK + FLAT, str(path), "none", *sys.path]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    streamed_mib, grown_mib = map(int, answer.stdout.split())
    assert streamed_mib == 512
    assert grown_mib < 24


def test_a_zstd_window_above_the_limit_is_refused() -> None:
    settings = zstandard.ZstdCompressionParameters.from_level(3, window_log=28)
    frame = zstandard.ZstdCompressor(compression_params=settings).compressobj()
    source = frame.compress(DATA) + frame.flush()
    with pytest.raises(LimitExceeded, match="zstd_window_log"):
        read(source)
    assert read(source, Limits().replace("zstd_window_log", 28)) == (KEPT, [])
    with pytest.raises(LimitExceeded, match="zstd_window_log"):
        read(unsized_zst(DATA), Limits().replace("zstd_window_log", 10))


def test_empty_streams_and_blocks_without_end_are_refused() -> None:
    few = Limits().replace("members", 50)
    for source in (
        gz(b"") * 60 + gz(DATA),
        zst(b"") * 60 + zst(DATA),
        SKIPPABLE * 60 + zst(DATA),
        ZSTD_MAGIC + b"\0\x58" + bytes(3) * 60 + b"\x01\0\0" + zst(DATA),
    ):
        assert read(source) == (KEPT, [])
        with pytest.raises(LimitExceeded, match="members"):
            read(source, few)


@pytest.mark.parametrize("make", [gz, zst])
def test_garbage_with_a_good_beginning_only_ever_raises_archive_errors(
    make: Callable[[bytes], bytes],
) -> None:
    whole = make(DATA)
    for cut in range(4, len(whole), 7):
        with pytest.raises(ArchiveError):
            read(whole[:cut] + b"\xa5" * 300)


def test_the_first_bytes_of_a_pass_come_without_reading_the_whole_file(tmp_path: Path) -> None:
    noise = os.urandom(8 << 20)
    path = tmp_path / "a"
    path.write_bytes(gzip.compress(tar(entry(b"facts.jsonl", noise)), 1))
    with open_container(path) as container:
        next(container.members(print))
        assert 0 < container.position() < 1 << 20
