"""Knows the options that several commands share, and turns them into what commands take.

Must never import what only a running command needs: every ``--help`` passes here.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import wraps
from typing import TYPE_CHECKING, Any, Final

import click
from click.shell_completion import CompletionItem

from cogx.cli.group import nearest
from cogx.cli.terminal import Console
from cogx.errors import BadSetting, UnknownName
from cogx.limits import Limits
from cogx.problems import CODES

if TYPE_CHECKING:
    _Text = click.ParamType[str]
    _Setting = click.ParamType[tuple[str, int]]
else:  # before click 8.5 the class takes no parameter
    _Text = _Setting = click.ParamType

Function = Callable[..., Any]

ARCHIVE: Final = click.Path(allow_dash=True)
"""A path, or ``-``; the library says what is wrong with one."""

LENIENT_CODES: Final = tuple(code.name for code in CODES.values() if code.lenient)
LIMIT_NAMES: Final = tuple(field.name for field in fields(Limits))


@dataclass(frozen=True, slots=True)
class Reading:
    """How an archive is to be read: what may pass, and the bounds."""

    lenient: frozenset[str]
    limits: Limits


@dataclass(frozen=True, slots=True)
class Choosing:
    """Which records are to move, and under which names; false if all of them as they are."""

    only: tuple[str, ...]
    as_of: str | None
    map_predicate: tuple[str, ...]
    remap_scope: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.only or self.as_of or self.map_predicate or self.remap_scope)

    def named(self) -> dict[str, Any]:
        """Return the options under the names that the library has for them."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


class _LenientCode(_Text):
    name = "code"

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        """Return a code that can be lenient."""
        if value not in LENIENT_CODES:
            hint = nearest(value, LENIENT_CODES)
            what = "cannot be lenient" if value in CODES else "is not a problem code"
            self.fail(f"{value!r} {what}.{hint} Known: {', '.join(LENIENT_CODES)}.", param, ctx)
        return str(value)

    def shell_complete(self, ctx: Any, param: Any, incomplete: str) -> list[CompletionItem]:
        """Offer the codes that can be lenient."""
        return [
            CompletionItem(code, help=CODES[code].lenient)
            for code in LENIENT_CODES
            if code.startswith(incomplete)
        ]


class _LimitSetting(_Setting):
    name = "name=n"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, int]:
        """Return the name of a limit and its bound."""
        if isinstance(value, tuple):
            return value
        from cogx.engine.uris import parse_bytes

        name, equals, number = value.partition("=")
        if not equals:
            self.fail(f"{value!r} is not NAME=N.", param, ctx)
        try:
            Limits().replace(name, bound := parse_bytes(number))
        except BadSetting as error:
            hint = nearest(name, LIMIT_NAMES) if name not in LIMIT_NAMES else ""
            self.fail(f"{error}{hint}", param, ctx)
        return name, bound

    def shell_complete(self, ctx: Any, param: Any, incomplete: str) -> list[CompletionItem]:
        """Offer the names of the limits."""
        return [CompletionItem(f"{n}=") for n in LIMIT_NAMES if n.startswith(incomplete)]


def reading_options(function: Function) -> Function:
    """Give a command ``--lenient``, ``--limit`` and ``--no-limits`` as ``reading``."""

    @wraps(function)
    def with_reading(
        *args: Any,
        lenient: Sequence[str],
        limit: Sequence[tuple[str, int]],
        no_limits: bool,
        **rest: Any,
    ) -> Any:
        limits = Limits.none() if no_limits else Limits()
        for name, bound in limit:
            limits = limits.replace(name, bound)
        return function(*args, reading=Reading(frozenset(lenient), limits), **rest)

    return _with_options(
        with_reading,
        click.option(
            "--lenient",
            type=_LenientCode(),
            metavar="CODE",
            multiple=True,
            help="Let errors of this code pass, counted. Repeatable; see `cogx help codes`.",
        ),
        click.option(
            "--limit",
            type=_LimitSetting(),
            metavar="NAME=N",
            multiple=True,
            help="Change a bound (64MiB is fine too). Repeatable; see `cogx help limits`.",
        ),
        click.option("--no-limits", is_flag=True, help="Lift the bounds: for trusted archives."),
    )


def choosing_options(function: Function) -> Function:
    """Give a command ``--only``, ``--as-of``, ``--map-predicate``, ``--remap-scope``.

    They arrive together as ``choosing``.
    """

    @wraps(function)
    def with_choosing(
        *args: Any,
        only: tuple[str, ...],
        as_of: str | None,
        map_predicate: tuple[str, ...],
        remap_scope: tuple[str, ...],
        **rest: Any,
    ) -> Any:
        return function(*args, choosing=Choosing(only, as_of, map_predicate, remap_scope), **rest)

    return _with_options(
        with_choosing,
        click.option(
            "--only",
            metavar="KEY=VALUE",
            multiple=True,
            help="kind=, type=, predicate=, since=, until=, ids=A,B or ids=@FILE, system=, "
            "scope.user_id= and so on. Repeatable: one key, any of them; all keys must hold.",
        ),
        click.option("--as-of", metavar="TIME", help="Only facts that held at this time."),
        click.option(
            "--map-predicate", metavar="OLD=NEW", multiple=True, help="Rename facts' predicates."
        ),
        click.option(
            "--remap-scope",
            metavar="KEY=OLD:NEW",
            multiple=True,
            help="Change user_id and its like; an empty OLD sets it, an empty NEW drops it.",
        ),
    )


def password_option(function: Function) -> Function:
    """Give a command ``-W``: ask for the password of a server, as psql does.

    It goes into this process's environment, where the stores look for it.
    """

    @wraps(function)
    def with_password(*args: Any, password: bool, **rest: Any) -> Any:
        if password:
            secret = click.prompt("Password of the store", hide_input=True, err=True)
            os.environ["COGX_STORE_PASSWORD"] = secret
        return function(*args, **rest)

    return _with_options(
        with_password,
        click.option("-W", "--password", is_flag=True, help="Ask for the server's password."),
    )


def key_option(function: Function) -> Function:
    """Give a command ``--ask-key`` as ``api_key``: None unless it was asked for at a prompt.

    A key is no argument of a command line, where everybody could see it.
    """

    @wraps(function)
    def with_key(*args: Any, ask_key: bool, **rest: Any) -> Any:
        api_key = click.prompt("API key", hide_input=True, err=True) if ask_key else None
        return function(*args, api_key=api_key, **rest)

    return _with_options(
        with_key,
        click.option(
            "--ask-key",
            is_flag=True,
            help="Ask for the server's key; else COGNEE_API_KEY, or the saved login.",
        ),
    )


def output_options(function: Function) -> Function:
    """Give a command ``--json``, ``--quiet``, ``--verbose``, ``--progress`` as ``console``."""

    @wraps(function)
    def with_console(
        *args: Any, as_json: bool, quiet: bool, verbose: bool, progress: str, **rest: Any
    ) -> Any:
        common = click.get_current_context().find_root().params
        console = Console(
            quiet=quiet or bool(common.get("quiet")),
            verbose=verbose or bool(common.get("verbose")),
            json=as_json,
            progress=progress,
        )
        return function(*args, console=console, **rest)

    return _with_options(
        with_console,
        click.option("--json", "as_json", is_flag=True, help="Print machine output on stdout."),
        click.option("-q", "--quiet", is_flag=True, help="Print errors only."),
        click.option("-v", "--verbose", is_flag=True, help="Print more; a traceback for a bug."),
        click.option(
            "--progress",
            type=click.Choice(["auto", "json", "none"]),
            default="auto",
            help="On stderr: a bar on a terminal (auto), JSON lines, or none.",
        ),
    )


def writing_options(function: Function) -> Function:
    """Give a command ``--compression``, ``--level`` and ``--force``."""
    return _with_options(
        function,
        click.option(
            "--compression",
            type=click.Choice(["gz", "zst", "tar", "dir"]),
            help="The form to write, where the name of ARCHIVE does not say it.",
        ),
        click.option("--level", type=int, metavar="N", help="Of gz 0 to 3, of zst 1 to 19."),
        force_option,
    )


force_option: Final = click.option(
    "-f", "--force", is_flag=True, help="Overwrite what is there. Never done unasked."
)


def _with_options(function: Function, *options: Callable[[Function], Function]) -> Function:
    for option in reversed(options):
        function = option(function)
    return function


def one_of(what: str, name: str, known: Sequence[str]) -> str:
    """Return the name if it is known.

    Raises:
        UnknownName: it is not; the text suggests the nearest.
    """
    if name in known:
        return name
    error = UnknownName(what, name, known)
    error.args = (f"{error}{nearest(name, known)}",)
    raise error
