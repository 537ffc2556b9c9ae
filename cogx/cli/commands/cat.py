"""Knows ``cogx cat``: lines of records, byte for byte as they stand in their members."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from cogx.cli.exit_codes import FINE
from cogx.cli.group import nearest
from cogx.cli.options import ARCHIVE, Reading, one_of, reading_options
from cogx.cli.streams import shown, source_of
from cogx.cli.terminal import binary, is_terminal, safe_json
from cogx.errors import BadSetting, DigestMismatch, InvalidArchive
from cogx.format.layout import KIND_OF_MEMBER, KINDS, MANIFEST, MEMBER_OF_KIND
from cogx.problems import Problem, Severity

if TYPE_CHECKING:
    from cogx.archive.reader import Archive
    from cogx.container import Member

_MANIFEST = "manifest"


@click.command("cat")
@click.argument("archive", metavar="ARCHIVE", type=ARCHIVE)
@click.argument("what", metavar="[KIND|ID]", required=False)
@click.argument("identity", metavar="[ID]", required=False)
@reading_options
@click.option("--json", expose_value=False, is_flag=True, help="Tell errors as JSON on stderr.")
def command(archive: str, what: str | None, identity: str | None, reading: Reading) -> int:
    """Print records as they stand on their lines.

    All of them, those of one KIND (raw_node, entity, document, episode, memory, memory_block,
    fact; or manifest), or those with one ID; KIND and ID together tell an ID from a kind.
    Lines are the archive's own, byte for byte; on a terminal, control characters are shown
    as JSON escapes. A line that is no record ends the output with exit code 1.
    """
    from cogx.archive.reader import open_archive

    kind, wanted = _chosen(what, identity)
    with open_archive(source_of(archive), lenient=reading.lenient, limits=reading.limits) as opened:
        if kind == _MANIFEST:
            _write(_manifest(opened))
            return FINE
        found = False
        for lines in _iter_lines(opened, kind, wanted):
            found = True
            _write(b"".join(line + b"\n" for line in lines))
    if wanted is not None and not found:
        hint = nearest(wanted, KINDS) if identity is None else ""
        raise BadSetting(f"{shown(archive)} has no record with the id {wanted!r}.{hint}")
    return FINE


def _chosen(what: str | None, identity: str | None) -> tuple[str | None, str | None]:
    """Return (kind, id), None for what was not asked for."""
    if identity is not None:
        assert what is not None
        return one_of("kind", what, KINDS), identity
    if what in KINDS or what == _MANIFEST or what is None:
        return what, None
    if what in ("permissions", "permissions.json"):
        raise BadSetting("permissions.json holds account secrets; no command shows them.")
    return KIND_OF_MEMBER.get(what, _MANIFEST if what == MANIFEST else None), (
        None if what in KIND_OF_MEMBER or what == MANIFEST else what
    )


def _manifest(archive: Archive) -> bytes:
    for member in archive.container.members(_ignore):
        if member.name == MANIFEST:
            return b"".join(member.chunks())
    return b""


def _iter_lines(archive: Archive, kind: str | None, wanted: str | None) -> Iterator[list[bytes]]:
    """Yield lines as they stand; every record is read as import reads it, each digest checked."""
    member_name = MEMBER_OF_KIND[kind] if kind else None
    for member in archive.container.members(_ignore):
        if member.name in KIND_OF_MEMBER and member_name in (None, member.name):
            yield from _Lines(archive, member).matching(wanted)


class _Lines:
    """The lines of one member, beside the records that stand on them."""

    def __init__(self, archive: Archive, member: Member) -> None:
        from cogx.archive.reading import RecordReader
        from cogx.archive.value_types import ValueTypes

        self._archive = archive
        self._member = member
        self._digest = hashlib.sha256()
        self._before = 0
        self._bad: Problem | None = None
        extension = archive.extension
        self._reader = RecordReader(
            self._refuse,
            ValueTypes(extension.value_types if extension else ()),
            typed=extension is not None,
            lenient=archive.lenient,
            limits=archive.limits,
        )

    def matching(self, wanted: str | None) -> Iterator[list[bytes]]:
        """Yield the lines of records with an id, of all if None, some at a time."""
        from cogx.codec.jsonl import iter_raw_blocks

        member, limit_bytes = self._member, self._archive.limits.line_bytes
        for raw in iter_raw_blocks(self._measured(), limit_bytes, self._too_long):
            self._before = raw.first - 1
            stand = raw.data[:-1].split(b"\n")
            kind = KIND_OF_MEMBER[member.name]
            for block in self._reader.iter_blocks(kind, member.name, [raw.data]):
                ids = block.ids() if wanted is not None else [None] * len(block.records)
                found = [
                    stand[number - 1]
                    for number, identity in zip(block.numbers, ids, strict=True)
                    if identity == wanted and not self._is_behind_bad(number)
                ]
                if found:
                    yield found
            self._before = 0
            self._raise_bad()
        self._raise_bad()
        expected = self._archive.expected_digests.get(member.name)
        if expected is not None and expected != self._digest.hexdigest():
            raise DigestMismatch(member.name, expected, self._digest.hexdigest())

    def _measured(self) -> Iterator[bytes]:
        for chunk in self._member.chunks():
            self._digest.update(chunk)
            yield chunk

    def _too_long(self, number: int) -> None:
        text = f"longer than {self._archive.limits.line_bytes:,} bytes"
        self._refuse(Problem("line.too-long", text, self._member.name, number))

    def _refuse(self, problem: Problem) -> None:
        if problem.severity is Severity.ERROR and problem.code not in self._archive.lenient:
            # The reader sees one block at a time, and counts lines from its beginning.
            line = None if problem.line is None else problem.line + self._before
            self._bad = self._bad or replace(problem, line=line)

    def _is_behind_bad(self, number: int) -> bool:
        bad = self._bad
        return bad is not None and bad.line is not None and number + self._before > bad.line

    def _raise_bad(self) -> None:
        """End at the first line that is no record; those before it were printed."""
        if self._bad is not None:
            raise InvalidArchive(f"{self._bad} {self._bad.remedy}", [self._bad])


def _ignore(problem: Problem) -> None:
    """Hear a finding about the container that harms nothing we print."""


def _write(data: bytes) -> None:
    if is_terminal(sys.stdout):
        for line in data.rstrip(b"\n").split(b"\n"):
            sys.stdout.write(safe_json(line.decode("utf-8", "backslashreplace")) + "\n")
        return
    binary(sys.stdout).write(data)
