"""Fixtures of the sweeps, and the table that stands at the end."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.faults.archives import write_first, write_second
from tests.faults.scenarios import SOURCES, SOURCES_MADE_BY, Scenario
from tests.faults.sweep import Sweep
from tests.faults.zygote import Zygote

ROW: Final = "fault sweep"
_MEMORY: Final = Path("/dev/shm")
_ROOM: Final = 256 << 20
_HEAD: Final = ("scenario", "fault", "points", "calls", "as before", "done", "ended with", "")


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """Give a directory, in memory if there is room: waiting for a disk proves nothing here."""
    roomy = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM
    with tempfile.TemporaryDirectory(prefix="faults-", dir=_MEMORY if roomy else None) as name:
        yield Path(name)


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    if shutil.which("strace") is None:
        pytest.fail("strace is not installed; it is what makes system calls fail")
    with Zygote() as loaded:
        yield loaded


@pytest.fixture(scope="session")
def sources(zygote: Zygote, folder: Path) -> Path:
    """Give the archives and stores that are read: few records for Ladybug, some for the rest."""
    made = folder / "sources"
    made.mkdir()
    write_first(made / "few.tar.gz", people=6)
    write_second(made / "few-more.tar.gz", people=6)
    write_first(made / "some.tar.gz", people=20, texts=4)
    write_second(made / "more.tar.gz", people=20)
    for command in SOURCES_MADE_BY:
        arguments = [part.replace(SOURCES, str(made)) for part in command]
        ended = zygote.run("cogx", arguments, folder)
        assert ended.code == 0, ended.err
    return made


@pytest.fixture(scope="session")
def sweep_of(zygote: Zygote, sources: Path, folder: Path) -> Callable[[Scenario], Sweep]:
    made: dict[str, Sweep] = {}

    def sweep(scenario: Scenario) -> Sweep:
        if scenario.name not in made:
            made[scenario.name] = Sweep(zygote, scenario, sources, folder / scenario.name)
        return made[scenario.name]

    return sweep


@pytest.fixture(scope="session")
def sample() -> bool:
    """Tell whether a few points of each sweep are enough: SAMPLE=1 is what CI runs."""
    return os.environ.get("SAMPLE", "0") not in ("", "0")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print a line for each sweep."""
    rows = [
        row
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", "") == "call"
        for name, row in report.user_properties
        if name == ROW
    ]
    if not rows:
        return
    table = [_HEAD, *sorted(map(tuple, rows))]
    widths = [max(len(row[column]) for row in table) for column in range(len(_HEAD))]
    terminalreporter.section("faults")
    for row in table:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        terminalreporter.line("  ".join(cells).rstrip())
    terminalreporter.line(f"{sum(int(row[2]) for row in rows)} points")
