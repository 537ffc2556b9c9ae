"""The bar appears only for a person, and only when the work is long."""

from __future__ import annotations

import io

import pytest

from cogx.cli import progress_bar
from cogx.cli.terminal import Console
from cogx.progress import SILENT


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def drawn(console: Console, monkeypatch: pytest.MonkeyPatch, patience_s: float) -> str:
    """Return what a terminal gets to see of some work."""
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)  # here: pytest changes it after fixtures
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(progress_bar, "_PATIENCE_S", patience_s)
    with progress_bar.progress_on(console) as progress:
        for task in ("read [bold]", "load"):
            progress.begin(task, total=10, unit="records")
            for _ in range(10):
                progress.advance(1)
            progress.end()
    return screen.getvalue()


def test_short_work_draws_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert drawn(Console(), monkeypatch, 60) == ""


def test_long_work_draws_a_bar_that_vanishes(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = drawn(Console(), monkeypatch, 0)
    assert "0 records" in seen
    assert "read [bold]" in seen
    assert "\x1b[2K" in seen[-40:]


@pytest.mark.parametrize("console", [Console(quiet=True), Console(progress="none")])
def test_nobody_is_shown_what_nobody_wants(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert drawn(console, monkeypatch, 0) == ""


def test_what_is_no_terminal_gets_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", io.StringIO())
    with progress_bar.progress_on(Console()) as progress:
        assert progress is SILENT


def test_json_lines_are_throttled(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    with progress_bar.progress_on(Console(progress="json")) as progress:
        progress.begin("load", total=None, unit="records")
        for _ in range(10_000):
            progress.advance(1)
        progress.end()
    assert len(stream.getvalue().splitlines()) < 20
    assert '"done": 10000' in stream.getvalue()
