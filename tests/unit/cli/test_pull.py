"""cogx pull: what it prints, and how it ends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cogx.cli.commands import pull
from cogx.engine.rewriting import PROFILES
from cogx.remote.server import TRIES
from tests.unit.remote.giving import KEY, ROOT, Giving, edge, node, uid

from .conftest import Call


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COGNEE_API_KEY", KEY)
    monkeypatch.setattr("cogx.remote.download.FIRST_WAIT_S", 0.0)
    monkeypatch.setattr("cogx.remote.server.FIRST_WAIT_S", 0.0)


@pytest.fixture
def giving() -> Iterator[Giving]:
    with Giving() as server:
        server.nodes = [node("Ada", description="Mathematician"), node("Person", "EntityType")]
        server.edges = [edge("Ada", "is_a", "Person")]
        server.add_file("notes.txt", b"Ada wrote.\n")
        yield server


def test_a_dataset_becomes_an_archive(call: Call, giving: Giving) -> None:
    told = call("pull", giving.url, "kb", "kb.cogx.tar.gz")
    assert told.code == 0
    assert told.out.startswith(f"Pulled {giving.url} dataset kb to kb.cogx.tar.gz\n")
    assert "entity    1" in told.out
    assert "1  pull.edge-properties  edges whose properties" in told.out
    assert "1  files fetched" in told.out
    assert "Prove it: cogx validate kb.cogx.tar.gz\n" in told.err
    assert call("validate", "kb.cogx.tar.gz").code == 0


def test_machines_get_the_receipt(call: Call, giving: Giving) -> None:
    receipt = call("pull", giving.url, "kb", "kb.tar", "--json").json()
    assert receipt["received"]["nodes"] == 2
    assert receipt["declared"]["pull.timestamps"] == 2
    assert receipt["target"] == "kb.tar"


def test_an_archive_goes_to_a_pipe(call: Call, giving: Giving) -> None:
    told = call("pull", giving.url, "kb", "-")
    assert told.code == 0
    assert told.raw[:2] == b"\x1f\x8b"
    assert "Pulled" in told.err


def test_what_such_servers_never_give_is_a_loss_when_asked(call: Call, giving: Giving) -> None:
    assert call("pull", giving.url, "kb", "kb.tar", "--strict").code == 1


def test_a_file_that_is_not_given_is_named_and_ends_with_one(call: Call, giving: Giving) -> None:
    giving.says[giving.raw(uid("notes.txt"))].append((404, {"detail": "Raw file not found."}))
    told = call("pull", giving.url, "kb", "kb.tar")
    assert told.code == 1
    assert "Not given by the server:" in told.out
    assert f"notes ({uid('notes.txt')}): " in told.out


def test_a_loss_may_be_allowed(call: Call, giving: Giving) -> None:
    giving.says[giving.raw(uid("notes.txt"))].append((404, {}))
    assert call("pull", giving.url, "kb", "kb.tar", "--allow-loss", "pull.files").code == 0


def test_of_many_failures_some_are_named(call: Call, giving: Giving) -> None:
    for number in range(25):
        name = giving.add_file(f"n{number}.txt", b"x")
        giving.says[giving.raw(name)].append((404, {}))
    assert "... and 5 more; --json names them." in call("pull", giving.url, "kb", "kb.tar").out


def test_a_pull_that_breaks_off_ends_with_the_number_of_servers(call: Call, giving: Giving) -> None:
    giving.cuts[giving.raw(uid("notes.txt"))] += [3] + [0] * TRIES
    told = call("pull", giving.url, "kb", "kb.tar")
    assert told.code == 8
    assert "--partial" in told.err
    assert not Path("kb.tar").exists()
    assert call("pull", giving.url, "kb", "kb.tar", "--fresh").code == 0


def test_with_partial_it_ends_with_one(call: Call, giving: Giving) -> None:
    giving.cuts[giving.raw(uid("notes.txt"))] += [0] * TRIES
    told = call("pull", giving.url, "kb", "kb.tar", "--partial")
    assert told.code == 1
    assert "pull.interrupted" in told.out
    assert Path("kb.tar").exists()


def test_a_part_may_be_chosen(call: Call, giving: Giving) -> None:
    told = call("pull", giving.url, "kb", "kb.tar", "--no-files", "--only", "kind=entity", "--json")
    assert told.json()["counts"] == {"entity": 1}
    assert not giving.asked_for(giving.raw(uid("notes.txt")))


def test_the_key_is_asked_for(call: Call, giving: Giving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COGNEE_API_KEY")
    assert call("pull", giving.url, "kb", "kb.tar").code == 8
    told = call("pull", giving.url, "kb", "kb.tar", "--ask-key", stdin=f"{KEY}\n".encode())
    assert told.code == 0
    assert KEY not in told.out + told.err


@pytest.mark.parametrize(
    ("words", "code"),
    [(["nope", "kb.tar"], 2), (["kb", "there.tar"], 2), (["kb", ""], 2), (["kb", "kb.odd"], 2)],
)
def test_a_wrong_call_ends_with_two(
    call: Call, giving: Giving, words: list[str], code: int
) -> None:
    Path("there.tar").write_bytes(b"mine")
    assert call("pull", giving.url, *words).code == code
    assert not giving.asked_for(f"{ROOT}/graph")


def test_an_empty_dataset_has_its_own_number(call: Call, giving: Giving) -> None:
    giving.nodes, giving.edges, giving.rows = [], [], []
    assert call("pull", giving.url, "kb", "kb.tar").code == 3
    assert call("pull", giving.url, "kb", "kb.tar", "--allow-empty").code == 0


def test_profiles_are_those_of_the_library() -> None:
    assert pull._PROFILES == PROFILES
