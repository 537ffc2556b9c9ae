"""Fixtures around one real cognee: the process, the archives it writes, and the cogx command.

Each archive is made, imported and exported once per session; the tests only look at results.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from . import comparison, environment
from .language_model import LanguageModel
from .server_process import CogneeServer
from .session import PeerSession

HERE = Path(__file__).parent
ROOT = Path(__file__).parents[2]
REAL_SMALL = ROOT / "fixtures" / "archives" / "real-small.cogx.tar.gz"
Cogx = Callable[..., str]
BOB, EVE = "bob@example.org", "eve@example.org"
TEXT = "Grüße\nline two\u2028still two\n"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Collect these tests only where they are asked for by name, as `make interop` does."""
    base = config.invocation_params.dir
    asked = [(base / argument.partition("::")[0]).resolve() for argument in config.args]
    return None if any(path.is_relative_to(HERE) for path in asked) else True


@dataclass(frozen=True)
class Reading:
    """An archive and what the real cognee reads in it."""

    archive: Path
    answer: dict[str, Any]
    records: list[comparison.Record]


@pytest.fixture(scope="session")
def cognee_python() -> Path:
    """Give the python of cognee's environment; fail, never skip, where there is none."""
    place = environment.location()
    if not environment.is_current(place):
        pytest.fail(f"no up-to-date cognee environment at {place}: run `make interop`")
    return environment.python_of(place)


@pytest.fixture(scope="session")
def peer(cognee_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PeerSession]:
    """Keep one cognee process for all tests: its import alone takes seconds."""
    with PeerSession(cognee_python, tmp_path_factory.mktemp("cognee")) as session:
        yield session


@pytest.fixture(scope="session")
def language_model() -> Iterator[LanguageModel]:
    """Keep what the server asks in the place of a language model; it refuses until it is told."""
    with LanguageModel() as running:
        yield running


@pytest.fixture(scope="session")
def server(
    cognee_python: Path, language_model: LanguageModel, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CogneeServer]:
    """Keep one cognee server for all tests."""
    home = tmp_path_factory.mktemp("server")
    with CogneeServer(cognee_python, home, language_model.settings) as running:
        yield running


@pytest.fixture(scope="session")
def cogx() -> Cogx:
    """Run the cogx command as a person would; fail with its own words on another exit code."""

    def run(*arguments: str | Path, exit_code: int = 0) -> str:
        command = [sys.executable, "-m", "cogx", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", cwd=ROOT, check=False)
        if done.returncode != exit_code:
            pytest.fail(
                f"{' '.join(command[1:])}: exit {done.returncode}, expected {exit_code}\n"
                f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
            )
        return done.stdout

    return run


@pytest.fixture(scope="session")
def read(peer: PeerSession, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Reading]:
    """Let the real cognee read an archive, every record."""

    def reading(archive: Path) -> Reading:
        records = tmp_path_factory.mktemp("reading") / "records.jsonl"
        answer = peer.run("read", archive, "--records", records)
        return Reading(archive, answer, comparison.load_lines(records))

    return reading


@pytest.fixture(scope="session")
def graph_of(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[PeerSession, str], list[comparison.Record]]:
    """Let a cognee process show the whole graph of one of its datasets."""

    def graph(session: PeerSession, dataset: str) -> list[comparison.Record]:
        lines = tmp_path_factory.mktemp("graph") / "graph.jsonl"
        session.run("graph", "--dataset", dataset, "--out", lines)
        return comparison.load_lines(lines)

    return graph


@pytest.fixture(scope="session")
def readings(
    peer: PeerSession,
    read: Callable[[Path], Reading],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Reading]:
    """Give the archives written by a real cognee: one of this minute, and the committed one."""
    fresh = tmp_path_factory.mktemp("fresh") / "fresh.cogx.tar.gz"
    peer.run("sample", fresh, "--dataset", "sample")
    return {"fresh": read(fresh), "real-small": read(REAL_SMALL)}


@pytest.fixture(scope="session", params=["fresh", "real-small"])
def original(request: pytest.FixtureRequest, readings: dict[str, Reading]) -> Reading:
    """Give each of them in turn; apart from ``readings``, for pytest remakes a parametrized one."""
    return readings[request.param]


@pytest.fixture(scope="session", params=["ladybug", "json"])
def store(
    request: pytest.FixtureRequest,
    cogx: Cogx,
    original: Reading,
    tmp_path_factory: pytest.TempPathFactory,
) -> str:
    """Give a store into which ``cogx import`` has put the original archive."""
    place = f"{request.param}:{tmp_path_factory.mktemp('store') / 'graph'}"
    cogx("import", original.archive, place)
    return place


@pytest.fixture(scope="session")
def reexport(
    cogx: Cogx,
    store: str,
    read: Callable[[Path], Reading],
    tmp_path_factory: pytest.TempPathFactory,
) -> Reading:
    """Give the archive that ``cogx export`` writes from that store, as cognee reads it."""
    archive = tmp_path_factory.mktemp("reexport") / "out.cogx.tar.gz"
    cogx("export", store, archive)
    return read(archive)


@dataclass(frozen=True)
class Home:
    """A cognee at rest with a dataset `sample` of two people and one `papers`.

    ``bobs`` is his `sample`, which Eve may read, ``diary`` his `diary`, which she may not.
    """

    place: Path
    graph: list[comparison.Record]
    theirs: Reading
    bobs: str
    diary: str

    @property
    def root(self) -> Path:
        return self.place / "system"

    def uri(self, dataset: str, more: str = "") -> str:
        return f"cognee:{dataset}?root={self.root}{more}"


@pytest.fixture(scope="session")
def home(
    cognee_python: Path,
    graph_of: Callable[[PeerSession, str], list[comparison.Record]],
    read: Callable[[Path], Reading],
    tmp_path_factory: pytest.TempPathFactory,
) -> Home:
    place = tmp_path_factory.mktemp("local")
    notes = place / "in" / "notes.txt"
    notes.parent.mkdir()
    notes.write_bytes(TEXT.encode())
    theirs = place / "theirs.cogx.tar.gz"
    with PeerSession(cognee_python, place) as session:
        session.run("sample", theirs, "--dataset", "sample")
        session.run("add", notes, "--dataset", "papers")
        bobs = session.run("add", "--dataset", "sample", "--owner", BOB)["dataset"]
        diary = session.run("add", "--dataset", "diary", "--owner", BOB)["dataset"]
        session.run("add", "--dataset", "diary", "--owner", EVE)
        session.run("share", EVE, "--dataset", "sample", "--owner", BOB)
        graph = graph_of(session, "sample")
    return Home(place, graph, read(theirs), bobs, diary)
