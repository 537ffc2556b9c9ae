"""Knows which entry of a container is which member: safe names, one place, no name twice.

Must never know where the entries come from. The same judge serves tarballs, directories and
memory, so that one archive means one thing in every form. Source: spec/format.md#member-names.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from enum import Enum, auto
from fnmatch import fnmatchcase
from typing import Final

from cogx.container.findings import Findings, shown
from cogx.format.layout import MEMBERS

_DRIVE: Final = re.compile(r"[A-Za-z]:")
_STAGED: Final = ".*.partial-*"
_LEFTOVERS: Final = ("*.partial", "*.tmp", _STAGED)


class Kind(Enum):
    """What an entry is; everything but regular files and directories is OTHER."""

    REGULAR = auto()
    DIRECTORY = auto()
    OTHER = auto()


def fold(name: str) -> str:
    """Return what two names share that one disk or another takes for the same."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


_FOLDED: Final = frozenset(fold(member) for member in MEMBERS)


def is_member_like(name: str) -> bool:
    """Tell whether a plain name is a member's, or one that some disk would take for it."""
    return fold(name) in _FOLDED


def is_leftover(name: str, *, directory: bool = False) -> bool:
    """Tell whether a plain name is a writer's temporary one; for directories only our own form."""
    patterns = (_STAGED,) if directory else _LEFTOVERS
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def name_fault(path: str, *, directory: bool = False) -> str | None:
    """Return what makes a path unsafe to create, None if nothing does."""
    return next(_faults(path, directory), None)


def _faults(path: str, directory: bool) -> Iterator[str]:
    if path.startswith("/"):
        yield "an absolute name"
    if not path or (path == "." and not directory):
        yield "an empty name"
    if "\\" in path:
        yield "a name with a backslash"
    if _DRIVE.match(path):
        yield "a name with a drive letter"
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in path):
        yield "a name with a control character"
    if ".." in path.split("/"):
        yield "a name that climbs out of its directory"
    if not directory and path.endswith(("/", "/.")):
        yield "a file whose name ends like a directory's"


class MemberNames:
    """Judge the entries of one pass, in the order in which they come.

    Holds every name once: at most as many as ``limits.members`` allows.
    """

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._place: list[str] | None = None
        self._seen: dict[str, str] = {}

    def admit(self, path: bytes | str, kind: Kind) -> str | None:
        """Return the member's name, or report why the entry is skipped and return None."""
        text = self._safe(path, directory=kind is Kind.DIRECTORY)
        if text is None:
            return None
        parts = [part for part in text.split("/") if part not in ("", ".")]
        if kind is Kind.DIRECTORY:
            if parts and is_member_like(parts[-1]):
                self._note("member.not-regular", "a directory in place of a member", text)
            return None
        if kind is Kind.OTHER:
            self._note("member.not-regular", "not a regular file", text)
            return None
        return self._admit_file(text, parts)

    def _safe(self, path: bytes | str, *, directory: bool) -> str | None:
        if isinstance(path, str):
            text = path
        else:
            try:
                text = path.decode()
            except UnicodeDecodeError:
                self._note("member.unsafe-name", "a name that is not UTF-8", repr(path)[2:-1])
                return None
        if len(path) > self._findings.limits.path_bytes:
            self._findings.limit("path_bytes", "bytes", shown(text))
        fault = name_fault(text, directory=directory)
        if fault:
            self._note("member.unsafe-name", fault, text)
            return None
        return text

    def _admit_file(self, text: str, parts: list[str]) -> str | None:
        name, place = parts[-1], parts[:-1]
        staged = any(is_leftover(part, directory=True) for part in place)
        if staged or not is_member_like(name):
            if self._stands_twice(text, "/".join(parts)):
                return None
            leftover = staged or is_leftover(name)
            code = "member.leftover" if leftover else "member.unknown"
            message = "a writer's temporary file" if leftover else "not a file that COGX defines"
            self._note(code, message, text)
            return None
        if name in MEMBERS:
            if len(place) > 1:
                self._note("container.layout", "deeper than one directory", text)
                return None
            if self._place is None:
                self._place = place
        if self._place is not None and place != self._place:
            self._note("container.layout", "members stand in more than one place", text)
            return None
        return self._once(text, name)

    def _once(self, text: str, name: str) -> str | None:
        if self._stands_twice(text, name):
            return None
        if name not in MEMBERS:
            meant = f"not a file that COGX defines; meant is {fold(name)}?"
            self._note("member.unknown", meant, text)
            return None
        return name

    def _stands_twice(self, text: str, name: str) -> bool:
        folded = fold(name)
        if folded not in self._seen:
            self._seen[folded] = text
            return False
        self._note("member.duplicate", f"the same name as {shown(self._seen[folded])}", text)
        return True

    def _note(self, code: str, message: str, path: str) -> None:
        self._findings.note(code, message, shown(path))
