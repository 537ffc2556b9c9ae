"""Knows ``cogx export``: a graph store becomes an archive."""

from __future__ import annotations

import click

from cogx.cli.exit_codes import FINE, PROBLEMS
from cogx.cli.layout import command as command_line
from cogx.cli.options import (
    ARCHIVE,
    Choosing,
    choosing_options,
    output_options,
    password_option,
    writing_options,
)
from cogx.cli.progress_bar import progress_on
from cogx.cli.receipts import show_receipt
from cogx.cli.streams import STANDARD, bytes_at, check_room, target_of
from cogx.cli.terminal import Console

_SMALLER = 200
"""A store takes at most this many times the room of its archive: a lower bound."""
_PROFILES = ("portable", "cognee")


@click.command("export")
@click.argument("store", metavar="STORE")
@click.argument("archive", metavar="ARCHIVE", type=ARCHIVE)
@click.option("--dataset", metavar="NAME", help="The dataset; else the store's own.")
@choosing_options
@click.option(
    "--profile",
    type=click.Choice(_PROFILES),
    default="portable",
    show_default=True,
    help="cognee: entities as raw nodes, which a real cognee restores with their properties.",
)
@click.option("--id-map", metavar="FILE", help="Write the ids that changed to this new file.")
@click.option("--portable", is_flag=True, help="Turn records of the cognee profile back.")
@click.option("--restore-ids", metavar="FILE", help="Put the ids of this id map back.")
@click.option("--note", "notes", metavar="TEXT", multiple=True, help="Say this in the manifest.")
@click.option("--allow-loss", metavar="CODE", multiple=True, help="End with 0 in spite of it.")
@click.option("--allow-empty", is_flag=True, help="Write an archive even of an empty store.")
@writing_options
@password_option
@output_options
def command(
    store: str,
    archive: str,
    dataset: str | None,
    choosing: Choosing,
    profile: str,
    id_map: str | None,
    portable: bool,
    restore_ids: str | None,
    notes: tuple[str, ...],
    allow_loss: tuple[str, ...],
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
    from cogx.engine.uris import is_file, parse_uri

    target = target_of(archive, console)
    if is_file(store):
        check_room(archive, bytes_at(parse_uri(store)[1]) // _SMALLER, "the archive")
    with progress_on(console) as progress:
        receipt = export_graph(
            store,
            target,
            dataset=dataset,
            **choosing.named(),
            profile=profile,
            id_map=id_map,
            portable=portable,
            restore_ids=restore_ids,
            notes=notes,
            compression=compression,
            level=level,
            force=force,
            allow_empty=allow_empty,
            progress=progress,
        )
    receipt.target = archive
    whole = profile == "portable" and not choosing
    follow_up = command_line("cogx", "verify", archive, store)
    show_receipt(console, "Exported", receipt, follow_up if whole and archive != STANDARD else "")
    lost = receipt.losses.keys() - set(allow_loss)
    return PROBLEMS if lost else FINE
