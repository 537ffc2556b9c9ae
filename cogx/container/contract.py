"""Knows what a container of named byte members promises, for reading and for writing.

Must never know a file format, a path or what the members mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, Protocol, Self

from cogx.errors import UsageError
from cogx.problems import Problem

CHUNK_BYTES: Final = 1 << 17
"""Members are handed out, and spooled, in pieces of at most this many bytes."""

Report = Callable[[Problem], None]
"""Hears about each finding while a pass goes on."""


class Member:
    """One member that COGX defines, while a pass stands at it.

    ``name`` is one of ``layout.MEMBERS``, without wrapper directory; ``size`` is in bytes.
    """

    __slots__ = ("_chunks", "_left", "_taken", "name", "size")

    def __init__(self, name: str, size: int, chunks: Iterator[bytes]) -> None:
        self.name = name
        self.size = size
        self._chunks = chunks
        self._taken = False
        self._left = False

    def chunks(self) -> Iterator[bytes]:
        """Yield the member's bytes once, in order.

        What the caller leaves unread is skipped, and still proven, by the pass.

        Yields:
            Non-empty pieces of at most ``CHUNK_BYTES``.

        Raises:
            DamagedArchive: Bytes are missing or changed. A retry does not help.
            LimitExceeded: A bound on sizes was passed.
            UsageError: The member was read before, or the pass has moved on.

        """
        if self._taken:
            raise UsageError(f"{self.name}: a member can be read once per pass.")
        self._taken = True
        return self._guarded()

    def leave(self) -> None:
        """Hear from the container that its pass has moved on: what is unread stays unread."""
        self._left = True

    def _guarded(self) -> Iterator[bytes]:
        while True:
            if self._left:
                raise UsageError(f"{self.name}: the pass has moved on; read members in turn.")
            chunk = next(self._chunks, b"")
            if not chunk:
                return
            yield chunk


class Container(Protocol):
    """Named byte members at rest: a directory, a tarball, or memory.

    ``form`` is ``"tar.gz"``, ``"tar.zst"``, ``"tar"``, ``"tar.bz2"``, ``"tar.xz"``,
    ``"directory"`` or ``"memory"``; ``name`` is how messages call it; ``size`` is in bytes
    as they lie on disk, None if unknown.
    """

    @property
    def form(self) -> str:
        """Return the kind of container."""

    @property
    def name(self) -> str:
        """Return how messages name it."""

    @property
    def size(self) -> int | None:
        """Return the bytes at rest."""

    def position(self) -> int:
        """Return how many of ``size`` bytes the current pass has consumed."""

    def members(self, report: Report) -> Iterator[Member]:
        """Start a fresh pass and yield the members that COGX defines, in the container's order.

        The container is proven only when the iterator ends. Findings that harm one entry are
        reported and that entry is skipped; fatal damage is reported and raised.

        Raises:
            DamagedArchive: container.truncated, container.corrupt, container.trailing-data.
            LimitExceeded: container.limit.
            InvalidArchive: container.unreadable.

        Cost: one pass over the bytes; memory is flat.

        """

    def close(self) -> None:
        """Give back what opening took; calling it twice is fine."""

    def __enter__(self) -> Self:
        """Return the container itself."""

    def __exit__(self, *_: object) -> None:
        """Close."""


class ContainerWriter(Protocol):
    """Named byte members in the making; nothing stands under the final name before publish."""

    def write(self, name: str, data: bytes) -> None:
        """Append to a member; any number of members may be open at once.

        Raises:
            BadSetting: A name that no container can hold.
            OutputError: The bytes could not be kept; nothing stays behind.

        """

    def publish(self, manifest: bytes) -> None:
        """Lay out the manifest first, then all members, and give the result its final name.

        Raises:
            AlreadyThere: The target appeared meanwhile, and ``force`` is off.
            OutputError: The bytes could not be written; nothing stays behind.

        """

    def abort(self) -> None:
        """Leave nothing behind; after publish, or a second time, it does nothing."""
