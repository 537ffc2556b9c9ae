"""Knows how to run cogx hundreds of times quickly: one process has it loaded and forks the rest.

Must never know what a fault is. ``python -m tests.faults.zygote`` reads one request a line, and
answers each with the child's number and then with how it ended; :class:`Zygote` speaks to it.
A child may ask to be traced: it waits until a tracer holds it, so that the first system call
that a tracer counts is the first one of the work, not one of Python's start.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Self

from tests.faults.programs import PROGRAMS

ROOT = Path(__file__).parents[2]
_ANY_TRACER = (0x59616D61, -1)
"""prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY): else Yama lets only a parent trace."""
_READY = b"."
_PATIENCE_S = 60


@dataclass(frozen=True)
class Ended:
    """How a child ended: its exit code (minus the signal's number), and what it wrote."""

    code: int
    out: str
    err: str


class Zygote:
    """The loaded process; a context manager."""

    def __init__(self) -> None:
        # Threads of a numerical library would be lost by forking; a fixed seed makes each fork of
        # a later run behave alike.
        fixed = {"OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.zygote"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=os.environ | fixed,
        )

    def start(
        self,
        program: str,
        arguments: Sequence[str],
        folder: Path,
        *,
        traced: bool = False,
        learn: bool = False,
    ) -> int:
        """Start a child and return its process number.

        Args:
            program: a key of :data:`tests.faults.programs.PROGRAMS`.
            folder: gets what the child writes to stdout and stderr, and is its TMPDIR's parent.
            traced: let it wait for a tracer.
            learn: let the zygote load afterwards what this child had to load.
        """
        request = {
            "program": program,
            "arguments": list(arguments),
            "folder": str(folder),
            "traced": traced,
            "learn": learn,
        }
        self._ask(json.dumps(request))
        return int(self._answer())

    def end(self, folder: Path) -> Ended:
        """Wait for the child that was started last."""
        code = int(self._answer())
        return Ended(code, *((folder / name).read_text("utf-8") for name in ("out", "err")))

    def run(
        self, program: str, arguments: Sequence[str], folder: Path, *, learn: bool = False
    ) -> Ended:
        """Run a child to its end."""
        self.start(program, arguments, folder, learn=learn)
        return self.end(folder)

    def _ask(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"the loaded process ended with {self._process.wait()}"
        return line

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


def _serve() -> None:
    """Fork a child for every request; return only in a child, which has its work still to do."""
    for line in sys.stdin:
        request = json.loads(line)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            _become(request, writing)
        os.close(writing)
        os.read(reading, len(_READY))  # what it does until then is not the program's
        _say(child)
        with os.fdopen(reading) as learnt:
            names = learnt.read().split()
        _, status = os.waitpid(child, 0)
        for name in names:
            with suppress(ImportError):  # some are made by other modules and have no file
                importlib.import_module(name)
        _say(os.waitstatus_to_exitcode(status))


def _say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def _become(request: dict[str, Any], parent: int) -> NoReturn:
    """Be the program, as if it had been started by itself."""
    folder = Path(request["folder"])
    temporary = folder / "tmp"
    temporary.mkdir(exist_ok=True)
    os.environ["TMPDIR"] = str(temporary)
    for descriptor, name in ((1, "out"), (2, "err")):
        file = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(file, descriptor)
        os.close(file)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.alarm(2 * _PATIENCE_S)  # nothing may hang
    tempfile.tempdir = None  # whatever was chosen before the fork
    os.write(parent, _READY)
    if request["traced"]:
        os.close(parent)
        _await_tracer()
    program: Callable[[list[str]], int] = PROGRAMS[request["program"]]
    loaded = set(sys.modules)
    code = program(request["arguments"])
    if request["learn"]:
        os.write(parent, " ".join(sys.modules.keys() - loaded).encode())
    sys.exit(code)


def _await_tracer() -> None:
    ctypes.CDLL(None).prctl(*_ANY_TRACER, 0, 0, 0)
    status = Path("/proc/self/status")
    patience = time.monotonic() + _PATIENCE_S
    while "TracerPid:\t0\n" in status.read_text():
        if time.monotonic() > patience:
            sys.exit("no tracer came")
        time.sleep(0.001)
    time.sleep(0.003)  # it holds us, and now comes to count


if __name__ == "__main__":
    _serve()
