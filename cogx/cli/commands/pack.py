"""Knows ``cogx pack``: a directory of members becomes an archive."""

from __future__ import annotations

import click

from cogx.cli.exit_codes import FINE
from cogx.cli.layout import command as command_line
from cogx.cli.layout import count_lines, count_of
from cogx.cli.options import ARCHIVE, Reading, output_options, reading_options, writing_options
from cogx.cli.progress_bar import progress_on
from cogx.cli.streams import STANDARD, bytes_at, check_room, shown, source_of, target_of
from cogx.cli.terminal import Console

_SQUEEZED = 50
"""No JSON anyone has is squeezed by more than this: a lower bound, so nobody is refused wrongly."""


@click.command("pack")
@click.argument("directory", metavar="DIR", type=ARCHIVE)
@click.argument("archive", metavar="ARCHIVE", type=ARCHIVE)
@click.option("--plain", is_flag=True, help="Leave the manifest byte for byte, too.")
@click.option(
    "--refresh", is_flag=True, help="Count and digest anew: for a directory edited by hand."
)
@writing_options
@reading_options
@output_options
def command(
    directory: str,
    archive: str,
    plain: bool,
    refresh: bool,
    compression: str | None,
    level: int | None,
    force: bool,
    reading: Reading,
    console: Console,
) -> int:
    """Pack a directory into an archive.

    DIR is validated first. Members stay byte for byte; only the manifest gains the key `cogx`
    (digests, counts, fingerprint), which other readers ignore. DIR may be an archive, too: it
    is then packed anew, in the form that the name of ARCHIVE says.
    """
    from cogx.archive.pack import pack

    if plain and refresh:
        raise click.UsageError(
            "--plain leaves the manifest alone, --refresh rewrites it: one only."
        )
    source, target = source_of(directory), target_of(archive, console)
    packed = archive.endswith((".gz", ".tgz", ".zst")) or compression in ("gz", "zst")
    check_room(archive, bytes_at(directory) // (_SQUEEZED if packed else 1), "the archive")
    with progress_on(console) as progress:
        findings = pack(
            source,
            target,
            plain=plain,
            refresh=refresh,
            lenient=reading.lenient,
            limits=reading.limits,
            compression=compression,
            level=level,
            force=force,
            progress=progress,
        )
    written = bytes_at(archive)
    if console.json:
        receipt = {
            "source": directory,
            "target": archive,
            "counts": dict(findings.counts),
            "members": {name: facts.bytes for name, facts in findings.members.items()},
            "bytes": written or None,
            "fingerprint": findings.fingerprint.hex(),
            "warnings": findings.log.warnings(),
        }
        console.data(receipt)
        return FINE
    console.line(f"Packed {shown(directory)} into {shown(archive, 'stdout')}")
    for line in count_lines(findings.counts):
        console.line(line)
    if findings.log.warnings():
        look = command_line("cogx", "validate", archive if directory == STANDARD else directory)
        console.line(f"{count_of(findings.log.warnings(), 'warning')}; {look} shows them.")
    if "permissions.json" in findings.members:
        console.note(
            "permissions.json holds account secrets: keep the archive private.", mark="warning:"
        )
    return FINE
