"""Knows ``cogx verify``: an archive and a store hold the same graph, or here is what differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cogx.cli.exit_codes import FINE, PROBLEMS
from cogx.cli.layout import count_of
from cogx.cli.options import (
    ARCHIVE,
    Reading,
    output_options,
    password_option,
    reading_options,
)
from cogx.cli.progress_bar import progress_on
from cogx.cli.streams import source_of
from cogx.cli.terminal import Console, json_text

if TYPE_CHECKING:
    from cogx.engine.verify import Comparison

_SHOWN = 20
_SHOWN_CHARACTERS = 60


@click.command("verify")
@click.argument("archive", metavar="ARCHIVE", type=ARCHIVE)
@click.argument("store", metavar="STORE")
@click.option("--dataset", metavar="NAME", help="The dataset; else the store's own.")
@reading_options
@password_option
@output_options
def command(
    archive: str, store: str, dataset: str | None, reading: Reading, console: Console
) -> int:
    """Prove that an archive and a store hold the same graph.

    The fingerprint of the store is computed from what a query sees there now. The exit code is
    0 if it equals the archive's, and 1 if not: the records that differ are named.
    """
    from cogx.engine.verify import verify

    with progress_on(console) as progress:
        comparison = verify(
            source_of(archive),
            store,
            dataset=dataset,
            lenient=reading.lenient,
            limits=reading.limits,
            progress=progress,
        )
    if console.json:
        console.data(comparison.to_json())
    else:
        _show(console, comparison)
    return FINE if comparison.equal else PROBLEMS


def _show(console: Console, comparison: Comparison) -> None:
    both = f"{comparison.archive} and {comparison.store}"
    if comparison.equal:
        console.line(f"Equal: {both} hold the same records.")
        for name, digest in comparison.archive_fingerprint.items():
            console.line(f"  {name:<8} {digest}")
        return
    console.line(f"Not equal: {both} do not hold the same records.")
    for side, number in comparison.counts.items():
        console.line(f"  {count_of(number, 'record')} {side} without an equal on the other side")
    shown = comparison.differences if console.verbose else comparison.differences[:_SHOWN]
    for difference in shown:
        console.line(f"  {difference.what}: {difference.kind} {difference.id}")
        for field, (old, new) in difference.fields.items():
            console.line(f"    {field or '(record)'}: {_value(old)} -> {_value(new)}")
    left = len(comparison.differences) - len(shown)
    if left > 0:
        console.line(f"  ... {left:,} more; --verbose names them.")


def _value(value: Any) -> str:
    text = "(absent)" if value is None else json_text(value)
    return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "..."
