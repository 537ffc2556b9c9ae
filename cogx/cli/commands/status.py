"""Knows ``cogx status``: how an import on a server goes, or how it ended."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from cogx.cli.exit_codes import FINE, PROBLEMS
from cogx.cli.layout import columns
from cogx.cli.options import key_option, output_options
from cogx.cli.progress_bar import progress_on
from cogx.cli.terminal import Console

if TYPE_CHECKING:
    from cogx.remote.runs import Run


@click.command("status")
@click.argument("run_id", metavar="[RUN_ID]", required=False)
@click.option("--dataset", metavar="NAME", help="The dataset it goes into.")
@click.option("--url", metavar="URL", help="The server; else as `cogx connect --status` says.")
@click.option("--wait", is_flag=True, help="Stay until it has ended.")
@key_option
@output_options
def command(
    run_id: str | None,
    dataset: str | None,
    url: str | None,
    wait: bool,
    api_key: str | None,
    console: Console,
) -> int:
    """Tell how an import on a server goes.

    RUN_ID is what `cogx push` printed; without it the last runs are listed. The exit code is 1 if
    the run ended with an error, or lost something.
    """
    from cogx.engine.status import runs_sync, status_sync

    if run_id is None:
        _show_all(console, runs_sync(dataset, url=url, api_key=api_key))
        return FINE
    with progress_on(console) as progress:
        run = status_sync(
            run_id, dataset=dataset, url=url, api_key=api_key, wait=wait, progress=progress
        )
    plain = asdict(run)
    if console.json:
        console.data(plain)
    else:
        plain |= {"losses": ", ".join(f"{n:,} {code}" for code, n in run.losses.items()) or None}
        rows = [(name, str(value)) for name, value in plain.items() if value is not None]
        for line in columns(rows):
            console.line(line)
    return PROBLEMS if run.is_failed or run.losses else FINE


def _show_all(console: Console, runs: list[Run]) -> None:
    if console.json:
        console.data([asdict(run) for run in runs])
        return
    rows = [
        (run.run_id or "", run.dataset or "", run.status, run.started_at or "", run.pipeline or "")
        for run in runs
    ]
    for line in columns(rows):
        console.line(line)
