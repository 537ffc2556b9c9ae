"""Knows how to read a directory as named members without following a link or waiting for a pipe.

Must never know how to write, nor what tar is.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Self

from cogx.container.contract import CHUNK_BYTES, Member, Report
from cogx.container.findings import Findings, shown
from cogx.container.names import Kind, MemberNames, is_leftover, is_member_like
from cogx.container.order import laid_out
from cogx.errors import ArchiveError, UsageError
from cogx.format.layout import MEMBERS
from cogx.limits import Limits

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_DEPTH: Final = 2
"""Members may stand one directory deep; one level more is looked at to say that they must not."""


@dataclass(frozen=True, slots=True)
class _Entry:
    path: str
    kind: Kind


class DirectoryContainer:
    """A directory that is, or whose only subdirectory is, an archive.

    See :class:`Container` for the promises. The directory itself may be reached through a link,
    since the user named it; nothing inside it may be one.
    """

    form = "directory"

    def __init__(self, path: str, limits: Limits) -> None:
        self.name = path
        self._limits = limits
        self._folder = os.open(path, _FOLDER)
        self._position = 0
        self.size = self._measure()

    def position(self) -> int:
        """Return how many bytes the newest pass has handed out."""
        return self._position

    def members(self, report: Report) -> Iterator[Member]:
        """Start a fresh pass, manifest first; see :meth:`Container.members`."""
        if self._folder < 0:
            raise UsageError(f"{self.name}: the container is closed.")
        findings = Findings(self.name, self._limits, report)
        self._position = total = 0
        paths = self._paths(findings)
        for name in laid_out(paths):
            with self._opened(paths[name], findings) as file:
                if file is None:
                    continue
                size = os.fstat(file).st_size
                total += size
                if size > self._limits.member_bytes:
                    findings.limit("member_bytes", "bytes", name)
                if total > self._limits.total_bytes:
                    findings.limit("total_bytes", "bytes", name)
                member = Member(name, size, self._chunks(file, name, size, findings))
                yield member
                member.leave()

    def _paths(self, findings: Findings) -> dict[str, str]:
        names = MemberNames(findings)
        admitted = {}
        for entry in self._survey(self._folder, "", 0, findings):
            name = names.admit(os.fsencode(entry.path), entry.kind)
            if name is not None:
                admitted[name] = entry.path
        return admitted

    def _survey(self, folder: int, prefix: str, depth: int, findings: Findings) -> list[_Entry]:
        with os.scandir(folder) as scan:
            # Real members first, so that of two colliding names the right one is read.
            listed = sorted(scan, key=lambda entry: (entry.name not in MEMBERS, entry.name))
        if len(listed) > self._limits.members:
            findings.limit("members", "entries")
        found = []
        deeper = []
        for entry in listed:
            if not entry.is_dir(follow_symlinks=False):
                regular = entry.is_file(follow_symlinks=False)
                found.append(_Entry(prefix + entry.name, Kind.REGULAR if regular else Kind.OTHER))
            elif is_member_like(entry.name) or depth == _DEPTH:
                found.append(_Entry(prefix + entry.name, Kind.DIRECTORY))
            else:
                deeper.append(entry.name)
        for name in deeper:
            found += self._survey_below(folder, prefix, name, depth, findings)
        return found

    def _survey_below(
        self, folder: int, prefix: str, name: str, depth: int, findings: Findings
    ) -> list[_Entry]:
        path = prefix + name
        if is_leftover(name, directory=True):
            # A writer died here: what it left may look whole, but nobody said that it is.
            findings.note("member.leftover", "a writer's temporary directory", shown(path))
            return []
        below = self._open(name, _FOLDER | os.O_NOFOLLOW, folder, path, findings)
        try:
            found = self._survey(below, path + "/", depth + 1, findings)
        finally:
            os.close(below)
        if any(is_member_like(entry.path.rpartition("/")[2]) for entry in found):
            return found
        if depth == 0:
            findings.note("member.unknown", "a directory without members", shown(path))
        return []

    def _open(self, name: str, flags: int, folder: int, path: str, findings: Findings) -> int:
        try:
            return os.open(name, flags, dir_fd=folder)
        except OSError as error:
            message = f"cannot be opened: {error.strerror}"
            findings.fatal("container.unreadable", message, shown(path), error)

    @contextmanager
    def _opened(self, path: str, findings: Findings) -> Iterator[int | None]:
        """Give a descriptor that is proven to be a regular file's, None if it is not."""
        wrapper, _, name = path.rpartition("/")
        folder = self._folder
        if wrapper:
            folder = self._open(wrapper, _FOLDER | os.O_NOFOLLOW, folder, wrapper, findings)
        try:
            file = self._open(name, _FILE, folder, path, findings)
        finally:
            if wrapper:
                os.close(folder)
        try:
            regular = stat.S_ISREG(os.fstat(file).st_mode)
            if not regular:
                findings.note("member.not-regular", "not a regular file", shown(path))
            yield file if regular else None
        finally:
            os.close(file)

    def _chunks(self, file: int, name: str, size: int, findings: Findings) -> Iterator[bytes]:
        left = size
        while left:
            piece = self._read(file, min(left, CHUNK_BYTES), name, findings)
            if not piece:
                findings.fatal("container.corrupt", "the file shrank while it was read", name)
            left -= len(piece)
            self._position += len(piece)
            yield piece
        if self._read(file, 1, name, findings):
            findings.fatal("container.corrupt", "the file grew while it was read", name)

    @staticmethod
    def _read(file: int, limit: int, name: str, findings: Findings) -> bytes:
        try:
            return os.read(file, limit)
        except OSError as error:
            findings.fatal("container.unreadable", f"cannot be read: {error.strerror}", name, error)

    def _measure(self) -> int | None:
        silent = Findings(self.name, self._limits, lambda _problem: None)
        try:
            paths = self._paths(silent).values()
            return sum(
                os.stat(path, dir_fd=self._folder, follow_symlinks=False).st_size for path in paths
            )
        except (ArchiveError, OSError):
            return None

    def close(self) -> None:
        """Close the directory; twice is fine."""
        folder, self._folder = self._folder, -1
        if folder >= 0:
            os.close(folder)

    def __del__(self) -> None:
        self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
