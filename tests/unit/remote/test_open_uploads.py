"""Which uploads are under way is known to a later process, or to nobody; it is never in the way."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cogx.remote.open_uploads import forget_upload, known_upload, remember_upload

URL, SHA = "http://kb.example.org", "a" * 64


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path


def test_what_is_remembered_is_known_until_it_is_forgotten() -> None:
    remember_upload(URL, SHA, "one")
    assert known_upload(URL, SHA) == "one"
    forget_upload(URL, SHA)
    assert known_upload(URL, SHA) is None


def test_the_last_one_counts() -> None:
    remember_upload(URL, SHA, "one")
    remember_upload(URL, SHA, "two")
    assert known_upload(URL, SHA) == "two"


@pytest.mark.parametrize(("url", "sha256"), [("http://other.example.org", SHA), (URL, "b" * 64)])
def test_another_server_and_other_bytes_are_another_upload(url: str, sha256: str) -> None:
    remember_upload(URL, SHA, "one")
    assert known_upload(url, sha256) is None


def test_after_a_week_it_is_dropped(state: Path) -> None:
    remember_upload(URL, SHA, "one")
    (kept,) = [one for one in state.rglob("*") if one.is_file()]
    os.utime(kept, (1, 1))
    remember_upload(URL, "b" * 64, "two")
    assert known_upload(URL, SHA) is None


def test_where_nothing_can_be_kept_nothing_is(state: Path) -> None:
    (state / "cogx").write_text("a file in the way")
    remember_upload(URL, SHA, "one")
    forget_upload(URL, SHA)
    assert known_upload(URL, SHA) is None
