"""Knows ``cogx split``: an archive becomes several that a server takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cogx.cli.exit_codes import FINE
from cogx.cli.layout import columns, count_lines, count_of, size_of
from cogx.cli.options import ARCHIVE, Reading, force_option, output_options, reading_options
from cogx.cli.progress_bar import progress_on
from cogx.cli.streams import shown, source_of
from cogx.cli.terminal import Console
from cogx.errors import BadSetting

if TYPE_CHECKING:
    from cogx.engine.split import SplitResult


@click.command("split")
@click.argument("archive", metavar="ARCHIVE", type=ARCHIVE)
@click.argument("target", metavar="DIRECTORY|PREFIX", type=click.Path())
@click.option(
    "--max-member",
    metavar="SIZE",
    default="512MiB",
    show_default=True,
    help="The most that a member of a part may be, unpacked.",
)
@click.option(
    "--max-total",
    metavar="SIZE",
    default="2GiB",
    show_default=True,
    help="The most that a part may be, unpacked.",
)
@click.option(
    "--compression",
    type=click.Choice(["gz", "zst", "tar"]),
    default="gz",
    show_default=True,
    help="The form of the parts.",
)
@click.option("--level", type=int, metavar="N", help="Of gz 0 to 3, of zst 1 to 19.")
@force_option
@reading_options
@output_options
def command(
    archive: str,
    target: str,
    max_member: str,
    max_total: str,
    compression: str,
    level: int | None,
    force: bool,
    reading: Reading,
    console: Console,
) -> int:
    """Split an archive into parts that a server takes.

    Each part is an archive by itself; imported one after the other, in any order, they give the
    graph of the whole. Texts and facts stand in one part each; an entity stands in every part that
    has a fact of it. The defaults are what a cognee server takes. Parts are called
    PREFIX.part-1-of-3.cogx.tar.gz and so on; in a DIRECTORY, which is there or ends in /, they are
    called after ARCHIVE.
    """
    from cogx.engine.split import split
    from cogx.engine.uris import parse_bytes

    if reading.lenient:
        raise BadSetting(
            "Only a valid archive can be split. Import it with --lenient, and export it anew."
        )
    with progress_on(console) as progress:
        result = split(
            source_of(archive),
            target,
            max_member=parse_bytes(max_member),
            max_total=parse_bytes(max_total),
            limits=reading.limits,
            compression=compression,
            level=level,
            force=force,
            progress=progress,
        )
    if console.json:
        console.data(result.to_json())
    else:
        _show(console, shown(archive), result)
    return FINE


def _show(console: Console, archive: str, result: SplitResult) -> None:
    console.line(f"Split {archive} into {count_of(len(result.parts), 'part')}")
    for line in count_lines(result.counts):
        console.line(line)
    rows = [
        (part.path, count_of(sum(part.counts.values()), "record"), size_of(part.unpacked_bytes))
        for part in result.parts
    ]
    for line in columns(rows, right=frozenset({1, 2})):
        console.line(line)
    again = sum(result.repeated.values())
    if again:
        console.line(f"{count_of(again, 'record')} more, so that every fact has its ends beside it")
    for name in result.left_out:
        console.note(f"{name} holds no records and is in no part.", mark="warning:")
