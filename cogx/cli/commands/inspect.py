"""Knows ``cogx inspect``: what is inside an archive, on one screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cogx.cli.exit_codes import FINE, PROBLEMS
from cogx.cli.layout import columns, count_lines, count_of, size_of
from cogx.cli.layout import command as command_line
from cogx.cli.options import ARCHIVE, Reading, output_options, reading_options
from cogx.cli.progress_bar import progress_on
from cogx.cli.streams import shown, source_of
from cogx.cli.terminal import Console
from cogx.problems import CODES, Severity

if TYPE_CHECKING:
    from cogx.archive.inspection import Inspection
    from cogx.format.manifest import Extension

_SHOWN_NAMES = 15


@click.command("inspect")
@click.argument("archive", metavar="ARCHIVE", type=ARCHIVE)
@reading_options
@output_options
def command(archive: str, reading: Reading, console: Console) -> int:
    """Show what is inside an archive.

    Versions, counts, sizes, types, predicates, the times it covers, digests and fingerprint.
    Problems are counted only: `cogx validate` names them. The exit code is 1 if there are
    errors. What permissions.json holds is never shown.
    """
    from cogx.archive.inspect import inspect_archive

    with progress_on(console) as progress:
        found = inspect_archive(source_of(archive), limits=reading.limits, progress=progress)
    found.name = shown(archive)
    if console.json:
        console.data(found.to_json())
    else:
        _show(console, found)
    errors = (c for c in found.problems if CODES[c].severity is Severity.ERROR)
    return PROBLEMS if any(code not in reading.lenient for code in errors) else FINE


def _show(console: Console, found: Inspection) -> None:
    size = "" if found.size is None else f", {size_of(found.size)}"
    console.line(f"{found.name} ({found.form}{size})")
    for line in columns(_about(found)):
        console.line(line)
    _section(console, "Records", count_lines(found.counts))
    _section(console, "Members", columns(_member_rows(found), right=frozenset({1})))
    _names(console, "Node types", found.node_types, found.unnamed.get("node_types", 0))
    _names(console, "Predicates", found.predicates, found.unnamed.get("predicates", 0))
    spans = [(n, s["first"], s["last"]) for n, s in _spans(found).items()]
    _section(console, "Times", columns(spans))
    states = {None: "", True: "as the manifest says", False: "NOT as the manifest says"}
    rows = [(name, text) for name, text in found.fingerprint.items()]
    state = states[found.fingerprint_as_declared]
    _section(console, f"Fingerprint{state and ', ' + state}", columns(rows))
    if found.secrets:
        console.line(
            "permissions.json holds account secrets: keep the archive private.", mark="warning:"
        )
    _problems(console, found)


def _about(found: Inspection) -> list[tuple[str, str]]:
    manifest = found.manifest
    if manifest is None:
        return [("manifest", "missing, or cannot be used")]
    exported = manifest.to_json()["exported_at"]
    extension = manifest.cogx
    rows: list[tuple[str, Any]] = [
        ("COGX version", manifest.cogx_version),
        ("source system", manifest.source_system),
        ("exported at", exported),
        ("written by", extension.generator if extension else None),
        ("dataset", extension.dataset if extension else None),
        ("profile", extension.profile if extension else None),
        ("part", _part(extension)),
        ("selection", _selection(extension)),
        ("embedding model", manifest.embedding_model),
        ("schema revision", manifest.migration_revision),
        *(("note", note) for note in manifest.notes),
    ]
    return [(name, str(value)) for name, value in rows if value]


def _part(extension: Extension | None) -> str | None:
    if extension is None or extension.part is None:
        return None
    part = extension.part
    whole = f"graph {part.fingerprint.graph[:16]}, content {part.fingerprint.content[:16]}"
    return f"{part.number:,} of {part.of:,} of the archive with the fingerprint {whole}"


def _selection(extension: Extension | None) -> str | None:
    if extension is None or extension.complete:
        return None
    if extension.part is not None and extension.part.complete:
        return None
    return extension.selection or "not all of the source"


def _member_rows(found: Inspection) -> list[tuple[str, str, str, str]]:
    states = {None: "", True: "", False: "NOT as the manifest says"}
    return [
        (name, size_of(member.bytes), f"sha256 {member.sha256[:16]}", states[member.as_declared])
        for name, member in found.members.items()
    ]


def _spans(found: Inspection) -> dict[str, dict[str, str]]:
    return {name: span.to_json() for name, span in found.times.items()}


def _names(console: Console, title: str, names: dict[str, int], unnamed: int) -> None:
    if not names:
        return
    listed = list(names.items())
    shown_names = listed if console.verbose else listed[:_SHOWN_NAMES]
    rows = [(name or "(none)", f"{number:,}") for name, number in shown_names]
    lines = columns(rows, right=frozenset({1}))
    left = len(listed) - len(shown_names)
    if left:
        lines.append(f"  ... {left:,} more; --verbose names them.")
    if unnamed:
        lines.append(f"  ... and {count_of(unnamed, 'record')} of still other names.")
    _section(console, f"{title} ({len(listed):,})", lines)


def _section(console: Console, title: str, lines: list[str]) -> None:
    if lines:
        console.line()
        console.line(title)
        for line in lines:
            console.line(line)


def _problems(console: Console, found: Inspection) -> None:
    if not found.problems:
        return
    console.line()
    rows = [(f"{n:,}", code, CODES[code].title) for code, n in found.problems.items()]
    console.line(f"{count_of(sum(found.problems.values()), 'problem')}:")
    for line in columns(rows, right=frozenset({0})):
        console.line(line)
    console.line(f"{command_line('cogx', 'validate', found.name)} shows where.")
