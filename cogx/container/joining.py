"""Knows how separately compressed members become one stream: gzip, zstd, or none at all.

Must never know where members are kept meanwhile, nor what a tar is.

gzip: every part is raw deflate that ends at a byte boundary, so the parts of one gzip member can
simply follow each other, and their CRC-32s combine. zstd: every part is a frame of its own.
Source: RFC 1951 section 3.2, RFC 1952, RFC 8878 section 3.
"""

from __future__ import annotations

from typing import Protocol

from cogx.errors import BadSetting

_GZIP_HEADER = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"


class Encoder(Protocol):
    """Compress one part piece by piece; the same pieces give the same bytes."""

    def encode(self, piece: bytes | memoryview) -> bytes:
        """Return what is ready of the part so far."""

    def end(self) -> bytes:
        """Return the rest, so that another part can follow."""

    @property
    def checksum(self) -> int:
        """Return the checksum of all pieces, 0 where the stream as a whole has none."""


class Joint(Protocol):
    """Make one stream of parts that were encoded apart."""

    def encoder(self) -> Encoder:
        """Return an encoder for one part."""

    def begin(self) -> bytes:
        """Return what stands before the first part."""

    def add(self, size: int, checksum: int) -> None:
        """Hear that a part of ``size`` plain bytes follows."""

    def end(self) -> bytes:
        """Return what stands behind the last part."""


class _Deflate:
    def __init__(self, level: int) -> None:
        from isal import isal_zlib  # noqa: PLC0415 - loaded when needed

        self._flush_mode = isal_zlib.Z_FULL_FLUSH
        self._crc32 = isal_zlib.crc32
        self._deflate = isal_zlib.compressobj(level, isal_zlib.DEFLATED, -15)
        self.checksum = 0

    def encode(self, piece: bytes | memoryview) -> bytes:
        self.checksum = self._crc32(piece, self.checksum)
        return self._deflate.compress(piece)

    def end(self) -> bytes:
        return self._deflate.flush(self._flush_mode)


class GzipJoint:
    """One gzip member without name or time."""

    def __init__(self, level: int | None) -> None:
        self._level = 1 if level is None else level
        if not 0 <= self._level <= 3:
            raise BadSetting(f"Compression level of gz must be 0 to 3, not {level}.")
        self._size = 0
        self._checksum = 0

    def encoder(self) -> Encoder:
        """Return an encoder of raw deflate."""
        return _Deflate(self._level)

    def begin(self) -> bytes:
        """Return the gzip header."""
        return _GZIP_HEADER

    def add(self, size: int, checksum: int) -> None:
        """Take the part into the length and the CRC-32."""
        from isal import isal_zlib  # noqa: PLC0415 - loaded when needed

        self._checksum = isal_zlib.crc32_combine(self._checksum, checksum, size)
        self._size += size

    def end(self) -> bytes:
        """Return an empty final block and the trailer."""
        length = self._size & 0xFFFF_FFFF
        return b"\x03\0" + self._checksum.to_bytes(4, "little") + length.to_bytes(4, "little")


class _Zstd:
    checksum = 0

    def __init__(self, level: int) -> None:
        import zstandard  # noqa: PLC0415 - loaded when needed

        compressor = zstandard.ZstdCompressor(level=level, write_checksum=True)
        self._frame = compressor.compressobj()

    def encode(self, piece: bytes | memoryview) -> bytes:
        return self._frame.compress(piece)

    def end(self) -> bytes:
        return self._frame.flush()


class ZstdJoint:
    """Independent frames, each with its checksum."""

    def __init__(self, level: int | None) -> None:
        self._level = 3 if level is None else level
        if not 1 <= self._level <= 19:
            raise BadSetting(f"Compression level of zst must be 1 to 19, not {level}.")

    def encoder(self) -> Encoder:
        """Return an encoder of one frame."""
        return _Zstd(self._level)

    def begin(self) -> bytes:
        """Return nothing: a frame needs nothing before it."""
        return b""

    def add(self, size: int, checksum: int) -> None:
        """Do nothing: each frame carries its own checksum."""

    def end(self) -> bytes:
        """Return nothing: a frame ends itself."""
        return b""


class _Plain:
    checksum = 0

    def encode(self, piece: bytes | memoryview) -> bytes:
        return bytes(piece)

    def end(self) -> bytes:
        return b""


class PlainJoint:
    """Bytes as they are."""

    def __init__(self, level: int | None) -> None:
        if level is not None:
            raise BadSetting("A plain tar has no compression level.")

    def encoder(self) -> Encoder:
        """Return an encoder that changes nothing."""
        return _Plain()

    def begin(self) -> bytes:
        """Return nothing."""
        return b""

    def add(self, size: int, checksum: int) -> None:
        """Do nothing."""

    def end(self) -> bytes:
        """Return nothing."""
        return b""


def make_joint(compression: str, level: int | None) -> Joint:
    """Return the joint for gz, zst or tar."""
    if compression == "gz":
        return GzipJoint(level)
    return ZstdJoint(level) if compression == "zst" else PlainJoint(level)
