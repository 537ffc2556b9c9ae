"""Knows how a failure is told: to people in a few calm lines, to programs as one JSON object."""

from __future__ import annotations

import traceback
from dataclasses import dataclass, field
from typing import Any, Final

import click

from cogx.cli import exit_codes
from cogx.errors import (
    CogxError,
    Interrupted,
    InvalidArchive,
    RemoteUnavailable,
    StoreUnavailable,
)
from cogx.problems import Problem

_SHOWN_PROBLEMS: Final = 5


class Terminated(KeyboardInterrupt):
    """A signal asked the process to end; handled like Ctrl-C, told with another code."""


@dataclass(slots=True)
class Failure:
    """One failure, ready to be told; ``lines`` stand behind the message."""

    type: str
    message: str
    exit_code: int
    lines: list[str] = field(default_factory=list)
    context: dict[str, Any] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    retryable: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the object that --json prints on stderr."""
        plain: dict[str, Any] = {
            "type": self.type,
            "message": self.message.removesuffix(":"),
            "exit_code": self.exit_code,
            "retryable": self.retryable,
        }
        if self.problems:
            plain["problems"] = [problem_json(problem) for problem in self.problems]
        return {"error": plain | {k: v for k, v in self.context.items() if k not in plain}}


def problem_json(problem: Problem) -> dict[str, Any]:
    """Return one problem as plain JSON."""
    return {
        "code": problem.code,
        "severity": str(problem.severity),
        "member": problem.member,
        "line": problem.line,
        "field": problem.field,
        "message": problem.message,
        "remedy": problem.remedy,
    }


def failure_of(error: BaseException, *, verbose: bool = False) -> Failure | None:
    """Return how to tell an error; None for a closed pipe, which nobody is told about."""
    if isinstance(error, BrokenPipeError) or isinstance(error.__cause__, BrokenPipeError):
        return None  # that is its reader's right
    if isinstance(error, KeyboardInterrupt | Interrupted):
        return _stopped(error)
    if isinstance(error, click.ClickException):
        return _misused(error)
    if isinstance(error, CogxError):
        return _told(error, verbose=verbose)
    if isinstance(error, OSError | MemoryError):
        return _system(error)
    return _bug(error, verbose=verbose)


def _stopped(error: BaseException) -> Failure:
    terminated = isinstance(error, Terminated)
    code = exit_codes.TERMINATED if terminated else exit_codes.INTERRUPTED
    return Failure("Interrupted", "Stopped; nothing half-written was left.", code)


def _misused(error: click.ClickException) -> Failure:
    failure = Failure("UsageError", error.format_message(), exit_codes.USAGE)
    if isinstance(error, click.UsageError) and error.ctx is not None:
        failure.lines.append(f"{error.ctx.command_path} --help shows how it is called.")
    return failure


def _told(error: CogxError, *, verbose: bool) -> Failure:
    message = error.full_text
    code = exit_codes.exit_code_of(error)
    failure = Failure(
        type(error).__name__,
        message,
        code,
        context={name: plain(value) for name, value in error.context.items()},
        retryable=isinstance(error, StoreUnavailable | RemoteUnavailable)
        and not error.context.get("may_have_happened"),
    )
    if isinstance(error, InvalidArchive):
        failure.problems = error.problems
        if "\n" in message:  # its text lists them; we list them ourselves, each line made safe
            failure.message = message.partition("\n")[0]
            failure.lines = _listed(
                error.problems, len(error.problems) if verbose else _SHOWN_PROBLEMS
            )
    return failure


def _listed(problems: tuple[Problem, ...], most: int) -> list[str]:
    lines = []
    for problem in problems[:most]:
        lines += [f"  {problem}", f"    {problem.remedy}"]
    if len(problems) > most:
        lines.append(f"  ... and {len(problems) - most:,} more; cogx validate shows all.")
    return lines


def _system(error: OSError | MemoryError) -> Failure:
    if isinstance(error, MemoryError):
        message = "There is not enough memory. Lower --limit line_bytes=N, or use a larger machine."
    else:
        name = error.filename if isinstance(error.filename, str) else ""
        reason = error.strerror or str(error) or type(error).__name__
        message = f"{name}: {reason}." if name else f"The system refused: {reason}."
    return Failure(type(error).__name__, message, exit_codes.exit_code_of(error))


def _bug(error: BaseException, *, verbose: bool) -> Failure:
    name = type(error).__name__
    failure = Failure(name, f"{name}: {error}" if str(error) else name, exit_codes.BUG)
    if verbose:
        failure.lines = "".join(traceback.format_exception(error)).rstrip().split("\n")
    failure.lines += [
        "This is a bug in cogx, not in your data. Please report it with the command you ran, "
        "the output of cogx --version",
        "and "
        + ("the lines above." if verbose else "what the same command prints with --verbose."),
    ]
    return failure


def plain(value: object) -> Any:
    """Return a value of an error's context as plain JSON."""
    if isinstance(value, Problem):
        return problem_json(value)
    if isinstance(value, str | int | float | bool | None):
        return value
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return str(value)
