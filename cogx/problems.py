"""Knows every problem an archive can have: permanent codes, severities, clauses; finds none itself.

A code never changes its meaning; a retired one stays listed. ``spec/codes.md`` is made from
this table, and each code has at least one conformance vector named after it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Severity(StrEnum):
    """An error means loss, damage or two readings; a warning is kept exactly and reported."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Code:
    """One row of the table.

    ``clause`` is an anchor of spec/format.md. ``lenient`` says what ``--lenient CODE`` does
    with the record or archive instead of refusing it; "" means the code cannot be lenient.
    """

    name: str
    severity: Severity
    clause: str
    title: str
    remedy: str
    lenient: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding, located by member, line (from 1) and field where these are known."""

    code: str
    message: str
    member: str | None = None
    line: int | None = None
    field: str | None = None

    @property
    def severity(self) -> Severity:
        """Return error or warning, as the table says."""
        return CODES[self.code].severity

    @property
    def remedy(self) -> str:
        """Return what the user can do about it."""
        return CODES[self.code].remedy

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.member, self.line) if part is not None)
        where = " ".join(part for part in (place, self.field) if part)
        return (
            f"{where}: {self.message} [{self.code}]" if where else f"{self.message} [{self.code}]"
        )


def _table() -> Iterator[Code]:  # noqa: PLR0915 - a table, one row a code
    error, warning = Severity.ERROR, Severity.WARNING
    fetch = "Fetch or export the archive again."
    export = "Export the archive again, or correct the line."
    drop = "the record is left out and counted"

    # The container: bytes before any record is read.
    yield Code(
        "container.unreadable",
        error,
        "container",
        "not a COGX container",
        "Give a directory, .tar, .tar.gz or .tar.zst that holds a COGX archive.",
    )
    yield Code("container.truncated", error, "container-end", "the container ends too early", fetch)
    yield Code(
        "container.corrupt",
        error,
        "container-end",
        "the compressed stream or a tar header is damaged",
        fetch,
    )
    yield Code(
        "container.trailing-data",
        error,
        "container-end",
        "data stands behind the end of the container",
        "Cut the data off, or fetch the archive again.",
    )
    yield Code(
        "container.layout",
        error,
        "container-layout",
        "members stand in more than one place, or too deep",
        "Put all members at the top, or all in one directory.",
    )
    yield Code(
        "container.limit",
        error,
        "limits",
        "a bound on the container was passed",
        "Raise the limit with --limit NAME=N if you trust the source.",
    )
    yield Code(
        "member.unsafe-name",
        error,
        "member-names",
        "a name that could leave the archive's directory",
        "Pack the archive again from a clean directory.",
    )
    yield Code(
        "member.not-regular",
        error,
        "member-names",
        "a link, device, FIFO, sparse or unknown entry",
        "Pack regular files only.",
    )
    yield Code(
        "member.duplicate",
        error,
        "member-names",
        "two members with one name",
        "Keep one of them; names differing in case, form or ./ count as one.",
    )
    yield Code(
        "member.missing",
        error,
        "manifest-counts",
        "a member the manifest counts is not there",
        fetch,
    )
    yield Code(
        "member.unknown",
        warning,
        "member-names",
        "a file that COGX does not define",
        "It is not extracted; remove it to silence this.",
    )
    yield Code(
        "member.leftover", warning, "member-names", "a temporary file of a writer", "Remove it."
    )
    yield Code(
        "member.secret",
        warning,
        "permissions",
        "permissions.json holds account secrets",
        "Keep the archive private, or export without permissions.",
    )

    # The manifest.
    yield Code(
        "manifest.missing",
        error,
        "manifest",
        "no manifest.json: an export that died, or no archive",
        "Export again; --lenient manifest.missing reads the records without it.",
        "the archive is read as COGX 0.1 of an unknown system",
    )
    yield Code(
        "manifest.unreadable",
        error,
        "manifest",
        "manifest.json is not one JSON object in UTF-8",
        fetch,
    )
    yield Code(
        "manifest.version",
        error,
        "versions",
        "a COGX version that this reader does not know",
        "Upgrade cogx.",
    )
    yield Code(
        "manifest.version-newer",
        warning,
        "versions",
        "a newer minor version",
        "Upgrade cogx to read all of it.",
    )
    yield Code(
        "manifest.field",
        error,
        "manifest",
        "a manifest field of the wrong type",
        "Correct manifest.json, then cogx pack --refresh.",
    )
    yield Code(
        "manifest.unknown-field",
        warning,
        "manifest",
        "a manifest key that COGX does not define",
        "It is kept as it is.",
    )
    yield Code(
        "manifest.no-counts",
        warning,
        "manifest-counts",
        "the manifest counts nothing",
        "cogx pack --refresh writes the counts.",
    )
    yield Code(
        "manifest.count",
        error,
        "manifest-counts",
        "a member holds another number of records than the manifest says",
        fetch,
        "the records that are there are read",
    )
    yield Code(
        "manifest.bytes",
        error,
        "extension-members",
        "a member has another length than the manifest says",
        "Fetch it again; after an intended edit: cogx pack --refresh.",
    )
    yield Code(
        "manifest.digest",
        error,
        "extension-members",
        "a member's sha256 is not the manifest's",
        "Fetch it again; after an intended edit: cogx pack --refresh.",
    )
    yield Code(
        "manifest.fingerprint",
        error,
        "fingerprint",
        "the records do not give the manifest's fingerprint",
        "Fetch it again; after an intended edit: cogx pack --refresh.",
    )
    yield Code(
        "manifest.extension",
        error,
        "extension",
        "the manifest's cogx key is not as specified",
        "cogx pack --refresh writes it again.",
    )

    # Lines and JSON.
    yield Code("line.encoding", error, "lines", "bytes that are not UTF-8", export, drop)
    yield Code(
        "line.bom",
        error,
        "lines",
        "a byte order mark",
        "Save the file without a byte order mark.",
        "the mark is left out",
    )
    yield Code(
        "line.too-long",
        error,
        "limits",
        "a line longer than the limit",
        "Raise it with --limit line_bytes=N, or split the text.",
    )
    yield Code("json.malformed", error, "lines", "not one JSON object", export, drop)
    yield Code(
        "json.depth", error, "limits", "nested too deeply", "Raise it with --limit depth=N.", drop
    )
    yield Code("json.number", error, "numbers", "a number no reader can keep", export, drop)
    yield Code(
        "json.duplicate-key",
        error,
        "lines",
        "one key twice in an object",
        export,
        "the last value is kept",
    )
    yield Code(
        "json.lone-surrogate",
        error,
        "lines",
        "half of a surrogate pair",
        export,
        "U+FFFD is put in its place",
    )
    yield Code(
        "json.not-finite",
        warning,
        "numbers",
        "NaN or Infinity, which JSON does not have",
        "It is kept as a typed float.",
    )
    yield Code(
        "json.escaped-nul",
        warning,
        "lines",
        "U+0000 in a string",
        "It is kept; some stores cannot hold it as text.",
    )

    # Records.
    yield Code(
        "record.kind-unknown",
        error,
        "records",
        "an unknown kind",
        "Upgrade cogx, or correct the line.",
        drop,
    )
    yield Code(
        "record.kind-misplaced",
        error,
        "records",
        "a kind in another kind's member",
        "Move the line to its member.",
        drop,
    )
    yield Code(
        "record.missing-field", error, "records", "a required field is missing", export, drop
    )
    yield Code("record.field-type", error, "records", "a field of another JSON type", export, drop)
    yield Code(
        "record.empty-field",
        error,
        "records",
        "an empty name, subject, predicate, object or id",
        export,
        "related_to stands for an empty predicate; otherwise the record is left out and counted",
    )
    yield Code(
        "record.unknown-field",
        warning,
        "unknown-fields",
        "a field that COGX does not define",
        "It is kept as it is.",
    )
    yield Code(
        "record.null-container",
        warning,
        "null",
        "null where an object or a list belongs",
        "It is read as empty.",
    )
    yield Code(
        "record.duplicate-id",
        error,
        "identity",
        "two different records of one kind with one id",
        "Give each its own id.",
        "all are kept; a store keeps the first of each id and counts the others",
    )
    yield Code("record.repeated", warning, "identity", "one record twice", "Remove one of them.")
    yield Code(
        "record.id-form",
        warning,
        "identity",
        "ids with outer spaces, or equal after Unicode normalisation",
        "Write ids in one form.",
    )
    yield Code("raw_node.id", error, "raw-nodes", "a raw node without a string id", export, drop)

    # Times, values, references.
    yield Code(
        "time.unreadable",
        error,
        "timestamps",
        "a timestamp that no rule reads",
        "Write it as 2026-01-02T03:04:05Z.",
        drop,
    )
    yield Code(
        "time.naive",
        warning,
        "timestamps",
        "a timestamp without an offset",
        "It is read as UTC; write it with Z.",
    )
    yield Code(
        "time.numeric",
        warning,
        "timestamps",
        "a number where a timestamp belongs",
        "It is read as Unix time; write it as 2026-01-02T03:04:05Z.",
    )
    yield Code(
        "time.precision",
        warning,
        "timestamps",
        "a timestamp finer than a microsecond",
        "It is cut to microseconds.",
    )
    yield Code(
        "time.order",
        warning,
        "facts",
        "invalid_at before valid_at",
        "Exchange them, or correct one.",
    )
    yield Code(
        "time.future",
        warning,
        "timestamps",
        "created_at or updated_at lies in the future",
        "Check the clock of the exporting machine.",
    )
    yield Code("fact.confidence", warning, "facts", "confidence outside 0..1", "Scale it.")
    yield Code(
        "fact.dangling",
        warning,
        "references",
        "a subject or object names nothing in the archive",
        "Export its ends too; a store gets a marked stub.",
    )
    yield Code(
        "fact.provenance",
        warning,
        "references",
        "provenance names nothing in the archive",
        "Export its source too.",
    )
    yield Code(
        "memory_block.limit",
        warning,
        "memory-blocks",
        "a value longer than its limit",
        "Raise the limit or shorten the value.",
    )
    yield Code(
        "typed.value", error, "typed-values", "a typed value that cannot be read", export, drop
    )
    yield Code(
        "schema.mismatch",
        error,
        "user-schema",
        "a node breaks the schema given with --schema",
        "Correct the node or the schema.",
    )


CODES: Final = {code.name: code for code in _table()}


class ProblemLog:
    """Collect problems: every one is counted, the first ``cap`` of each code are kept.

    Cost: memory is bounded by ``cap`` times the number of codes.
    """

    def __init__(self, cap: int = 100) -> None:
        self.cap = cap
        self.kept: list[Problem] = []
        self.totals: Counter[str] = Counter()

    def add(self, problem: Problem) -> None:
        """Count the problem and keep it if there is room for its code."""
        self.totals[problem.code] += 1
        if self.totals[problem.code] <= self.cap:
            self.kept.append(problem)

    def add_many(self, code: str, count: int) -> None:
        """Count further problems of a code whose places are not kept."""
        self.totals[code] += count

    def errors(self, lenient: frozenset[str] = frozenset()) -> int:
        """Return how many errors there are, those of ``lenient`` codes left out."""
        return sum(
            count
            for code, count in self.totals.items()
            if CODES[code].severity is Severity.ERROR and code not in lenient
        )

    def warnings(self) -> int:
        """Return how many warnings there are."""
        return sum(n for code, n in self.totals.items() if CODES[code].severity is Severity.WARNING)
