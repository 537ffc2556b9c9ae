from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path

import pytest

from cogx.derive.cache import Entry, ResultCache, cache_path
from cogx.errors import BadSetting


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "derived.sqlite"


def entry(key: str, *, model: str = "m", result: bytes = b"[]", seconds: float = 2.0) -> Entry:
    return Entry(key, "chat", "1", {"model": model}, 1e9, seconds, "Once upon", result)


def test_what_is_kept_is_there_for_the_next_process(path: Path) -> None:
    with ResultCache(path) as cache:
        cache.keep(entry("k", result=b"[1]"))
    with ResultCache(path) as cache:
        assert list(cache.iter_entries()) == [entry("k", result=b"[1]")]
        assert (cache.get("k"), cache.get("other")) == (b"[1]", None)
        assert (cache.holds("k"), cache.holds("other")) == (True, False)


def test_what_is_kept_is_found_by_how_its_key_begins(path: Path) -> None:
    with ResultCache(path) as cache:
        for key in ("ab1", "ab2", "b", "f" * 64):
            cache.keep(entry(key))
        assert [one.key for one in cache.iter_entries("ab")] == ["ab1", "ab2"]
        assert [one.key for one in cache.iter_entries("f")] == ["f" * 64]


def test_to_look_makes_no_file(path: Path) -> None:
    with ResultCache(path) as cache:
        assert cache.get("k") is None
        assert cache.shares() == []
    assert not path.exists()


def test_only_its_owner_reads_it(path: Path) -> None:
    with ResultCache(path) as cache:
        cache.keep(entry("k"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_results_are_counted_by_who_made_them(path: Path) -> None:
    with ResultCache(path) as cache:
        for key, model in (("a", "m"), ("b", "m"), ("c", "n")):
            cache.keep(entry(key, model=model, result=b"[22]"))
        found = [(one.origin["model"], one.results, one.bytes) for one in cache.shares()]
        assert found == [("m", 2, 8), ("n", 1, 4)]


def test_how_long_a_result_takes_is_known_by_model(path: Path) -> None:
    with ResultCache(path) as cache:
        cache.keep(entry("a", seconds=1.0))
        cache.keep(entry("b", seconds=3.0))
        assert cache.seconds_of("chat", "1", {"model": "m"}) == 2.0
        assert cache.seconds_of("chat", "1", {"model": "n"}) is None


def test_two_may_write_at_once(path: Path) -> None:
    with ResultCache(path) as one, ResultCache(path) as other:
        one.keep(entry("a"))
        other.keep(entry("b"))
        one.keep(entry("b"))
        assert [one.key for one in other.iter_entries()] == ["a", "b"]


@pytest.mark.parametrize("damage", [b"this is no database at all, but long enough to be one" * 9])
def test_a_damaged_file_is_told_and_can_be_emptied(path: Path, damage: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(damage)
    with ResultCache(path) as cache:
        with pytest.raises(BadSetting, match="cogx cache --clear, or import with --no-cache"):
            cache.get("k")
        cache.clear()
        cache.keep(entry("k"))
        assert cache.holds("k")


def test_another_layout_is_told(path: Path) -> None:
    path.parent.mkdir()
    table = sqlite3.connect(path)
    table.execute("PRAGMA user_version = 99")
    table.close()
    with ResultCache(path) as cache, pytest.raises(BadSetting, match="another version of cogx"):
        cache.holds("k")


def test_a_place_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = ResultCache(tmp_path / "file" / "derived.sqlite")
    with pytest.raises(BadSetting, match="--no-cache"):
        cache.keep(entry("k"))


def test_clearing_what_is_not_there_is_fine(path: Path) -> None:
    ResultCache(path).clear()


def test_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert cache_path() == Path("/somewhere/cogx/derived.sqlite")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", os.sep + "home")
    assert cache_path() == Path("/home/.cache/cogx/derived.sqlite")
