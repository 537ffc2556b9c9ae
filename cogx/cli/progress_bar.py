"""Knows how long work is shown on stderr: a bar on a terminal, JSON lines, or nothing.

The bar's library is loaded only when the work has lasted long enough for a person to wonder.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from cogx.cli.terminal import Console, is_terminal, json_text
from cogx.progress import SILENT, Progress

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

_PATIENCE_S: Final = 0.5
_LINE_EVERY_S: Final = 0.25


@contextmanager
def progress_on(console: Console) -> Iterator[Progress]:
    """Give the progress that the user asked for; whatever is drawn is gone at the end."""
    if console.progress == "json":
        yield JsonLines()
    elif console.progress == "none" or console.quiet or not is_terminal(sys.stderr):
        yield SILENT
    else:
        bar = Bar()
        try:
            yield bar
        finally:
            bar.close()


class JsonLines:
    """One JSON object a line: task, done, total, unit, finished; a few lines a second."""

    def __init__(self) -> None:
        self._task: dict[str, Any] = {}
        self._next = 0.0

    def begin(self, task: str, *, total: int | None, unit: str) -> None:
        """Start a task."""
        self._task = {"task": task, "done": 0, "total": total, "unit": unit, "finished": False}
        self._tell()

    def advance(self, amount: int) -> None:
        """Count; say so when the last line is old enough."""
        if self._task:
            self._task["done"] += amount
            if time.monotonic() >= self._next:
                self._tell()

    def end(self) -> None:
        """Say that the task is finished."""
        if self._task:
            self._task["finished"] = True
            self._tell()
            self._task = {}

    def _tell(self) -> None:
        self._next = time.monotonic() + _LINE_EVERY_S
        sys.stderr.write(json_text(self._task) + "\n")
        sys.stderr.flush()


class Bar:
    """One line that moves, and vanishes when the work is done."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._bars: Bars | None = None
        self._row: Any = None
        self._task: tuple[str, int | None, str] | None = None
        self._done = 0

    def begin(self, task: str, *, total: int | None, unit: str) -> None:
        """Start a task; the one before leaves the screen."""
        self._drop_row()
        self._task, self._done = (task, total, unit), 0
        self._draw()

    def advance(self, amount: int) -> None:
        """Move the bar."""
        self._done += amount
        self._draw()

    def end(self) -> None:
        """Take the task off the screen."""
        self._drop_row()
        self._task = None

    def close(self) -> None:
        """Give the line back to the terminal. May be called twice."""
        self._drop_row()
        if self._bars is not None:
            self._bars.stop()
            self._bars = None

    def _draw(self) -> None:
        if self._task is None:
            return
        if self._bars is None:
            if time.monotonic() - self._began < _PATIENCE_S:
                return
            self._bars = _new_bars()
            self._bars.start()
        new = self._row is None
        if new:
            task, total, unit = self._task
            self._row = self._bars.add_task(task, total=total, unit=unit)
        self._bars.update(self._row, completed=self._done, refresh=new)

    def _drop_row(self) -> None:
        if self._bars is not None and self._row is not None:
            self._bars.remove_task(self._row)
        self._row = None


def _new_bars() -> Bars:
    from rich.console import Console as RichConsole
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.completed:,.0f} {task.fields[unit]}", markup=False),
        TimeRemainingColumn(),
        console=RichConsole(stderr=True),
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
