"""Knows ``cogx pull``: a dataset of a server becomes an archive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from cogx.cli.exit_codes import FINE, PROBLEMS
from cogx.cli.layout import columns, size_of
from cogx.cli.layout import command as command_line
from cogx.cli.options import (
    ARCHIVE,
    Choosing,
    choosing_options,
    key_option,
    output_options,
    writing_options,
)
from cogx.cli.progress_bar import progress_on
from cogx.cli.receipts import show_receipt
from cogx.cli.streams import STANDARD, target_of
from cogx.cli.terminal import Console

if TYPE_CHECKING:
    from cogx.engine.pull_receipt import PullReceipt

_PROFILES = ("portable", "cognee")
_NAMED: Final = 20


@click.command("pull")
@click.argument("url", metavar="URL")
@click.argument("dataset", metavar="DATASET")
@click.argument("archive", metavar="ARCHIVE", type=ARCHIVE)
@click.option("--dataset", "name", metavar="NAME", help="Its name in the archive; else as there.")
@choosing_options
@click.option("--no-files", is_flag=True, help="Leave out the raw files; the archive says so.")
@click.option("--partial", is_flag=True, help="Where it breaks off, write what there is, marked.")
@click.option("--fresh", is_flag=True, help="Forget what a broken-off pull has kept.")
@click.option(
    "--profile",
    type=click.Choice(_PROFILES),
    default="portable",
    show_default=True,
    help="cognee: entities as raw nodes, which a real cognee restores with their properties.",
)
@click.option("--portable", is_flag=True, help="Turn records of the cognee profile back.")
@click.option("--id-map", metavar="FILE", help="Write the ids that changed to this new file.")
@click.option("--note", "notes", metavar="TEXT", multiple=True, help="Say this in the manifest.")
@click.option("--allow-loss", metavar="CODE", multiple=True, help="End with 0 in spite of it.")
@click.option("--allow-empty", is_flag=True, help="Write an archive even of an empty dataset.")
@click.option("--strict", is_flag=True, help="End with 1 for what such servers never give, too.")
@writing_options
@key_option
@output_options
def command(
    url: str,
    dataset: str,
    archive: str,
    name: str | None,
    choosing: Choosing,
    no_files: bool,
    partial: bool,
    fresh: bool,
    profile: str,
    id_map: str | None,
    portable: bool,
    notes: tuple[str, ...],
    allow_loss: tuple[str, ...],
    allow_empty: bool,
    strict: bool,
    compression: str | None,
    level: int | None,
    force: bool,
    api_key: str | None,
    console: Console,
) -> int:
    """Pull a dataset from a cognee or cogx server into an archive.

    DATASET is its name or UUID there. A cogx server gives everything; a cognee gives the graph
    without the properties of edges and without times, and the raw files: the receipt counts what
    it does not give. What was fetched when a pull breaks off is kept beside the archive, and the
    same command goes on from there.
    """
    from cogx.engine.pull import pull_sync

    target = target_of(archive, console)
    with progress_on(console) as progress:
        receipt = pull_sync(
            url,
            dataset,
            target,
            api_key=api_key,
            name=name,
            **choosing.named(),
            profile=profile,
            id_map=id_map,
            portable=portable,
            notes=notes,
            files=not no_files,
            partial=partial,
            fresh=fresh,
            compression=compression,
            level=level,
            force=force,
            allow_empty=allow_empty,
            progress=progress,
        )
    receipt.target = archive
    follow_up = command_line("cogx", "validate", archive) if archive != STANDARD else ""
    show_receipt(console, "Pulled", receipt, follow_up)
    if not console.json:
        _show_received(console, receipt)
    lost = set(receipt.losses) | (set(receipt.declared) if strict else set())
    return PROBLEMS if lost - set(allow_loss) else FINE


def _show_received(console: Console, receipt: PullReceipt) -> None:
    """Say what came from the server, and name what did not."""
    counts = dict(receipt.received)
    size = counts.pop("bytes", 0)
    if counts:
        console.line("From the server:")
        rows = [(f"{number:,}", what) for what, number in counts.items()]
        for line in columns(rows, right=frozenset({0})):
            console.line(line)
    if size:
        console.line(f"  {size_of(size)} of files")
    if receipt.failed:
        console.line("Not given by the server:", mark="error:")
        for one in receipt.failed[:_NAMED]:
            console.line(f"  {one}")
        if len(receipt.failed) > _NAMED:
            more = len(receipt.failed) - _NAMED
            console.line(f"  ... and {more:,} more; --json names them.")
