"""Sync towards a server that keeps uploads: large files go in pieces, and go on."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cogx.engine.sync import SyncResult, sync_sync
from tests.unit.remote.proxy import Fault, Proxy
from tests.unit.remote.resumable_server import CogneeResumable
from tests.unit.stores.cognee_handmade import Handmade, uuid_of

PIECE = 4 << 10
LARGE = random.Random(3).randbytes(50_000)
SMALL = b"Ada wrote the first program."


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr("cogx.remote.download.FIRST_WAIT_S", 0.0)
    monkeypatch.setattr("cogx.remote.server.FIRST_WAIT_S", 0.0)


@pytest.fixture(params=[False, True], ids=["add", "receiving side"])
def there(request: pytest.FixtureRequest) -> Iterator[CogneeResumable]:
    with CogneeResumable(piece_bytes=PIECE, sync=request.param, key="secret") as server:
        yield server


@pytest.fixture
def made(tmp_path: Path) -> Handmade:
    made = Handmade(tmp_path / "cognee")
    notes = made.dataset("notes", graph=False)
    made.document(notes, "large", LARGE, label="a label")
    made.document(notes, "small", SMALL)
    return made


def synced(made: Handmade, url: str, **more: Any) -> SyncResult:
    fixed = {"url": url, "api_key": "secret", "root": made.root, "wait": True, "rebuild": "none"}
    return sync_sync(["notes"], **fixed | more)


def held(there: CogneeResumable) -> dict[str, bytes]:
    return {one.name: one.data for one in there.kept["notes"].values()}


def test_large_files_go_in_pieces_and_small_ones_whole(
    there: CogneeResumable, made: Handmade
) -> None:
    result = synced(made, there.url)
    assert (result.status, result.files_sent) == ("completed", 2)
    assert held(there) == {"large.txt": LARGE, "small.txt": SMALL}
    assert sum(there.piece_sizes) == len(LARGE)


def test_what_goes_along_is_the_same(there: CogneeResumable, made: Handmade) -> None:
    synced(made, there.url)
    (large,) = [one for one in there.kept["notes"].values() if one.name == "large.txt"]
    assert large.fields["labels"] == ['["a label"]']
    assert large.metadata["cogx_sync"]["document"] == uuid_of("document large")


def test_a_second_sync_sends_nothing(there: CogneeResumable, made: Handmade) -> None:
    synced(made, there.url)
    result = synced(made, there.url)
    assert (result.files_sent, result.datasets[0].files_unchanged) == (0, 2)


def test_a_link_that_breaks_again_and_again_gets_it_there(
    there: CogneeResumable, made: Handmade
) -> None:
    with Proxy(there.port, Fault(request_at=3000)) as proxy:
        result = synced(made, proxy.url)
    assert (result.status, held(there)["large.txt"]) == ("completed", LARGE)
    assert there.taken_bytes <= len(LARGE) + PIECE


def test_a_sync_that_is_broken_off_goes_on_in_the_middle_of_a_file(
    there: CogneeResumable, made: Handmade
) -> None:
    def dies(pieces: int) -> None:
        if pieces == 5:
            there.silent_for = 1_000

    there.after_piece = dies
    assert synced(made, there.url).files_failed == 1
    there.silent_for, there.after_piece = 0, None
    assert synced(made, there.url).datasets[0].sent == ["large.txt"]
    assert there.taken_bytes == len(LARGE)


def test_a_file_over_the_limit_does_not_hold_up_the_next(
    there: CogneeResumable, made: Handmade
) -> None:
    there.most_bytes = 10_000
    result = synced(made, there.url)
    assert (result.files_sent, result.files_failed) == (1, 1)
    assert "too large" in result.datasets[0].failed[0][1]
