"""A push that is too large for its server goes in parts, and goes on where it broke off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import cogx
from cogx.engine.push import push_sync
from cogx.errors import BadSetting, LimitExceeded, RemoteError
from cogx.remote.probe import Abilities, probe
from cogx.remote.server import Server
from tests.unit.archive.made import archive, document, entity, fact
from tests.unit.remote.cognee_graphs import Refusal
from tests.unit.remote.cognee_like import CogneeLike

NODES, FACTS, DOCUMENTS = 12, 30, 4
LIMITS = {"max_total_bytes": 8_000, "max_member_bytes": 4_000}


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def cognee(monkeypatch: pytest.MonkeyPatch) -> Iterator[CogneeLike]:
    """A server whose limits are small."""

    def small(server: Server) -> Abilities:
        return replace(probe(server), **LIMITS)

    monkeypatch.setattr("cogx.engine.push_delivery.probe", small)
    with CogneeLike(key="secret") as server:
        server.most_member_bytes = LIMITS["max_member_bytes"]
        yield server


@pytest.fixture
def large(tmp_path: Path) -> Path:
    names = [f"n{number}" for number in range(NODES)]
    members = archive(
        *(entity(name, description=f"about {name}") for name in names),
        *(document(f"d{number}", content="text " * 40) for number in range(DOCUMENTS)),
        *(
            fact(f"f{n}", names[n % NODES], names[(n * 5 + n // NODES) % NODES])
            for n in range(FACTS)
        ),
    )
    path = tmp_path / "notes.cogx.tar.gz"
    with cogx.open_archive(members) as source, cogx.ArchiveWriter(path) as target:
        for block in source.iter_blocks():
            target.write_batch(block.kind, block.records)
    return path


def push(what: Path, cognee: CogneeLike, **options: Any) -> cogx.PushResult:
    return push_sync(what, **{"url": cognee.url, "api_key": "secret", "split": True} | options)


def there(cognee: CogneeLike) -> tuple[int, int, int]:
    stored = cognee.datasets["notes"]
    graph = stored.graph()
    return len(graph["nodes"]), len(graph["edges"]), len(stored.data)


def test_all_of_it_arrives_and_is_counted_once(cognee: CogneeLike, large: Path) -> None:
    result = push(large, cognee)
    assert there(cognee) == (NODES, FACTS, DOCUMENTS)
    assert (result.num_nodes, result.num_edges, result.losses) == (NODES, FACTS, {})
    assert (result.status, result.parts) == ("completed", len(cognee.uploads))
    assert result.parts > 1


def test_a_look_afterwards_sees_all_parts(cognee: CogneeLike, large: Path) -> None:
    assert push(large, cognee, verify=True).verified


def test_without_split_the_way_out_is_named(cognee: CogneeLike, large: Path) -> None:
    with pytest.raises(LimitExceeded, match="--split") as caught:
        push(large, cognee, split=False)
    assert "--limit" not in str(caught.value)
    assert not cognee.uploads


def test_what_fits_goes_whole(cognee: CogneeLike, large: Path, monkeypatch: Any) -> None:
    monkeypatch.setitem(LIMITS, "max_total_bytes", 1 << 20)
    monkeypatch.setitem(LIMITS, "max_member_bytes", 1 << 20)
    cognee.most_member_bytes = 1 << 20
    assert (push(large, cognee).parts, len(cognee.uploads)) == (1, 1)


def test_a_rehearsal_tells_how_many_parts(cognee: CogneeLike, large: Path) -> None:
    rehearsed = push(large, cognee, dry_run=True)
    assert not cognee.uploads
    assert rehearsed.parts == push(large, cognee).parts


def test_parts_do_not_go_in_the_background(cognee: CogneeLike, large: Path) -> None:
    with pytest.raises(BadSetting, match="--background"):
        push(large, cognee, run_in_background=True)
    assert not cognee.uploads


def test_a_failure_tells_which_parts_are_there(cognee: CogneeLike, large: Path) -> None:
    fail_at(cognee, 2)
    with pytest.raises(RemoteError, match=r"part 2 of \d+; parts that are there: 1\.") as caught:
        push(large, cognee)
    assert caught.value.context["part"] == 2


def test_the_same_push_goes_on_with_the_part_that_failed(cognee: CogneeLike, large: Path) -> None:
    fail_at(cognee, 3)
    with pytest.raises(RemoteError):
        push(large, cognee)
    cognee.spoiled = None
    cognee.uploads.clear()
    result = push(large, cognee)
    assert len(cognee.uploads) == result.parts - 2
    assert "parts 1, 2 of" in result.notes[0]
    assert there(cognee) == (NODES, FACTS, DOCUMENTS)


def test_nothing_is_remembered_of_a_push_that_ended(
    cognee: CogneeLike, large: Path, state: Path
) -> None:
    push(large, cognee)
    assert list(state.rglob("*.json")) == []
    assert push(large, cognee).notes == []


def test_a_dataset_that_is_gone_gets_all_parts_again(cognee: CogneeLike, large: Path) -> None:
    fail_at(cognee, 2)
    with pytest.raises(RemoteError):
        push(large, cognee)
    cognee.datasets.clear()
    cognee.uploads.clear()
    assert push(large, cognee).parts == len(cognee.uploads)
    assert there(cognee) == (NODES, FACTS, DOCUMENTS)


def test_a_part_is_small_enough_when_packed_too(
    cognee: CogneeLike, large: Path, monkeypatch: Any
) -> None:
    monkeypatch.setitem(LIMITS, "max_total_bytes", 1 << 20)
    monkeypatch.setitem(LIMITS, "max_member_bytes", 1 << 20)
    whole = push(large, cognee, dry_run=True).size_bytes
    monkeypatch.setitem(LIMITS, "max_upload_bytes", whole * 2 // 3)
    cognee.uploads.clear()
    push(large, cognee)
    assert len(cognee.uploads) > 1
    assert there(cognee) == (NODES, FACTS, DOCUMENTS)


def fail_at(cognee: CogneeLike, part: int) -> None:
    """Let the server refuse a part, and take those before it."""
    real = cognee.remember

    def remember(*given: Any) -> Any:
        if len(cognee.uploads) + 1 == part:
            cognee.remember = real  # type: ignore[method-assign]
            raise Refusal(400, {"detail": "no"})
        return real(*given)

    cognee.remember = remember  # type: ignore[method-assign]
