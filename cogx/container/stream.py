"""Knows how compressed bytes become plain ones: detection, bounds, checks to the very end.

Must never know that the plain bytes are a tar.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final, Protocol, cast

from cogx.container.contract import CHUNK_BYTES
from cogx.container.findings import Findings
from cogx.container.resting import Resting
from cogx.container.zstd_frames import ZstdFrames, is_frame_magic

_INPUT_BYTES: Final = 128 << 10
_HEADER_BYTES: Final = 64 << 10
_TINY_BYTES: Final = 512


def detect_compression(head: bytes) -> str | None:
    """Return gz, zst, bz2 or xz if the first bytes say so."""
    if head.startswith(b"\x1f\x8b\x08"):
        return "gz"
    if len(head) >= 4 and is_frame_magic(head[:4]):
        return "zst"
    if head.startswith(b"BZh") and b"1" <= head[3:4] <= b"9":
        return "bz2"
    return "xz" if head.startswith(b"\xfd7zXZ\0") else None


class Intake:
    """The bytes at rest in reading order; counts what goes in and what comes out."""

    def __init__(self, resting: Resting, findings: Findings) -> None:
        self._resting = resting
        self._findings = findings
        self._free = findings.limits.ratio_free_bytes
        self._ratio = findings.limits.ratio
        self.consumed = 0
        self.produced = 0

    def read(self, limit: int = _INPUT_BYTES) -> bytes:
        """Return the next bytes, nothing at the end."""
        try:
            data = self._resting.read_at(self.consumed, limit)
        except OSError as error:
            message = f"cannot be read: {error.strerror}"
            self._findings.fatal("container.unreadable", message, cause=error)
        self.consumed += len(data)
        return data

    def count(self, amount: int) -> None:
        """Count plain bytes; refuse more of them than any honest archive gives."""
        self.produced += amount
        if self.produced > self._free and self.produced > self._ratio * self.consumed:
            self._findings.limit("ratio", "bytes out per byte in")


class _Decoder(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


@dataclass(frozen=True, slots=True)
class _Format:
    title: str
    magic: bytes
    fresh: Callable[[], _Decoder]
    faults: tuple[type[Exception], ...]


def iter_plain(intake: Intake, compression: str | None, findings: Findings) -> Iterator[bytes]:
    """Yield the plain bytes in non-empty pieces; ending normally means every check has passed.

    Cost: one input piece, one output piece and the format's window.
    """
    if compression is None:
        pieces = iter(lambda: intake.read(CHUNK_BYTES), b"")
    elif compression == "zst":
        pieces = _zstd(intake, findings)
    else:
        pieces = _concatenated(intake, _format(compression, findings), findings)
    for piece in pieces:
        intake.count(len(piece))
        yield piece


def _format(compression: str, findings: Findings) -> _Format:
    if compression == "gz":
        from isal import igzip_lib  # noqa: PLC0415 - loaded when needed

        def gzip_decoder() -> _Decoder:
            # This flag makes the library check both trailer words, CRC-32 and length.
            return igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)

        # The stubs call the exception class an instance of one.
        fault = cast("type[Exception]", igzip_lib.IsalError)
        return _Format("gzip", b"\x1f\x8b", gzip_decoder, (fault,))
    if compression == "bz2":
        import bz2  # noqa: PLC0415 - loaded when needed

        return _Format("bzip2", b"BZh", bz2.BZ2Decompressor, (OSError, ValueError))
    import lzma  # noqa: PLC0415 - loaded when needed

    memory_bytes = (1 << findings.limits.zstd_window_log) + (16 << 20)

    def xz_decoder() -> _Decoder:
        return lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=memory_bytes)

    return _Format("xz", b"\xfd7zXZ\0", xz_decoder, (lzma.LZMAError,))


def _concatenated(intake: Intake, form: _Format, findings: Findings) -> Iterator[bytes]:
    pending = intake.read()
    tiny = 0
    while pending:
        before = intake.produced
        rest = yield from _one_stream(intake, form, pending, findings)
        if intake.produced - before < _TINY_BYTES:
            # Streams without content cost time but no bytes, so no ratio sees them.
            tiny += 1
            if tiny > findings.limits.members:
                findings.limit("members", "tiny compressed streams")
        if len(rest) < _HEADER_BYTES:
            # A header that is split over two reads is not always checked right.
            rest += intake.read()
        pending = rest if rest.startswith(form.magic) else _padding(intake, form, rest, findings)


def _one_stream(
    intake: Intake, form: _Format, pending: bytes, findings: Findings
) -> Generator[bytes, None, bytes]:
    decoder = form.fresh()
    while not decoder.eof:
        given = b""
        if decoder.needs_input:
            given, pending = pending or intake.read(), b""
            if not given:
                message = f"the {form.title} stream ends before its end mark"
                findings.fatal("container.truncated", message)
        try:
            piece = decoder.decompress(given, CHUNK_BYTES)
        except form.faults as error:
            message = f"the {form.title} stream is damaged: {error}"
            findings.fatal("container.corrupt", message, cause=error)
        if piece:
            yield piece
    return decoder.unused_data


def _padding(intake: Intake, form: _Format, rest: bytes, findings: Findings) -> bytes:
    while rest:
        if rest.strip(b"\0"):
            message = f"data stands behind the {form.title} stream"
            findings.fatal("container.trailing-data", message)
        rest = intake.read()
    return b""


def _zstd(intake: Intake, findings: Findings) -> Iterator[bytes]:
    import zstandard  # noqa: PLC0415 - loaded when needed

    frames = ZstdFrames(intake.read, findings)
    window_bytes = 1 << min(findings.limits.zstd_window_log, 31)
    decoder = zstandard.ZstdDecompressor(max_window_size=window_bytes)
    reader = decoder.stream_reader(
        cast("BinaryIO", frames), read_size=_INPUT_BYTES, read_across_frames=True
    )
    while True:
        try:
            piece = reader.read(CHUNK_BYTES)
        except zstandard.ZstdError as error:
            message = f"the zstd stream is damaged: {error}"
            findings.fatal("container.corrupt", message, cause=error)
        if not piece:
            return
        yield piece
