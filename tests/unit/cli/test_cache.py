from __future__ import annotations

from pathlib import Path

import pytest

from cogx.derive.cache import Entry, ResultCache

from .conftest import Call

RESULT = (
    b'[{"fields":{"kind":"entity","external_id":"a","external_system":"s","name":"Ann"},"own":[]}]'
)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where the cache is: with two results of one model, and one of another."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with ResultCache() as cache:
        for at, (key, model) in enumerate((("aa", "small"), ("ab", "small"), ("b", "large"))):
            origin = {"model": model, "prompt": "1"}
            cache.keep(Entry(key * 32, "chat", "1", origin, at, 1.0, f"Text {at}", RESULT))
        return cache.path


def test_it_says_where_results_are_and_whose(call: Call, path: Path) -> None:
    told = call("cache")
    assert told.code == 0
    first, *rows = told.out.splitlines()
    assert first.startswith(f"{path}: 3 results, ")
    assert [row.split("  ")[1:3] for row in rows] == [
        ["chat 1, model large, prompt 1", "1"],
        ["chat 1, model small, prompt 1", "2"],
    ]


def test_the_same_for_programs(call: Call, path: Path) -> None:
    told = call("cache", "--json").json()
    assert (told["path"], told["bytes"]) == (str(path), path.stat().st_size)
    assert told["derivers"][1] == {
        "deriver": "chat",
        "version": "1",
        "origin": {"model": "small", "prompt": "1"},
        "results": 2,
        "bytes": 2 * len(RESULT),
    }


@pytest.mark.usefixtures("path")
def test_the_newest_are_listed_first(call: Call) -> None:
    lines = call("cache", "--list").out.splitlines()
    assert lines[0] == f"{'b' * 12}  1970-01-01T00:00:02Z  chat 1, model large, prompt 1  Text 2"
    assert [line[:2] for line in lines] == ["bb", "ab", "aa"]


@pytest.mark.usefixtures("path")
def test_a_result_is_shown_by_how_its_key_begins(call: Call) -> None:
    told = call("cache", "aa")
    assert "Text 0" in told.out
    assert '"name": "Ann"' in told.out
    assert call("cache", "aa", "--json").json()["records"][0]["fields"]["name"] == "Ann"


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize(("key", "told"), [("a", "Several results"), ("c", "No result")])
def test_a_key_must_mean_one(call: Call, key: str, told: str) -> None:
    answer = call("cache", key)
    assert answer.code == 2
    assert told in answer.err


def test_it_can_be_emptied(call: Call, path: Path) -> None:
    assert call("cache", "--clear").code == 0
    assert not path.exists()
    assert ": 0 results, 0 bytes on disk" in call("cache").out


def test_a_damaged_one_can_be_emptied_too(call: Call, path: Path) -> None:
    path.write_bytes(b"no database, though long enough to be taken for one" * 20)
    answer = call("cache")
    assert answer.code == 2
    assert "cogx cache --clear" in answer.err
    assert call("cache", "--clear").code == 0
    assert call("cache").code == 0


@pytest.mark.usefixtures("path")
def test_only_one_wish_at_a_time(call: Call) -> None:
    assert call("cache", "--list", "--clear").code == 2
