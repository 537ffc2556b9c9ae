"""Knows how to read a tarball, compressed or not, as named members.

Must never know names of files on disk or how to write.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

from cogx.container.contract import Member, Report
from cogx.container.findings import Findings
from cogx.container.plain import PlainStream
from cogx.container.resting import Resting
from cogx.container.stream import Intake, detect_compression, iter_plain
from cogx.container.tar_header import BLOCK_BYTES, has_checksum
from cogx.container.tar_reader import TarReader
from cogx.errors import InvalidArchive, UsageError
from cogx.limits import Limits
from cogx.problems import CODES, Problem


class Tarball:
    """A tar, gzip, zstd, bzip2 or xz stream at rest. See :class:`Container` for the promises."""

    def __init__(self, resting: Resting, name: str, limits: Limits) -> None:
        self.name = name
        self._resting = resting
        self._limits = limits
        self._intake: Intake | None = None
        self._closed = False
        self._compression, self.form = self._detect()
        self.size: int | None = resting.size

    def _detect(self) -> tuple[str | None, str]:
        head = b""
        while piece := self._resting.read_at(len(head), BLOCK_BYTES - len(head)):
            head += piece
        compression = detect_compression(head)
        if compression:
            return compression, f"tar.{compression}"
        if has_checksum(head):
            return None, "tar"
        message = "not a tarball: neither compressed nor a tar header" if head else "empty"
        problem = Problem("container.unreadable", message)
        text = f"{self.name}: {message}. {CODES[problem.code].remedy}"
        raise InvalidArchive(text, [problem])

    def position(self) -> int:
        """Return how many bytes at rest the newest pass has consumed."""
        return self._intake.consumed if self._intake else 0

    def members(self, report: Report) -> Iterator[Member]:
        """Start a fresh pass; see :meth:`Container.members`."""
        if self._closed:
            raise UsageError(f"{self.name}: the container is closed.")
        findings = Findings(self.name, self._limits, report)
        self._intake = Intake(self._resting, findings)
        pieces = iter_plain(self._intake, self._compression, findings)
        compressed = self._compression is not None
        yield from TarReader(PlainStream(pieces), findings, compressed=compressed).members()
        if self._resting.changed():
            findings.fatal("container.corrupt", "the file was changed while it was being read")

    def close(self) -> None:
        """Close what opening opened; twice is fine."""
        self._closed = True
        self._resting.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
