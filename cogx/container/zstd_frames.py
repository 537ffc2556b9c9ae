"""Knows the frame structure of a zstd stream: where frames begin, end, and how large a window is.

Must never know what the frames hold; decompression and checksums are the library's work, but
the library does not say that the last frame was cut off. Source: RFC 8878, section 3.1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from cogx.container.findings import Findings

MAGIC: Final = b"\x28\xb5\x2f\xfd"
_SKIPPABLE_TAIL: Final = b"\x2a\x4d\x18"
_CONTENT_SIZE_BYTES: Final = (0, 2, 4, 8)
_DICTIONARY_BYTES: Final = (0, 1, 2, 4)
_RLE, _RESERVED = 1, 3


def is_frame_magic(head: bytes) -> bool:
    """Tell whether bytes, at most four, begin a zstd frame, a skippable one included."""
    if MAGIC.startswith(head):
        return True
    return head[0] & 0xF0 == 0x50 and _SKIPPABLE_TAIL.startswith(head[1:])


class ZstdFrames:
    """Pass compressed bytes on while following their frames; a source for the library's reader."""

    def __init__(self, read: Callable[[], bytes], findings: Findings) -> None:
        self._read = read
        self._findings = findings
        self._head = bytearray()
        self._skip = 0
        self._want = 4
        self._step: Callable[[bytes], None] = self._on_magic
        self._frames = 0
        self._empty = 0
        self._checksum_bytes = 0
        self._descriptor = 0

    def read(self, _limit: int = -1) -> bytes:
        """Return the next compressed bytes, of any length; at the end demand a whole frame."""
        chunk = self._read()
        if chunk:
            self._follow(chunk)
        elif self._step != self._on_magic or self._head or self._skip:
            self._findings.fatal("container.truncated", "the zstd stream ends inside a frame")
        return chunk

    def _follow(self, chunk: bytes) -> None:
        at, end = 0, len(chunk)
        while at < end:
            if self._skip:
                passed = min(self._skip, end - at)
                self._skip -= passed
                at += passed
                continue
            piece = chunk[at : at + self._want - len(self._head)]
            at += len(piece)
            self._head += piece
            if len(self._head) == self._want:
                head = bytes(self._head)
                self._head.clear()
                self._step(head)
        if self._step == self._on_magic and not is_frame_magic(bytes(self._head)):
            # Told here, for the library stumbles over the first wrong byte already.
            self._refuse()

    def _expect(self, step: Callable[[bytes], None], want: int) -> None:
        self._step, self._want = step, want

    def _on_magic(self, head: bytes) -> None:
        if head == MAGIC:
            self._expect(self._on_descriptor, 1)
        elif is_frame_magic(head):
            self._count_empty()
            self._expect(self._on_skippable_size, 4)
        else:
            self._refuse()
        self._frames += 1

    def _refuse(self) -> None:
        if self._frames:
            self._findings.fatal("container.trailing-data", "data stands behind the zstd stream")
        self._findings.fatal("container.corrupt", "not a zstd frame")

    def _on_skippable_size(self, head: bytes) -> None:
        self._skip = int.from_bytes(head, "little")
        self._expect(self._on_magic, 4)

    def _on_descriptor(self, head: bytes) -> None:
        self._descriptor = head[0]
        self._checksum_bytes = 4 if head[0] & 0x04 else 0
        single = bool(head[0] & 0x20)
        content = _CONTENT_SIZE_BYTES[head[0] >> 6] or (1 if single else 0)
        want = (0 if single else 1) + _DICTIONARY_BYTES[head[0] & 3] + content
        self._expect(self._on_frame_header, want)

    def _on_frame_header(self, head: bytes) -> None:
        if self._descriptor & 0x20:
            content = head[_DICTIONARY_BYTES[self._descriptor & 3] :]
            window = int.from_bytes(content, "little") + (256 if len(content) == 2 else 0)
        else:
            base = 1 << (10 + (head[0] >> 3))
            window = base + (base >> 3) * (head[0] & 7)
        if window > 1 << self._findings.limits.zstd_window_log:
            self._findings.limit("zstd_window_log", "bits of window size")
        self._expect(self._on_block, 3)

    def _on_block(self, head: bytes) -> None:
        word = int.from_bytes(head, "little")
        kind, size = word >> 1 & 3, word >> 3
        if kind == _RESERVED:
            self._findings.fatal("container.corrupt", "a zstd block of an unknown kind")
        if size == 0:
            self._count_empty()
        self._skip = 1 if kind == _RLE else size
        if not word & 1:
            return
        if self._checksum_bytes:
            self._expect(self._on_checksum, 4)
        else:
            self._expect(self._on_magic, 4)

    def _on_checksum(self, _head: bytes) -> None:
        self._expect(self._on_magic, 4)

    def _count_empty(self) -> None:
        # Blocks that give nothing cost time here but no bytes there, so no ratio sees them.
        self._empty += 1
        if self._empty > self._findings.limits.members:
            self._findings.limit("members", "empty blocks")
