"""Knows ``cogx help``: the help of a command, and what stands in no command's help."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Final

import click

from cogx.cli.exit_codes import FINE, MEANINGS
from cogx.cli.group import COMMANDS
from cogx.cli.options import one_of
from cogx.cli.terminal import Console
from cogx.limits import Limits
from cogx.problems import CODES


def _exit_codes(formatter: click.HelpFormatter) -> None:
    with formatter.section("Exit codes"):
        formatter.write_dl([(f"{m.code}  {m.title}", m.details) for m in MEANINGS])


def _codes(formatter: click.HelpFormatter) -> None:
    for code in CODES.values():
        with formatter.section(f"{code.name} ({code.severity})"):
            formatter.write_text(f"{code.title}. {code.remedy}")
            if code.lenient:
                formatter.write_text(f"--lenient {code.name}: {code.lenient}.")


def _limits(formatter: click.HelpFormatter) -> None:
    with formatter.section("Limits, for --limit NAME=N"):
        formatter.write_dl(limit_rows())


def limit_rows() -> list[tuple[str, str]]:
    """Return (name, default) of every limit, as people read it."""
    standard = Limits()
    return [(f.name, _bound(getattr(standard, f.name))) for f in fields(Limits)]


def _bound(value: int) -> str:
    return "not bounded" if value >= 1 << 62 else f"{value:,}"


TOPICS: Final[dict[str, tuple[str, Callable[[click.HelpFormatter], None]]]] = {
    "exit-codes": ("What each exit code means.", _exit_codes),
    "codes": ("Every problem code, its remedy, and what --lenient does.", _codes),
    "limits": ("The bounds on what is read, and their defaults.", _limits),
}


@click.command("help")
@click.argument("topic", required=False)
def command(topic: str | None) -> int:
    """Explain a command or a topic.

    Topics: exit-codes, codes, limits.
    """
    context = click.get_current_context()
    root = context.find_root()
    if topic is None:
        Console().text(root.get_help())
        return FINE
    one_of("command or topic", topic, [*COMMANDS, *TOPICS])
    if topic in TOPICS:
        formatter = context.make_formatter()
        TOPICS[topic][1](formatter)
        Console().text(formatter.getvalue().strip("\n"))
        return FINE
    group = root.command
    assert isinstance(group, click.Group)
    found = group.get_command(root, topic)
    assert found is not None
    with click.Context(found, info_name=topic, parent=root) as inner:
        Console().text(found.get_help(inner))
    return FINE
