"""Knows ``cogx unpack``: an archive becomes a directory of members."""

from __future__ import annotations

import click

from cogx.cli.exit_codes import FINE
from cogx.cli.layout import columns, size_of
from cogx.cli.options import ARCHIVE, Reading, force_option, output_options, reading_options
from cogx.cli.progress_bar import progress_on
from cogx.cli.streams import bytes_at, check_room, shown, source_of
from cogx.cli.terminal import Console


@click.command("unpack")
@click.argument("archive", metavar="ARCHIVE", type=ARCHIVE)
@click.argument("directory", metavar="DIR", type=click.Path())
@force_option
@reading_options
@output_options
def command(archive: str, directory: str, force: bool, reading: Reading, console: Console) -> int:
    """Unpack an archive into a directory.

    DIR is new or empty; with --force it may hold an older archive's members, which are replaced
    as a whole. The archive is validated and its digests are checked before DIR appears.
    """
    from cogx.archive.pack import unpack

    check_room(directory, bytes_at(archive) if archive != "-" else 0, "the directory")
    with progress_on(console) as progress:
        written = unpack(
            source_of(archive),
            directory,
            force=force,
            lenient=reading.lenient,
            limits=reading.limits,
            progress=progress,
        )
    if console.json:
        console.data(
            {
                "source": archive,
                "target": directory,
                "members": written,
                "bytes": sum(written.values()),
            }
        )
        return FINE
    console.line(f"Unpacked {shown(archive)} into {directory}")
    for line in columns(
        ((name, size_of(length)) for name, length in written.items()), right=frozenset({1})
    ):
        console.line(line)
    if "permissions.json" in written:
        console.note(
            f"{directory}/permissions.json holds account secrets: keep it private.", mark="warning:"
        )
    return FINE
