"""Knows containers that are a mapping of member names to bytes, for reading and for writing.

Must never know about disks or compression.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import Self

from cogx.container.contract import CHUNK_BYTES, Member, Report
from cogx.container.findings import Findings
from cogx.container.names import Kind, MemberNames
from cogx.container.order import checked_name, laid_out
from cogx.errors import AlreadyThere
from cogx.format.layout import MANIFEST
from cogx.limits import Limits


class MemoryContainer:
    """Members in a mapping, read in its order. See :class:`Container` for the promises."""

    form = "memory"
    name = "<memory>"

    def __init__(self, members: Mapping[str, bytes], limits: Limits) -> None:
        self._members = members
        self._limits = limits
        self._position = 0

    @property
    def size(self) -> int | None:
        """Return the bytes of all entries."""
        return sum(len(data) for data in self._members.values())

    def position(self) -> int:
        """Return how many bytes the newest pass has handed out."""
        return self._position

    def members(self, report: Report) -> Iterator[Member]:
        """Start a fresh pass; see :meth:`Container.members`."""
        findings = Findings(self.name, self._limits, report)
        names = MemberNames(findings)
        self._position = total = 0
        if len(self._members) > self._limits.members:
            findings.limit("members", "entries")
        for path, data in list(self._members.items()):
            total += len(data)
            if len(data) > self._limits.member_bytes:
                findings.limit("member_bytes", "bytes", path)
            if total > self._limits.total_bytes:
                findings.limit("total_bytes", "bytes", path)
            name = names.admit(path, Kind.REGULAR)
            if name is not None:
                member = Member(name, len(data), self._chunks(data))
                yield member
                member.leave()

    def _chunks(self, data: bytes) -> Iterator[bytes]:
        view = memoryview(data)
        for at in range(0, len(data), CHUNK_BYTES):
            piece = bytes(view[at : at + CHUNK_BYTES])
            self._position += len(piece)
            yield piece

    def close(self) -> None:
        """Do nothing; the mapping belongs to the caller."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class MemoryWriter:
    """Fill a mapping at publish. See :class:`ContainerWriter` for the promises."""

    def __init__(self, target: MutableMapping[str, bytes], *, force: bool) -> None:
        if target and not force:
            raise AlreadyThere("The mapping holds entries already; pass an empty one or force.")
        self._target = target
        self._force = force
        self._members: dict[str, bytearray] = {}

    def write(self, name: str, data: bytes) -> None:
        """Append to a member."""
        self._members.setdefault(checked_name(name), bytearray()).extend(data)

    def publish(self, manifest: bytes) -> None:
        """Put the manifest, then every member, into the mapping."""
        if self._target and not self._force:
            raise AlreadyThere("The mapping was filled meanwhile; pass an empty one or force.")
        self._target.clear()
        self._target[MANIFEST] = bytes(manifest)
        for name in laid_out(self._members):
            self._target[name] = bytes(self._members[name])
        self._members.clear()

    def abort(self) -> None:
        """Forget what was written."""
        self._members.clear()
