"""Knows the law: whatever is disturbed and wherever, it is as before or done, and can be repeated.

After each disturbance the target is the old graph or the whole new one; a rollback leaves one of
them and nothing beside it; the very same command, given again, gives what one clean run gives.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final

from tests.faults.injection import (
    EIO,
    ENOSPC,
    INTERRUPT,
    KILL,
    Point,
    Tracer,
    points_in,
    was_injected,
)
from tests.faults.programs import BROKEN
from tests.faults.scenarios import PLACE, SOURCES, Scenario
from tests.faults.zygote import Ended, Zygote

FAULTS: Final = {"kill": KILL, "EIO": EIO, "ENOSPC": ENOSPC, "Ctrl-C": INTERRUPT}
_FULL_DISK: Final = ("write", "pwrite", "mkdir", "link", "rename", "ftruncate", "fallocate", "copy")
"""Calls, by how they begin, that a full disk refuses."""
_INTERRUPTED: Final = 130
_REFUSED: Final = frozenset({1, 6, 7})
"""What a command may end with that the system let down: problems, store, output."""
_KILLED: Final = -9
_SAMPLE, _SMALL_SAMPLE = 4, 2
"""Into how many parts a sweep is cut; where they meet, a point is tried."""
_NO_MANIFEST: Final = "manifest.missing"
"""How an archive is refused of which the end is not there."""


@dataclass
class Outcome:
    """What a sweep found."""

    points: int = 0
    tried: int = 0
    calls: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    codes: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


class Sweep:
    """One scenario, run once in peace, then once for each point, disturbed there."""

    def __init__(self, zygote: Zygote, scenario: Scenario, sources: Path, folder: Path) -> None:
        self._zygote = zygote
        self._scenario = scenario
        self._sources = sources
        self._folder = folder
        self._trials = count()
        self._before = folder / "before"
        self._before.mkdir(parents=True)
        peaceful = self._fresh()
        if scenario.piecewise:
            Path(*self._placed([scenario.target], self._before)).mkdir()
        if scenario.before:
            self._peacefully(scenario.before, self._before)
        self._old = self._judged(peaceful, self._before, [["state", scenario.target]])[0]
        shutil.copytree(self._before, peaceful / "place", dirs_exist_ok=True)
        said = self._peacefully(scenario.command, peaceful / "place").err
        self._said = frozenset(self._plain(said, peaceful).splitlines())
        self._new = self._judged(peaceful, peaceful / "place", [["state", scenario.target]])[0]
        self._names = {"old": _names(self._before), "new": _names(peaceful / "place")}
        assert self._old != self._new, "the command must change something"
        assert not self._new.startswith(BROKEN), self._new
        self.points: Final = self._points()
        """Where a clean run can be disturbed."""

    def _points(self) -> list[Point]:
        folder = self._fresh()
        self._start(folder, traced=True)
        tracer = Tracer(self._process, folder / "trace", point=None)
        ended = self._zygote.end(folder)
        assert ended.code == 0, ended.err
        return points_in(tracer.seen())

    def run(self, fault: str, points: Sequence[Point]) -> Outcome:
        """Disturb the command at each of the points."""
        outcome = Outcome()
        for point in points:
            folder = self._fresh()
            self._try(fault, point, folder, outcome)
            shutil.rmtree(folder)
        return outcome

    def _try(self, fault: str, point: Point, folder: Path, outcome: Outcome) -> None:
        outcome.points += 1
        self._start(folder, traced=True)
        tracer = Tracer(self._process, folder / "trace", point=point, what=FAULTS[fault])
        ended = self._zygote.end(folder)
        trace = tracer.seen()
        reached = ended.code == _KILLED if fault == "kill" else was_injected(trace)
        if not reached:
            assert ended.code == 0, ended.err
            return
        outcome.tried += 1
        outcome.calls[point.call] += 1
        outcome.codes[ended.code] += 1
        for failure in self._faults_found(fault, point, folder, ended, outcome):
            outcome.failures.append(f"{self._scenario.name}, {fault} at {point}: {failure}")

    def _faults_found(
        self, fault: str, point: Point, folder: Path, ended: Ended, outcome: Outcome
    ) -> Iterator[str]:
        """Yield what is not as it must be after a disturbance."""
        place, copy = folder / "place", folder / "copy"
        left = _names(place)
        shutil.copytree(place, copy)
        state, *mended = self._judged(folder, copy, self._mending())
        found = self._name_of(mended[-1] if mended else state)
        # SQLite's journal, if it is there, says how to get back; a reader must not do that.
        told = self._name_of(state)
        outcome.states[found if told == found else f"{found} ({told} until taken back)"] += 1
        if found not in ("old", "new"):
            yield f"neither old nor new: {mended[-1] if mended else state}"
        elif told != found and not any(name.endswith("-journal") for name in left):
            yield f"{state} before, {found} after a rollback"
        if mended:
            if mended[0] != 0:
                yield f"rollback ended with {mended[0]}"
            if found in self._names and _names(copy) != self._names[found]:
                yield f"rollback left {_names(copy)}"
        if fault != "kill":
            yield from self._words(fault, ended, found, self._plain(ended.err, folder))
        if fault != "kill" and found in self._names:
            yield from self._leftovers(fault, point, folder, left, found)
        yield from self._again(folder, place, found)

    def _mending(self) -> list[list[str]]:
        look = ["state", self._scenario.target]
        if not self._scenario.is_store:
            return [look]
        return [look, ["run", *self._scenario.command, "--rollback"], look]

    def _words(self, fault: str, ended: Ended, found: str, said: str) -> Iterator[str]:
        """Yield what is wrong with how the process ended and what it said."""
        if ended.code == 0:
            if found != "new":
                yield "ended with 0, and it is not done"
            return
        allowed = {_INTERRUPTED} if fault == "Ctrl-C" else _REFUSED
        if ended.code not in allowed:
            yield f"ended with {ended.code}: {ended.err[-500:]}"
        # What it says when all goes well may stand there too, if that came first.
        more = [line for line in said.splitlines() if line not in self._said]
        if [line.startswith("error: ") for line in more] != [True]:
            yield f"did not say one clear thing: {said[:2000]}"

    def _leftovers(
        self, fault: str, point: Point, folder: Path, left: set[str], found: str
    ) -> Iterator[str]:
        """Yield what a process left that ended on its own; it can help itself but for this."""
        if point.call in ("unlink", "unlinkat", "rmdir"):
            return
        if left != self._names[found]:
            yield f"left {sorted(left ^ self._names[found])}"
        # Ctrl-C may come when a temporary directory is made and Python does not know it yet: it is
        # empty, and the system clears it away.
        unknown = fault == "Ctrl-C" and point.call == "mkdir" and _is_one(folder / "tmp")
        if _names(folder / "tmp") and not unknown:
            yield f"left in TMPDIR: {sorted(_names(folder / 'tmp'))}"

    def _again(self, folder: Path, place: Path, found: str) -> Iterator[str]:
        """Yield what is wrong once the same command was given again."""
        scenario = self._scenario
        code, state = self._judged(
            folder, place, [["run", *scenario.command], ["state", scenario.target]]
        )
        expected = scenario.again if found == "new" else 0
        if code != expected:
            yield f"again: ended with {code}: {(folder / 'err').read_text('utf-8')[-500:]}"
        if state != self._new:
            yield f"again: {self._name_of(state)}, {state}"
        if _names(place) != self._names["new"]:
            yield f"again: left {sorted(_names(place) ^ self._names['new'])}"

    def _name_of(self, state: str) -> str:
        if state == self._old:
            return "old"
        if state == self._new:
            return "new"
        if self._scenario.piecewise and _NO_MANIFEST in state:
            return "old"
        return "broken" if state.startswith(BROKEN) else "between"

    def _fresh(self) -> Path:
        folder = self._folder / f"trial-{next(self._trials)}"
        folder.mkdir()
        shutil.copytree(self._before, folder / "place")
        return folder

    def _start(self, folder: Path, *, traced: bool) -> None:
        scenario = self._scenario
        command = self._placed(scenario.command, folder / "place")
        self._process = self._zygote.start(scenario.program, command, folder, traced=traced)

    def _peacefully(self, command: Sequence[str], place: Path) -> Ended:
        folder = place.parent
        ended = self._zygote.run("cogx", self._placed(command, place), folder, learn=True)
        assert ended.code == 0, ended.err
        return ended

    def _judged(self, folder: Path, place: Path, steps: list[list[str]]) -> list[Any]:
        answer = folder / "answer"
        placed = json.dumps([self._placed(step, place) for step in steps])
        ended = self._zygote.run("judge", [str(answer), placed], folder, learn=True)
        assert ended.code == 0, ended.err
        found: list[Any] = json.loads(answer.read_text("utf-8"))
        return found

    def _placed(self, command: Sequence[str], place: Path) -> list[str]:
        return [
            part.replace(PLACE, str(place)).replace(SOURCES, str(self._sources)) for part in command
        ]

    def _plain(self, text: str, folder: Path) -> str:
        return text.replace(str(folder), "").replace(str(self._sources), "").strip()


def chosen(points: Sequence[Point], fault: str, scenario: Scenario, *, sample: bool) -> list[Point]:
    """Return the points to try: all, or a sample of them that is spread evenly and has the last."""
    if fault == "ENOSPC":
        points = [point for point in points if point.call.startswith(_FULL_DISK)]
    if sample:
        parts = _SAMPLE if fault == "kill" else _SMALL_SAMPLE
        return [points[at * (len(points) - 1) // parts] for at in range(fault != "kill", parts + 1)]
    if fault != "kill" and scenario.every > 1:
        return [*points[:: scenario.every], *points[-10:]]
    return list(points)


def _is_one(folder: Path) -> bool:
    return len(_names(folder)) == 1 and next(folder.iterdir()).is_dir()


def _names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}
