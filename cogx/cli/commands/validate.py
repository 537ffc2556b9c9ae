"""Knows ``cogx validate``: archives are judged against the specification, and reported on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cogx.cli.exit_codes import FINE, PROBLEMS
from cogx.cli.options import ARCHIVE, Reading, output_options, reading_options
from cogx.cli.progress_bar import progress_on
from cogx.cli.reports import github, text
from cogx.cli.reports.verdict import Verdict
from cogx.cli.streams import shown, source_of
from cogx.cli.terminal import Console

if TYPE_CHECKING:
    from cogx.archive.user_schema import UserSchema
    from cogx.archive.validate import Findings
    from cogx.progress import Progress

_FORMATS = ("text", "json", "junit", "sarif", "github")


@click.command("validate")
@click.argument("archives", metavar="ARCHIVE...", nargs=-1, required=True, type=ARCHIVE)
@click.option("--strict", is_flag=True, help="Warnings make an archive invalid, too.")
@click.option(
    "--schema",
    "schema_file",
    metavar="FILE",
    type=click.Path(),
    help="Check nodes against your own JSON Schema of each type.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(_FORMATS),
    help="Default text. --json is short for json: one object, one a line for several archives.",
)
@click.option(
    "--cap",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    metavar="N",
    help="Keep the places of N problems of each code; all are counted.",
)
@reading_options
@output_options
def command(
    archives: tuple[str, ...],
    strict: bool,
    schema_file: str | None,
    form: str | None,
    cap: int,
    reading: Reading,
    console: Console,
) -> int:
    """Check archives against the specification.

    Every problem is reported, with its place and what to do about it. The exit code is 1 if an
    archive is not valid. FILE of --schema is a JSON object with a JSON Schema for each node
    type, {"Person": {...}}, or a JSON Schema whose $defs are named after the types. Checked
    is what a query sees: a raw node's properties; an entity's id, type, name, description,
    aliases and attributes.
    """
    from cogx.archive.user_schema import UserSchema

    form = form or ("json" if console.json else "text")
    schema = UserSchema.load(schema_file) if schema_file else None
    verdicts = []
    for archive in archives:
        with progress_on(console) as progress:
            findings = _judge(archive, schema, reading, cap, progress)
        verdict = Verdict.of(shown(archive), findings, strict=strict)
        del findings  # it may hold much
        verdicts.append(verdict)
        _show_one(console, form, verdict)
    _show_all(console, form, verdicts)
    return FINE if all(verdict.valid for verdict in verdicts) else PROBLEMS


def _judge(
    archive: str, schema: UserSchema | None, reading: Reading, cap: int, progress: Progress
) -> Findings:
    from cogx.archive.validate import Findings, validate_container
    from cogx.container import open_container
    from cogx.errors import InvalidArchive
    from cogx.problems import ProblemLog

    try:
        container = open_container(source_of(archive), reading.limits)
    except InvalidArchive as error:
        log = ProblemLog(cap)
        for problem in error.problems:
            log.add(problem)
        return Findings(archive, log, reading.lenient)
    with container:
        findings = validate_container(
            container, lenient=reading.lenient, limits=reading.limits, cap=cap, progress=progress
        )
        if schema is not None:
            schema.check(container, findings, limits=reading.limits, progress=progress)
    return findings


def _show_one(console: Console, form: str, verdict: Verdict) -> None:
    if form == "text":
        text.show(console, verdict)
    elif form == "json":
        console.data(verdict.to_json())
    elif form == "github":
        for line in github.lines_of(verdict):
            console.text(line)


def _show_all(console: Console, form: str, verdicts: list[Verdict]) -> None:
    if form == "junit":
        from cogx.cli.reports import junit

        console.text(junit.render(verdicts))
    elif form == "sarif":
        from cogx.cli.reports import sarif

        console.text(sarif.render(verdicts))
