"""Knows how a call of cogx begins and ends: the only place that catches what goes wrong."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Sequence
from itertools import pairwise
from types import FrameType
from typing import Any, NoReturn

import click

from cogx.cli.exit_codes import FINE, PIPE_CLOSED
from cogx.cli.failures import Failure, Terminated, failure_of
from cogx.cli.group import COMPLETE, LazyGroup
from cogx.cli.terminal import force_utf8, json_text, paint, printable
from cogx.generator import VERSION

_EPILOG = (
    "ARCHIVE is a directory, .tar, .tar.gz or .tar.zst; - means stdin or stdout. "
    "STORE is ladybug:PATH, sqlite:PATH, postgresql://HOST, bolt://HOST, json:PATH, graphml:PATH, "
    "or cognee:DATASET to export. "
    "Exit codes: 0 fine, 1 the data has problems, 2 wrong usage; `cogx help exit-codes` has all."
)


@click.group(
    cls=LazyGroup,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(VERSION, prog_name="cogx", message="%(prog)s %(version)s")
@click.option("-q", "--quiet", is_flag=True, help="Print errors only.")
@click.option("-v", "--verbose", is_flag=True, help="Print more; a traceback for a bug.")
def cogx(quiet: bool, verbose: bool) -> None:
    """Move graph memory between systems as COGX archives, and prove that nothing was lost."""


_OBJECTS_PER_COLLECTION = 50_000
"""Records hold no cycles: looking for some among them less often saves a tenth of an import."""


def run() -> NoReturn:
    """Be the process: heed signals, then exit with the code of :func:`main`."""
    gc.set_threshold(_OBJECTS_PER_COLLECTION, 20, 20)
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        # nohup ignores SIGHUP on purpose.
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _terminate)
    sys.exit(main())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; nothing is raised.

    Args:
        arguments: without the program's name; default those of the process.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    force_utf8()
    try:
        code = _called(given)
        sys.stdout.flush()
    except BaseException as error:  # the one catch site
        return _fail(error, given)
    return code


def _called(given: list[str]) -> int:
    instruction = os.environ.get(COMPLETE)
    if instruction:
        from click.shell_completion import shell_complete

        return shell_complete(cogx, {}, "cogx", COMPLETE, instruction)
    # Not cogx.main(): that catches and exits on its own.
    try:
        with cogx.make_context("cogx", given or ["--help"]) as context:
            result: Any = cogx.invoke(context)
    except click.exceptions.Exit as end:
        result = end.exit_code
    return result if isinstance(result, int) else FINE


def _fail(error: BaseException, given: list[str]) -> int:
    options = given[: given.index("--")] if "--" in given else given
    verbose = "--verbose" in options or "-v" in options
    failure = failure_of(error, verbose=verbose)
    try:
        if failure is None:
            _let_go(sys.stdout)
            return PIPE_CLOSED
        sys.stdout.flush()
        _tell(failure, as_json="--json" in options or "json" in _values(options, "--format"))
        sys.stderr.flush()
    except BrokenPipeError:
        _let_go(sys.stdout)
        _let_go(sys.stderr)
    return PIPE_CLOSED if failure is None else failure.exit_code


def _values(options: list[str], name: str) -> list[str]:
    return [two for one, two in pairwise(options) if one == name] + [
        one.partition("=")[2] for one in options if one.startswith(name + "=")
    ]


def _tell(failure: Failure, *, as_json: bool) -> None:
    if as_json:
        sys.stderr.write(json_text(failure.to_json()) + "\n")
        return
    first, *others = [*failure.message.split("\n"), *failure.lines]
    sys.stderr.write(f"{paint(sys.stderr, 'error')}: {printable(first)}\n")
    for line in others:
        sys.stderr.write(printable(line) + "\n")


def _let_go(stream: Any) -> None:
    """Give a stream whose reader is gone another end, so that nothing complains at exit."""
    try:
        descriptor = os.open(os.devnull, os.O_WRONLY)
        os.dup2(descriptor, stream.fileno())
        os.close(descriptor)
    except (OSError, ValueError):
        return


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    raise Terminated(number)
