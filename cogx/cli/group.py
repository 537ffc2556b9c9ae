"""Knows the list of commands and loads one only when it is called; knows nothing they do."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import Any, ClassVar, Final

import click

COMMANDS: Final = {
    "pack": "Pack a directory into an archive.",
    "unpack": "Unpack an archive into a directory.",
    "split": "Split an archive into parts that a server takes.",
    "validate": "Check archives against the specification.",
    "inspect": "Show what is inside an archive.",
    "cat": "Print records as they stand on their lines.",
    "schema": "Propose, check and use graph schemas.",
    "export": "Export a graph store to an archive.",
    "import": "Import an archive into a graph store.",
    "resolve": "Find entities that are one under two names, and merge those that you say.",
    "verify": "Prove that an archive and a store hold the same graph.",
    "connect": "Log in to a cognee or cogx server, so that other commands find it.",
    "push": "Push a graph to a cognee or cogx server.",
    "pull": "Pull a dataset from a cognee or cogx server into an archive.",
    "sync": "Send raw data to a cognee or cogx server, which builds the graph itself.",
    "status": "Tell how an import on a server goes.",
    "serve": "Serve memory to cognee and cogx clients.",
    "cache": "Show what derivers have said before.",
    "completion": "Print a shell completion script.",
    "help": "Explain a command or a topic.",
}
"""Name -> first sentence of its help, so that the list needs no command loaded."""


COMPLETE: Final = "_COGX_COMPLETE"
"""The environment variable through which a completion script asks for words."""


class LazyGroup(click.Group):
    """Commands live in one module each, under their own name, imported on demand."""

    table: ClassVar[Mapping[str, str]] = COMMANDS
    home: ClassVar[str] = "cogx.cli.commands"

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return every command, in the order people need them."""
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command, None if there is no such."""
        if cmd_name not in self.table:
            return None
        name = f"{cmd_name}_" if cmd_name == "import" else cmd_name
        command = import_module(f"{self.home}.{name}").command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; for a mistyped one suggest the nearest."""
        name = args[0]
        if name not in self.table and not name.startswith("-") and not ctx.resilient_parsing:
            raise click.UsageError(f"No such command {name!r}.{nearest(name, self.table)}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self.table.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        """Complete command names without loading the commands."""
        from click.shell_completion import CompletionItem

        items = [
            CompletionItem(name, help=text)
            for name, text in self.table.items()
            if name.startswith(incomplete)
        ]
        return items + click.Command.shell_complete(self, ctx, incomplete)


def nearest(name: str, known: Any) -> str:
    """Return a sentence that suggests the known name nearest to a mistyped one, or nothing."""
    close = get_close_matches(name, list(known), n=1)
    return f" Did you mean {close[0]!r}?" if close else ""
