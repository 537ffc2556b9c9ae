"""Knows ``cogx completion``: the script that makes a shell complete cogx's words."""

from __future__ import annotations

import click

from cogx.cli.exit_codes import FINE
from cogx.cli.group import COMPLETE
from cogx.cli.terminal import Console

_WHERE = {
    "bash": 'eval "$(cogx completion bash)" in ~/.bashrc',
    "zsh": 'eval "$(cogx completion zsh)" in ~/.zshrc',
    "fish": "cogx completion fish > ~/.config/fish/completions/cogx.fish",
}


@click.command("completion")
@click.argument("shell", type=click.Choice(list(_WHERE)))
def command(shell: str) -> int:
    """Print a shell completion script.

    Put `eval "$(cogx completion bash)"` into ~/.bashrc, the same with zsh into ~/.zshrc, or
    save the script as ~/.config/fish/completions/cogx.fish.
    """
    from click.shell_completion import get_completion_class

    root = click.get_current_context().find_root().command
    found = get_completion_class(shell)
    assert found is not None
    writer = found(root, {}, "cogx", COMPLETE)
    # Not source(): for bash that starts a bash to ask its version.
    Console().text(writer.source_template % writer.source_vars())
    return FINE
