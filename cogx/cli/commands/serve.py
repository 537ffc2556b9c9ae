"""Knows ``cogx serve``: a server that cognee clients, and cogx, push to and get from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cogx.cli.exit_codes import FINE, PROBLEMS
from cogx.cli.options import output_options
from cogx.cli.terminal import Console
from cogx.errors import BadSetting, MissingExtra

if TYPE_CHECKING:
    from cogx.server.check import Finding


@click.command("serve")
@click.option("--host", metavar="HOST", help="The address to listen at; else 127.0.0.1.")
@click.option("--port", metavar="PORT", type=click.IntRange(0, 65535), help="Else 8000.")
@click.option(
    "--data", metavar="DIRECTORY", type=click.Path(path_type=Path, file_okay=False),
    help="Where everything is kept; else ~/.local/share/cogx/server.",
)  # fmt: skip
@click.option("--agent-mode", is_flag=True, help="End when the last agent has left; port 8011.")
@click.option("--check", is_flag=True, help="Look whether a server could run, and start none.")
@click.option("--url", metavar="URL", hidden=True)
@output_options
def command(
    host: str | None,
    port: int | None,
    data: Path | None,
    agent_mode: bool,
    check: bool,
    url: str | None,
    console: Console,
) -> int:
    """Serve memory to cognee and cogx clients.

    Settings come from the options, the environment and a file .env, in this order; see
    docs/server.md. Users log in unless REQUIRE_AUTHENTICATION is false. With --check the exit code
    is 1 if something is missing.
    """
    if url is not None:
        raise BadSetting(
            f"cogx serve starts a server here. To log in at one, use: cogx connect {url}"
        )
    try:
        from cogx.server.check import check as look_at
        from cogx.server.serve import serve
        from cogx.server.settings import settings_of
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "cogx":
            raise
        raise MissingExtra("server", "cogx serve") from error
    given = {"host": host, "port": port, "data_directory": data, "agent_mode": agent_mode or None}
    settings = settings_of({name: value for name, value in given.items() if value is not None})
    if check:
        return _tell(look_at(settings), console)
    serve(settings)
    return FINE


def _tell(findings: Sequence[Finding], console: Console) -> int:
    well = all(one.ok for one in findings)
    if console.json:
        console.data({"ok": well, "checks": [one._asdict() for one in findings]})
        return FINE if well else PROBLEMS
    for one in findings:
        console.line(f"{one.name}: {one.text}", mark="" if one.ok else "error")
    return FINE if well else PROBLEMS
