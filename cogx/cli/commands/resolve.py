"""Knows ``cogx resolve``: entities that may be one are proposed, and merged as was decided."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from cogx.cli.exit_codes import FINE
from cogx.cli.layout import columns, count_of
from cogx.cli.layout import command as command_line
from cogx.cli.options import ARCHIVE, Reading, output_options, reading_options, writing_options
from cogx.cli.progress_bar import progress_on
from cogx.cli.receipts import show_receipt
from cogx.cli.streams import bytes_at, check_room, shown, source_of, target_of
from cogx.cli.terminal import Console

if TYPE_CHECKING:
    from cogx.engine.resolution import Proposed

_SQUEEZED = 50
"""No JSON anyone has is squeezed by more than this: a lower bound, so nobody is refused wrongly."""


@click.command("resolve")
@click.argument("archive", metavar="ARCHIVE", type=ARCHIVE)
@click.argument("out", metavar="[OUT]", type=ARCHIVE, required=False)
@click.option("--propose", metavar="REVIEW", type=click.Path(), help="Write this .jsonl or .csv.")
@click.option("--apply", "review", metavar="REVIEW", type=click.Path(), help="Merge by this file.")
@click.option(
    "--at-least",
    type=click.FloatRange(50, 100),
    metavar="SCORE",
    help="Propose pairs of at least this score; default 80.",
)
@click.option(
    "--auto-above",
    type=float,
    metavar="SCORE",
    help="Merge undecided pairs of at least this score; default none.",
)
@click.option(
    "--on-conflict",
    type=click.Choice(["merge", "fail"]),
    default="merge",
    show_default=True,
    help="Where values differ; merge keeps what gives way in metadata.resolved.",
)
@click.option("--id-map", metavar="FILE", help="Write the ids that changed to this new file.")
@writing_options
@reading_options
@output_options
def command(
    archive: str,
    out: str | None,
    propose: str | None,
    review: str | None,
    at_least: float | None,
    auto_above: float | None,
    on_conflict: str,
    id_map: str | None,
    compression: str | None,
    level: int | None,
    force: bool,
    reading: Reading,
    console: Console,
) -> int:
    """Find entities that are one under two names, and merge those that you say.

    First --propose REVIEW writes a file of pairs: write `merge` or `keep` into the field `decision`
    of each. Then OUT with --apply REVIEW becomes an archive in which they are merged. Nothing is
    merged that you did not decide, by pair or by --auto-above; docs/resolve.md tells the rest.
    """
    if propose is not None:
        if out is not None or review is not None or id_map is not None:
            raise click.UsageError("--propose only writes REVIEW: no OUT, --apply or --id-map.")
        return _propose(archive, propose, at_least, auto_above, force, reading, console)
    if out is None:
        raise click.UsageError("Give --propose REVIEW, or OUT with --apply REVIEW.")
    if at_least is not None:
        raise click.UsageError("--at-least goes with --propose.")
    from cogx.engine.resolution import resolve_archive

    source, target = source_of(archive), target_of(out, console)
    check_room(out, bytes_at(archive) // _SQUEEZED, "the archive")
    with progress_on(console) as progress:
        receipt = resolve_archive(
            source,
            target,
            review=review,
            auto_above=auto_above,
            on_conflict=on_conflict,
            id_map=id_map,
            compression=compression,
            level=level,
            force=force,
            lenient=reading.lenient,
            limits=reading.limits,
            progress=progress,
        )
    receipt.source, receipt.target = shown(archive), shown(out, "stdout")
    show_receipt(console, "Resolved", receipt, "")
    return FINE


def _propose(
    archive: str,
    review: str,
    at_least: float | None,
    auto_above: float | None,
    force: bool,
    reading: Reading,
    console: Console,
) -> int:
    from cogx.engine.resolution import propose_merges
    from cogx.transform.resolution.proposals import AT_LEAST

    with progress_on(console) as progress:
        proposed = propose_merges(
            source_of(archive),
            review,
            at_least=AT_LEAST if at_least is None else at_least,
            auto_above=auto_above,
            force=force,
            lenient=reading.lenient,
            limits=reading.limits,
            progress=progress,
        )
    if console.json:
        console.data(asdict(proposed))
    else:
        _show(console, archive, proposed)
    return FINE


def _show(console: Console, archive: str, proposed: Proposed) -> None:
    if not proposed.pairs:
        console.line(
            f"No two entities of {shown(archive)} look like one; {proposed.review} is empty."
        )
        return
    console.line(f"{count_of(proposed.pairs, 'pair')} that may be one, in {proposed.review}:")
    rows = [(f"{number:,}", reason) for reason, number in proposed.reasons.items()]
    for line in columns(rows, right=frozenset({0})):
        console.line(line)
    if proposed.decided:
        console.line(f"{count_of(proposed.decided, 'pair')} decided by --auto-above.")
    then = command_line("cogx", "resolve", archive, "OUT", "--apply", proposed.review)
    console.note(f"Write merge or keep into `decision`, then: {then}")
