"""Knows ``cogx export``: a graph store becomes an archive."""

from __future__ import annotations

import click

from cogx.cli.exit_codes import FINE, PROBLEMS
from cogx.cli.layout import command as command_line
from cogx.cli.options import ARCHIVE, output_options, writing_options
from cogx.cli.progress_bar import progress_on
from cogx.cli.receipts import show_receipt
from cogx.cli.streams import STANDARD, bytes_at, check_room, target_of
from cogx.cli.terminal import Console

_SMALLER = 200
"""A store takes at most this many times the room of its archive: a lower bound."""


@click.command("export")
@click.argument("store", metavar="STORE")
@click.argument("archive", metavar="ARCHIVE", type=ARCHIVE)
@click.option("--dataset", metavar="NAME", help="A name for the graph; else the store's own.")
@click.option("--note", "notes", metavar="TEXT", multiple=True, help="Say this in the manifest.")
@click.option("--allow-empty", is_flag=True, help="Write an archive even of an empty store.")
@writing_options
@output_options
def command(
    store: str,
    archive: str,
    dataset: str | None,
    notes: tuple[str, ...],
    allow_empty: bool,
    compression: str | None,
    level: int | None,
    force: bool,
    console: Console,
) -> int:
    """Export a graph store to an archive.

    The archive appears under its name only when it is whole. The same store gives the same
    bytes each time, but for the time of export (set SOURCE_DATE_EPOCH to fix that, too).
    """
    from cogx.engine.export import export_graph
    from cogx.engine.uris import parse_uri

    target = target_of(archive, console)
    check_room(archive, bytes_at(parse_uri(store)[1]) // _SMALLER, "the archive")
    with progress_on(console) as progress:
        receipt = export_graph(
            store,
            target,
            dataset=dataset,
            notes=notes,
            compression=compression,
            level=level,
            force=force,
            allow_empty=allow_empty,
            progress=progress,
        )
    receipt.target = archive
    follow_up = "" if archive == STANDARD else command_line("cogx", "verify", archive, store)
    show_receipt(console, "Exported", receipt, follow_up)
    return FINE if receipt.lossless else PROBLEMS
