"""Knows ``cogx schema prompt``: a schema as it is told to a language model."""

from __future__ import annotations

import click

from cogx.cli.exit_codes import FINE
from cogx.cli.options import output_options
from cogx.cli.terminal import Console, printable


@click.command("prompt")
@click.argument("schema", metavar="SCHEMA", type=click.Path())
@output_options
def command(schema: str, console: Console) -> int:
    """Print the extraction prompt of a schema.

    SCHEMA is a file with a graph schema, as `cogx schema infer` prints it. The prompt names
    every type, field and relation, and the rules of extraction; the same schema gives the same
    prompt. With --json it is {"customPrompt": ...}, as servers give it.
    """
    from cogx.graph_schema.parsing import read_graph_schema
    from cogx.graph_schema.prompt import prompt_for

    prompt = prompt_for(read_graph_schema(schema))
    if console.json:
        console.data({"customPrompt": prompt})
    else:
        console.text("\n".join(map(printable, prompt.split("\n"))))
    return FINE
