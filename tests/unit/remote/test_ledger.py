"""The ledger: what was sent is known later, what is there is not missing, one holder at a time."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from cogx.errors import OutputError, StoreBusy
from cogx.remote.ledger import Hashed, Ledger, Standing, ledger_file
from cogx.remote.state import is_held, state_directory

A = Hashed(0, "a", "a.txt", 10, "a" * 64, "a" * 32)
B = Hashed(1, "b", "b.txt", 20, "b" * 64, "b" * 32)
AGAIN = Hashed(2, "c", "c.txt", 10, "a" * 64, "a" * 32)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "notes.sqlite"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    with Ledger(path, "A sync of notes", {}) as opened:
        yield opened


def held(path: Path) -> Ledger:
    return Ledger(path, "A sync of notes", {})


def test_what_is_not_there_is_missing_once(ledger: Ledger) -> None:
    for file in (A, B, AGAIN):
        ledger.note_here(file)
    ledger.compare(None)
    assert ledger.standing("missing") == Standing(2, 30)
    assert ledger.standing("repeated") == Standing(1, 10)
    assert [ledger.missing(number) for number in range(3)] == [A, B, None]


@pytest.mark.parametrize("mark", [A.sha256, A.md5])
def test_a_hash_that_is_shown_says_that_a_file_is_there(ledger: Ledger, mark: str) -> None:
    ledger.note_here(A)
    ledger.note_there(["x", mark, mark])
    ledger.compare("d")
    assert (ledger.missing(0), ledger.standing("unchanged").files) == (None, 1)


def test_what_was_sent_is_there_while_its_id_is_shown(path: Path) -> None:
    with held(path) as first:
        first.note_here(A)
        first.compare(None)
        first.note_sent(A, "d", "data-1")
    for shown, missing in ((["data-1"], None), (["data-2"], A)):
        with held(path) as later:
            later.note_here(A)
            later.note_there(shown)
            later.compare("d")
            assert later.missing(0) == missing


def test_what_was_sent_to_one_dataset_is_not_in_another(path: Path) -> None:
    with held(path) as first:
        first.note_here(A)
        first.note_sent(A, "d", "data-1")
    with held(path) as later:
        later.note_here(A)
        later.note_there(["data-1"])
        later.compare("e")
        assert later.missing(0) == A


def test_where_nothing_is_shown_the_ledgers_word_counts(path: Path) -> None:
    with held(path) as first:
        first.note_here(A)
        first.note_sent(A, "d", None)
    with held(path) as later:
        later.note_here(A)
        later.compare("d", shown=False)
        assert later.missing(0) is None


def test_a_servers_own_word_of_what_it_lacks(ledger: Ledger) -> None:
    for file in (A, B, AGAIN):
        ledger.note_here(file)
    assert list(ledger.iter_hashes()) == [A.md5, B.md5]
    ledger.note_missing([A.md5])
    assert [ledger.missing(number) for number in range(3)] == [A, None, None]
    assert ledger.standing("repeated").files == 1


def test_sent_files_are_given_out_in_order_however_many(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cogx.remote.ledger._PAGE", 2)
    files = [Hashed(n, f"{n}", f"{n}", n, f"{n:064}", f"{n:032}") for n in range(5)]
    for file in files:
        ledger.note_here(file)
        ledger.note_sent(file, "d", f"id-{file.number}")
    assert list(ledger.iter_sent("d")) == [(file, f"id-{file.number}") for file in files]


def test_a_failure_is_named_and_what_was_taken_back_is_one(ledger: Ledger) -> None:
    ledger.note_here(A)
    ledger.compare(None)
    ledger.note_failed(1, "b", "b.txt", "refused")
    ledger.note_sent(A, "d", "data-1")
    ledger.forget_sent(A, "d", "not shown")
    assert ledger.names("failed", 5) == [("a.txt", "not shown"), ("b.txt", "refused")]
    assert list(ledger.iter_sent("d")) == []


def test_what_is_kept_outlives_the_process(path: Path) -> None:
    with held(path) as first:
        first.keep("unbuilt", "run-1")
    with held(path) as later:
        assert later.told("unbuilt") == "run-1"
        later.keep("unbuilt", None)
        assert later.told("unbuilt") is None


def test_one_holder_at_a_time(path: Path) -> None:
    with (
        Ledger(path, "A sync of notes", {"run_id": "r-1"}),
        pytest.raises(StoreBusy, match=r"A sync of notes is under way.*run r-1, for \d+ s"),
    ):
        held(path)
    held(path).close()


def test_whether_it_is_held_can_be_asked(path: Path) -> None:
    lock = path.with_name(f"{path.name}.lock")
    assert not is_held(lock)
    with held(path):
        assert is_held(lock)
    assert not is_held(lock)


def test_it_is_the_owners_only(ledger: Ledger, path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("damage", ["bytes", "version"])
def test_one_that_cannot_be_read_is_made_anew(path: Path, damage: str) -> None:
    with held(path) as first:
        first.keep("unbuilt", "run-1")
    if damage == "bytes":
        path.write_bytes(b"no database" * 1000)
    else:
        database = sqlite3.connect(path)
        database.execute("PRAGMA user_version = 99")
        database.close()
    with held(path) as later:
        assert later.told("unbuilt") is None


def test_a_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with pytest.raises(OutputError, match="state"):
        held(tmp_path / "state" / "x.sqlite")


def test_closing_twice_is_fine(path: Path) -> None:
    ledger = held(path)
    ledger.close()
    ledger.close()


def test_it_is_in_the_state_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert state_directory() == tmp_path / "cogx" / "sync"
    for unset in ("", "relative"):
        monkeypatch.setenv("XDG_STATE_HOME", unset)
        monkeypatch.setenv("HOME", "/home/me")
        assert state_directory() == Path("/home/me/.local/state/cogx/sync")


def test_each_server_and_each_dataset_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    places = [("http://a:1", "x"), ("http://a:2", "x"), ("http://a:1/p", "x"), ("http://a:1", "X"),
              ("http://a:1", "../x"), ("http://a:1", "")]  # fmt: skip
    files = {ledger_file(*place) for place in places}
    assert len(files) == len(places)
    assert all(file.parent.parent == state_directory() for file in files)
    assert ledger_file("http://a:1", "notes").name.startswith("notes-")
