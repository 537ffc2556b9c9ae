"""Knows ``cogx serve``: a server that cognee clients, and cogx, push to and get from."""

from __future__ import annotations

from pathlib import Path

import click

from cogx.cli.exit_codes import FINE
from cogx.cli.options import output_options
from cogx.cli.terminal import Console


@click.command("serve")
@click.option("--host", metavar="HOST", help="The address to listen at; else 127.0.0.1.")
@click.option("--port", metavar="PORT", type=click.IntRange(0, 65535), help="Else 8000.")
@click.option(
    "--data", metavar="DIRECTORY", type=click.Path(path_type=Path, file_okay=False),
    help="Where everything is kept; else ~/.local/share/cogx/server.",
)  # fmt: skip
@click.option("--agent-mode", is_flag=True, help="End when the last agent has left; port 8011.")
@output_options
def command(
    host: str | None,
    port: int | None,
    data: Path | None,
    agent_mode: bool,
    console: Console,
) -> int:
    """Serve memory to cognee and cogx clients.

    Settings come from the options, the environment and a file .env, in this order; see
    docs/server.md. Users log in unless REQUIRE_AUTHENTICATION is false.
    """
    from cogx.server.serve import serve
    from cogx.server.settings import Settings

    given = {"host": host, "port": port, "data_directory": data, "agent_mode": agent_mode or None}
    serve(Settings(**{name: value for name, value in given.items() if value is not None}))
    return FINE
