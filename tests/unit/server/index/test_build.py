"""An index is that of the graph as it is, however many ask for it and whatever happens to it."""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import networkx as nx
import pytest

from cogx.engine.export import export_graph
from cogx.engine.import_ import import_archive
from cogx.engine.uris import open_reader
from cogx.errors import StoreUnavailable
from cogx.server.index import build, current_index, store_mark
from cogx.server.places import Places

Take = Callable[..., None]


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """Return places without a dataset."""
    places = Places(tmp_path / "data", "sqlite")
    places.make()
    return places


@pytest.fixture
def take(places: Places, tmp_path: Path) -> Take:
    """Return ``take(*names)``: entities of these names come into the dataset ``d``."""

    def into(*names: str) -> None:
        graph = nx.MultiDiGraph()
        for name in names:
            graph.add_node(name, type="Entity", name=name)
        export_graph(graph, str(tmp_path / "kb.tar"), force=True)
        import_archive(str(tmp_path / "kb.tar"), places.store_uri("d"))

    return into


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that grows with every store that is read."""
    seen: list[str] = []

    def reader(uri: str) -> Any:
        seen.append(uri)
        return open_reader(uri)

    monkeypatch.setattr(build, "open_reader", reader)
    return seen


def ids(places: Places) -> list[str]:
    """Return what the index holds now."""
    with current_index(places, "d") as index:
        return [item.id for item in index.iter_items()]


def beside(places: Places) -> list[str]:
    """Return the files of an index."""
    return sorted(path.name for path in places.dataset("d").glob("index*"))


def test_it_holds_what_the_store_holds(places: Places, take: Take) -> None:
    take("a", "b")
    assert ids(places) == ["a", "b"]


def test_without_a_store_it_is_empty(places: Places) -> None:
    assert ids(places) == []


def test_it_is_made_once(places: Places, take: Take, builds: list[str]) -> None:
    take("a")
    assert ids(places) == ids(places)
    assert len(builds) == 1


def test_it_is_made_anew_when_the_store_has_changed(places: Places, take: Take) -> None:
    take("a")
    ids(places)
    take("b")
    assert ids(places) == ["a", "b"]


def test_one_that_is_open_stays_as_it_is(places: Places, take: Take) -> None:
    take("a")
    with current_index(places, "d") as before:
        take("b")
        assert ids(places) == ["a", "b"]
        assert [item.id for item in before.iter_items()] == ["a"]


def test_many_who_ask_at_once_make_it_once(places: Places, take: Take, builds: list[str]) -> None:
    take("a", "b")
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: ids(places), range(8)))
    assert found == [["a", "b"]] * 8
    assert len(builds) == 1


@pytest.mark.parametrize("content", [b"", b"garbage" * 1000], ids=["empty", "garbage"])
def test_one_that_is_none_is_made_anew(places: Places, take: Take, content: bytes) -> None:
    take("a")
    places.index("d").write_bytes(content)
    assert ids(places) == ["a"]


def test_one_of_another_version_is_made_anew(places: Places, take: Take, builds: list[str]) -> None:
    take("a")
    ids(places)
    with closing(sqlite3.connect(places.index("d"))) as table:
        table.execute("UPDATE meta SET value = '0' WHERE name = 'version'")
        table.commit()
    ids(places)
    assert len(builds) == 2


def test_what_a_builder_that_died_has_left_is_cleared_away(places: Places, take: Take) -> None:
    take("a")
    places.index("d").with_name("index.sqlite.0123.partial").write_bytes(b"half")
    ids(places)
    assert beside(places) == ["index.sqlite", "index.sqlite.lock"]


def test_nothing_half_made_stays_when_the_store_cannot_be_read(
    places: Places, take: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    take("a")

    def refuse(_: str) -> Any:
        raise StoreUnavailable("busy")

    monkeypatch.setattr(build, "open_reader", refuse)
    with pytest.raises(StoreUnavailable):
        current_index(places, "d")
    assert beside(places) == ["index.sqlite.lock"]


def test_while_the_store_is_written_to_the_index_before_it_is_given(
    places: Places, take: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    take("a")
    ids(places)
    take("b")

    def refuse(_: str) -> Any:
        raise StoreUnavailable("busy")

    monkeypatch.setattr(build, "open_reader", refuse)
    assert ids(places) == ["a"]


def test_whoever_waits_too_long_is_told_so(
    places: Places, take: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    take("a")
    monkeypatch.setattr(build, "_LONGEST_WAIT_S", 0.0)
    with places.index("d").with_name("index.sqlite.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(StoreUnavailable, match="Try again"):
            current_index(places, "d")


def test_the_mark_of_a_store_changes_with_it(places: Places, take: Take) -> None:
    marks = [store_mark(places, "d")]
    for name in ("a", "b"):
        take(name)
        marks.append(store_mark(places, "d"))
    assert marks[0] == ""
    assert len(set(marks)) == 3
