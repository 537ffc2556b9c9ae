"""Knows ``cogx status``: how an import on a server goes, or how it ended."""

from __future__ import annotations

from dataclasses import asdict

import click

from cogx.cli.exit_codes import FINE, PROBLEMS
from cogx.cli.layout import columns
from cogx.cli.options import key_option, output_options
from cogx.cli.progress_bar import progress_on
from cogx.cli.terminal import Console


@click.command("status")
@click.argument("run_id", metavar="RUN_ID")
@click.option("--dataset", metavar="NAME", help="The dataset it goes into: quicker to find.")
@click.option("--url", metavar="URL", help="The server; else as `cogx connect --status` says.")
@click.option("--wait", is_flag=True, help="Stay until it has ended.")
@key_option
@output_options
def command(
    run_id: str,
    dataset: str | None,
    url: str | None,
    wait: bool,
    api_key: str | None,
    console: Console,
) -> int:
    """Tell how an import on a server goes.

    RUN_ID is what `cogx push` printed. The exit code is 1 if it ended with an error.
    """
    from cogx.engine.status import status_sync

    with progress_on(console) as progress:
        run = status_sync(
            run_id, dataset=dataset, url=url, api_key=api_key, wait=wait, progress=progress
        )
    plain = asdict(run)
    if console.json:
        console.data(plain)
    else:
        rows = [(name, str(value)) for name, value in plain.items() if value is not None]
        for line in columns(rows):
            console.line(line)
    return PROBLEMS if run.is_failed else FINE
