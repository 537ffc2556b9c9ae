"""Knows ``cogx schema record``: the JSON Schema of a record kind, as the specification has it."""

from __future__ import annotations

import click

from cogx.cli.exit_codes import FINE
from cogx.cli.options import one_of
from cogx.cli.terminal import Console, json_text
from cogx.format.layout import KINDS

_KNOWN = ("manifest", *KINDS)


@click.command("record")
@click.argument("kind", required=False)
def command(kind: str | None) -> int:
    """Print the JSON Schema of a record kind.

    KIND is manifest, raw_node, entity, document, episode, memory, memory_block or fact;
    without it, one object with all of them by kind.
    """
    if kind is not None:
        one_of("kind", kind, _KNOWN)
    from cogx.format.schema import schema_of

    value = schema_of(kind) if kind else {name: schema_of(name) for name in _KNOWN}
    Console().text(json_text(value, indent=2))
    return FINE
