"""Knows ``cogx schema``: which commands there are about schemas; each is loaded when called."""

from __future__ import annotations

from typing import Final

import click

from cogx.cli.exit_codes import FINE
from cogx.cli.group import LazyGroup
from cogx.cli.terminal import Console

COMMANDS: Final = {
    "infer": "Propose a schema for the graphs and texts in some sources.",
    "prompt": "Print the extraction prompt of a schema.",
    "check": "Check a schema, and a graph against it.",
    "record": "Print the JSON Schema of a record kind.",
}


class SchemaGroup(LazyGroup):
    """The commands, one module each."""

    table = COMMANDS
    home = __name__


@click.group("schema", cls=SchemaGroup, invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> int:
    """Propose, check and use graph schemas.

    A graph schema is a JSON Schema of the entity types and relations that a graph may hold. It
    is what `cogx import --schema` takes, and what servers take to build a graph by.
    """
    if context.invoked_subcommand is None:
        Console().text(context.get_help())
    return FINE
