"""Jobs go on when the state was away for a moment; what a dead server left is tidied up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.exc import OperationalError

from cogx.server.jobs import dispatcher
from cogx.server.jobs.queue import (
    MOST_ATTEMPTS,
    add_job,
    claim_next,
    job_by_id,
    put_back,
    unfinished,
    wait_again,
)
from cogx.server.places import Places
from cogx.server.settings import Settings
from cogx.server.state.database import Database

from ..running import running


def failing_once(real: Callable[..., Any]) -> Callable[..., Any]:
    """Return a call that fails the first time as a database does that is away."""
    calls = []

    def call(*args: Any, **more: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            raise OperationalError("statement", {}, Exception("database is locked"))
        return real(*args, **more)

    return call


@pytest.mark.parametrize("name", ["claim_next", "end_job"])
def test_a_state_that_is_away_for_a_moment_holds_nothing_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(dispatcher, name, failing_once(getattr(dispatcher, name)))
    monkeypatch.setattr(dispatcher, "_AFTER_FAULT_S", 0.01)
    form = {"datasetName": "kb", "raw_data": "Ada met Babbage."}
    with running(tmp_path) as server, server.client() as client:
        answer = client.post("/api/v1/remember", data=form, files={"x": (None, "")})
    assert answer.json()["status"] == "completed"


@pytest.fixture
def database(tmp_path: Path) -> Any:
    made = Database(f"sqlite:///{tmp_path / 'state.sqlite'}")
    made.migrate()
    yield made
    made.close()


def added(database: Database) -> str:
    with database.write() as state:
        return add_job(
            state, "import", "pipeline", owner_id=str(uuid4()), dataset_id=None, payload={}
        )


def attempts(database: Database, job_id: str) -> tuple[str, int]:
    with database.read() as state:
        job = job_by_id(state, job_id)
    assert job is not None
    return job.status, job.attempts


def test_a_job_that_was_broken_off_by_a_stop_has_not_been_tried(database: Database) -> None:
    job_id = added(database)
    with database.write() as state:
        claim_next(state)
        put_back(state, job_id)
    assert attempts(database, job_id) == ("queued", 0)


def test_a_job_whose_process_died_too_often_is_given_up(database: Database) -> None:
    job_id = added(database)
    for _ in range(MOST_ATTEMPTS):
        with database.write() as state:
            assert claim_next(state) is not None
            given_up = wait_again(state, job_id)
    assert (given_up, attempts(database, job_id)[0]) == ([job_id], "failed")


def test_what_jobs_left_that_have_ended_goes_at_the_start(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, data_directory=tmp_path, store="sqlite")
    places = Places(tmp_path, "sqlite")
    places.make()
    left = places.job(str(uuid4()))
    left.mkdir()
    (left / "archive").touch()
    with running(tmp_path, store=settings.store):
        assert not left.exists()


def test_only_jobs_that_have_not_ended_are_unfinished(database: Database) -> None:
    job_id = added(database)
    with database.read() as state:
        assert unfinished(state) == {job_id}
