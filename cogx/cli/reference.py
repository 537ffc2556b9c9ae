"""Knows how docs/cli.md is made from the commands themselves, so that it is never out of step.

``python -m cogx.cli.reference > docs/cli.md`` writes it; a test compares.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator

import click

from cogx.cli.commands.help import limit_rows
from cogx.cli.exit_codes import MEANINGS
from cogx.cli.group import COMMANDS
from cogx.cli.main import cogx

_INTRO = """\
# The command line

Made by `python -m cogx.cli.reference`; do not edit.

ARCHIVE is a directory, `.tar`, `.tar.gz` or `.tar.zst`; what is read is told by content, what
is written by name. `-` means stdin or stdout. STORE is `ladybug:PATH`, `sqlite:PATH`,
`json:PATH`, `graphml:PATH`, or, to export from, `cognee:DATASET`.

- Results go to stdout; progress, hints and errors go to stderr. With `-` as target, stdout
  carries the archive and the result goes to stderr.
- Nothing that exists is overwritten without `--force`, and nothing half-written is left.
- On a terminal words are coloured (not with `NO_COLOR`) and a bar appears once work has lasted
  half a second. Characters of an archive that could steer a terminal are shown as escapes.
- What permissions.json holds is never shown by any command.
"""

_MACHINES = """\
## For programs

- `--json` prints one JSON object on stdout. `cogx validate` prints one object for one archive
  and one on each line for several; a lenient error has the severity `warning` there.
- With `--json` (or `--format json`) a failure is one JSON object on the last line of stderr:
  `{"error": {"type", "message", "exit_code", "retryable", ...}}`, with `problems` where an
  archive was refused. This holds for usage errors, too.
- `--progress json` prints lines `{"task", "done", "total", "unit", "finished"}` on stderr, a few
  a second and one at each end; `total` is null where it is unknown.
- `--format github` prints workflow commands, `junit` one suite for each archive and one case for
  each code found, `sarif` one run of SARIF 2.1.0. A file and a line are named where both can be
  opened, that is in a directory; for a tarball the message has member and line.
"""


def render() -> str:
    """Return the page."""
    parts = [_INTRO, *_commands(), _MACHINES, _exit_codes(), _limits()]
    return "\n".join(parts)


def _commands() -> Iterator[str]:
    root = click.Context(cogx, info_name="cogx", **cogx.context_settings)
    for name in COMMANDS:
        command = cogx.get_command(root, name)
        assert command is not None
        context = click.Context(command, info_name=name, parent=root)
        yield _command(name, command, context)
        if isinstance(command, click.Group):
            yield from _inner(name, command, context)


def _inner(name: str, group: click.Group, outer: click.Context) -> Iterator[str]:
    for inner in group.list_commands(outer):
        command = group.get_command(outer, inner)
        assert command is not None
        context = click.Context(command, info_name=inner, parent=outer)
        yield _command(f"{name} {inner}", command, context)


def _command(name: str, command: click.Command, context: click.Context) -> str:
    pieces = command.collect_usage_pieces(context)
    lines = [f"## cogx {name}", "", f"    {' '.join(['cogx', name, *pieces])}", ""]
    text = re.sub(r"(?<!`)(--[a-z-]+[a-z])", r"`\1`", inspect.cleandoc(command.help or ""))
    lines += [text, "", "| option | |", "|---|---|"]
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context) if isinstance(parameter, click.Option) else None
        if record is not None:
            words, told = record
            lines.append(f"| `{_cell(words)}` | {_cell(told)} |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _exit_codes() -> str:
    rows = [f"| {m.code} | {m.title} | {m.details} |" for m in MEANINGS]
    lines = ["## Exit codes", "", "| code | | |", "|---:|---|---|", *rows, ""]
    return "\n".join([*lines, "Take a code that is not in this table as a failure.", ""])


def _limits() -> str:
    rows = [f"| `{name}` | {bound} |" for name, bound in limit_rows()]
    text = "Bounds on what is read, for `--limit NAME=N`. `--no-limits` lifts most of them."
    return "\n".join(["## Limits", "", text, "", "| name | default |", "|---|---:|", *rows, ""])


if __name__ == "__main__":
    sys.stdout.write(render())
