"""The place where a store is built, when the disk or the user stops it; nothing stays behind."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any, NoReturn

import pytest

from cogx.build_site import BuildSite, clear_leftovers, tidy
from cogx.errors import OutputError, StoreBusy


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "graph.sqlite"


def refuse(*_args: object, **_options: object) -> NoReturn:
    raise OSError(28, os.strerror(28))


def interrupt(*_args: object, **_options: object) -> NoReturn:
    raise KeyboardInterrupt


def left_by_the_dead(path: Path) -> None:
    (path.parent / f".{path.name}.abcdefgh.cogx-partial" / "nodes").mkdir(parents=True)
    (path.parent / f".{path.name}.cogx-lock").touch()


@pytest.mark.parametrize("call", ["ftruncate", "write"])
def test_a_disk_that_refuses_the_lock_is_told_and_keeps_no_lock(
    path: Path, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, call, refuse)
    with pytest.raises(OutputError, match="No space left"):
        BuildSite(path)
    assert list(path.parent.iterdir()) == []


def test_an_interrupt_while_the_lock_is_taken_leaves_none(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "write", interrupt)
    with pytest.raises(KeyboardInterrupt):
        BuildSite(path)
    assert list(path.parent.iterdir()) == []


def test_an_interrupt_right_after_the_directory_was_made_leaves_none(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def made_and_stopped(**how: Any) -> NoReturn:
        Path(how["dir"], f"{how['prefix']}abcdefgh{how['suffix']}").mkdir()
        raise KeyboardInterrupt

    monkeypatch.setattr(tempfile, "TemporaryDirectory", made_and_stopped)
    with pytest.raises(KeyboardInterrupt):
        BuildSite(path)
    assert list(path.parent.iterdir()) == []


def test_what_the_dead_have_left_is_cleared_away(path: Path) -> None:
    left_by_the_dead(path)
    tidy(path)
    assert list(path.parent.iterdir()) == []
    left_by_the_dead(path)
    assert clear_leftovers(path) == 1
    left_by_the_dead(path)
    BuildSite(path).close()
    assert list(path.parent.iterdir()) == []


def test_what_the_living_build_is_not_cleared_away(path: Path) -> None:
    site = BuildSite(path)
    tidy(path)
    with pytest.raises(StoreBusy):
        clear_leftovers(path)
    assert site.directory.is_dir()
    site.close()
