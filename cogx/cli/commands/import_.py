"""Knows ``cogx import``: an archive becomes a graph in a store."""

from __future__ import annotations

import click

from cogx.cli.exit_codes import FINE, PROBLEMS
from cogx.cli.layout import command as command_line
from cogx.cli.options import ARCHIVE, Reading, output_options, reading_options
from cogx.cli.progress_bar import progress_on
from cogx.cli.receipts import show_receipt
from cogx.cli.streams import STANDARD, bytes_at, check_room, source_of
from cogx.cli.terminal import Console

_SMALLER = 10
"""A store takes at least this part of its archive's room: a lower bound."""

_MODES = ("preserve", "hybrid", "re-derive")


@click.command("import")
@click.argument("archive", metavar="ARCHIVE", type=ARCHIVE)
@click.argument("store", metavar="STORE")
@click.option(
    "--mode",
    type=click.Choice(_MODES),
    default="preserve",
    show_default=True,
    help="preserve: the graph as it is; the others derive from raw content.",
)
@click.option("--strict", is_flag=True, help="Refuse an archive with warnings, too.")
@click.option("--allow-empty", is_flag=True, help="Take an archive that holds no record.")
@reading_options
@output_options
def command(
    archive: str,
    store: str,
    mode: str,
    strict: bool,
    allow_empty: bool,
    reading: Reading,
    console: Console,
) -> int:
    """Import an archive into a graph store.

    The archive is validated before the store is touched; then all of it is loaded, or nothing.
    The exit code is 1 if the store could not keep everything: the losses are named.
    """
    from cogx.engine.import_ import import_archive
    from cogx.engine.uris import parse_uri

    path = parse_uri(store)[1]
    if archive != STANDARD:
        check_room(path, bytes_at(archive) // _SMALLER, "the store")
    with progress_on(console) as progress:
        receipt = import_archive(
            source_of(archive),
            store,
            mode=mode,
            lenient=reading.lenient,
            strict=strict,
            limits=reading.limits,
            allow_empty=allow_empty,
            progress=progress,
        )
    follow_up = "" if archive == STANDARD else command_line("cogx", "verify", archive, store)
    show_receipt(console, "Imported", receipt, follow_up)
    return FINE if receipt.lossless else PROBLEMS
