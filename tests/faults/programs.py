"""Knows what a forked child may be: cogx itself, cogx made unsafe on purpose, or the judge.

The unsafe ones are there to be caught: a sweep that passes them proves nothing of cogx.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from cogx.archive.validate import validate
from cogx.build_site import BuildSite
from cogx.cli.main import main, run
from cogx.engine.holdings import holdings_of
from cogx.engine.uris import parse_uri, reading
from cogx.errors import CogxError
from cogx.stores.sqlite import updater, writer
from cogx.stores.sqlite.database import open_to_change

ABSENT: Final = "absent"
BROKEN: Final = "broken: "


def cogx(arguments: list[str]) -> int:
    """Be the command line, signals and all."""
    sys.argv = ["cogx", *arguments]
    try:
        run()
    except SystemExit as end:
        return int(end.code or 0)


def unsafe_build(arguments: list[str]) -> int:
    """Be a cogx that makes a new store under its final name, not beside it."""

    class InPlace(BuildSite):
        def __init__(self, path: Path) -> None:
            super().__init__(path)
            self.built = path

        def publish(self) -> None:
            """Do nothing: it is there already."""

    setattr(writer, "BuildSite", InPlace)  # noqa: B010 - what it imported is not its own
    return cogx(arguments)


def unsafe_change(arguments: list[str]) -> int:
    """Be a cogx that changes a SQLite store without a journal."""

    def without_journal(path: Path, *, buffer_bytes: int) -> sqlite3.Connection:
        changed = open_to_change(path, buffer_bytes=buffer_bytes)
        changed.execute("PRAGMA journal_mode = OFF")
        return changed

    setattr(updater, "open_to_change", without_journal)  # noqa: B010
    return cogx(arguments)


def judge(arguments: list[str]) -> int:
    """Take steps and write down what each found.

    Args:
        arguments: the file to write to, and the steps as JSON: ``["state", TARGET]`` or
            ``["run", ARGUMENT, ...]``.
    """
    answer, steps = arguments
    found: list[Any] = []
    for verb, *what in json.loads(steps):
        found.append(main(what) if verb == "run" else state_of(what[0]))
    Path(answer).write_text(json.dumps(found), "utf-8")
    return 0


def state_of(target: str) -> str:
    """Return the fingerprint of what is there, ``absent``, or ``broken`` and why.

    Args:
        target: the URI of a store, or the path of an archive.
    """
    try:
        return _archive(target) if target.startswith("/") else _store(target)
    except CogxError as error:
        return f"{BROKEN}{error}"


def _archive(path: str) -> str:
    if not Path(path).exists():
        return ABSENT
    findings = validate(path)
    findings.raise_for_errors()
    return json.dumps(findings.fingerprint.hex())


def _store(uri: str) -> str:
    scheme, place, _ = parse_uri(uri)
    if not Path(place).exists():
        return ABSENT
    with reading(uri) as reader:
        fingerprint = json.dumps(holdings_of(reader).sums.hex())
    if scheme == "sqlite":
        with closing(sqlite3.connect(f"file:{place}?mode=ro", uri=True)) as database:
            (verdict,) = database.execute("PRAGMA integrity_check").fetchone()
        if verdict != "ok":
            return f"{BROKEN}{verdict}"
    return fingerprint


PROGRAMS: Final[dict[str, Callable[[list[str]], int]]] = {
    "cogx": cogx,
    "unsafe build": unsafe_build,
    "unsafe change": unsafe_change,
    "judge": judge,
}
