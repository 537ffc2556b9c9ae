"""Whatever dies, and whenever: an upload that was accepted ends as one import, or says why not."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest

from cogx.archive.writer import ArchiveWriter
from cogx.engine.verify import verify
from cogx.format.manifest import Manifest
from cogx.format.records import Entity, Fact
from cogx.server.places import Places

from .serving import Serving, is_worker, serving, wait_for

RECORDS = 1500


@dataclass(frozen=True)
class Draining:
    """What was answered while a server drained, and what it logged."""

    health: httpx.Response
    new: httpx.Response
    waiting: httpx.Response
    lines: list[dict[str, Any]]


@dataclass(frozen=True)
class Sent:
    """An archive that a server has accepted."""

    archive: Path
    dataset: str
    run: str


def archive_of(path: Path, number: int) -> Path:
    target = BytesIO()
    with ArchiveWriter(target, manifest=Manifest(source_system="t"), compression="gz") as writer:
        for i in range(RECORDS):
            writer.write(Entity(external_id=f"e{i}", name=f"Entity {i} of {number}"))
        for i in range(1, RECORDS):
            fact = Fact(external_id=f"f{i}", subject_ref="e0", predicate="met", object_ref=f"e{i}")
            writer.write(fact)
    path.write_bytes(target.getvalue())
    return path


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    place = tmp_path_factory.mktemp("archives")
    return [archive_of(place / f"{number}.tar.gz", number) for number in range(3)]


def send(server: Serving, archive: Path) -> Sent:
    form = {"datasetName": archive.name[0], "content_type": "cogx-archive"}
    with archive.open("rb") as opened:
        answer = server.client.post(
            "/api/v1/remember",
            data=form | {"run_in_background": "true"},
            files={"data": (archive.name, opened)},
        ).json()
    return Sent(archive, answer["dataset_id"], answer["pipeline_run_id"])


def ended(server: Serving, sent: Sent) -> dict[str, Any]:
    """Return the run of an upload once it has ended."""

    def look() -> dict[str, Any] | None:
        run = server.client.get(f"/api/v1/activity/pipeline-runs/{sent.run}").json()
        return run if run["outcome"] is not None else None

    found: dict[str, Any] = wait_for(look)
    return found


def assert_imported(directory: Path, server: Serving, uploads: list[Sent]) -> None:
    """Every upload has become a graph that is its archive, and nothing else is left of it."""
    assert {ended(server, one)["outcome"] for one in uploads} == {"succeeded"}
    server.end(signal.SIGTERM)
    for one in uploads:
        store = Places(directory, "sqlite").store_uri(one.dataset)
        assert verify(str(one.archive), store).equal
    assert list((directory / "jobs").iterdir()) == []
    assert list((directory / "incoming").iterdir()) == []


@pytest.mark.parametrize("after_s", [0.0, 1.0])
def test_a_server_that_was_killed_goes_on_where_it_was(
    tmp_path: Path, archives: list[Path], after_s: float
) -> None:
    directory = tmp_path / "data"
    with serving(directory) as killed:
        uploads = [send(killed, one) for one in archives]
        time.sleep(after_s)
        workers = killed.workers()
        killed.end(signal.SIGKILL)
    wait_for(lambda: not any(map(is_worker, workers)))
    with serving(directory) as server:
        assert_imported(directory, server, uploads)


def test_a_worker_that_was_killed_loses_no_upload(tmp_path: Path, archives: list[Path]) -> None:
    directory = tmp_path / "data"
    with serving(directory) as server:
        uploads = [send(server, one) for one in archives]
        os.kill(wait_for(server.workers)[0], signal.SIGKILL)
        wait_for(lambda: server.says("a worker died"))
        assert_imported(directory, server, uploads)


def test_a_job_at_which_every_worker_dies_is_given_up_and_says_so(
    tmp_path: Path, archives: list[Path]
) -> None:
    def killed() -> bool:
        for pid in server.workers():
            os.kill(pid, signal.SIGKILL)
        return server.says("job ends", outcome="failed: WorkerLost")

    with serving(tmp_path / "data", COGX_WORKERS="1") as server:
        sent = send(server, archives[0])
        wait_for(killed)
        assert ended(server, sent)["error_class"] == "WorkerLost"


def test_sigterm_ends_with_0_and_what_was_not_done_is_done_at_the_next_start(
    tmp_path: Path, archives: list[Path]
) -> None:
    directory = tmp_path / "data"
    with serving(directory, BACKGROUND_DRAIN_TIMEOUT_SECONDS="0", COGX_WORKERS="1") as stopped:
        uploads = [send(stopped, one) for one in archives]
        assert stopped.end(signal.SIGTERM) == 0
    with serving(directory) as server:
        assert_imported(directory, server, uploads)


@pytest.fixture(scope="module")
def draining(tmp_path_factory: pytest.TempPathFactory, archives: list[Path]) -> Draining:
    """What a server answers that was told to stop while a job hangs."""
    place = tmp_path_factory.mktemp("draining")
    with (
        serving(place / "data", BACKGROUND_DRAIN_TIMEOUT_SECONDS="1") as server,
        ThreadPoolExecutor() as pool,
    ):
        waiting = pool.submit(send_and_wait, server, archives[0])
        os.kill(wait_for(server.workers)[0], signal.SIGSTOP)
        server.process.send_signal(signal.SIGTERM)
        wait_for(lambda: server.says("stopping"))
        health = server.client.get("/health")
        new = server.client.post("/api/v1/datasets", json={"name": "new"})
        return Draining(health, new, waiting.result(), server.lines())


def test_a_server_that_drains_is_not_ready(draining: Draining) -> None:
    assert draining.health.status_code == 503


def test_a_server_that_drains_takes_nothing_new(draining: Draining) -> None:
    assert (draining.new.status_code, draining.new.headers["retry-after"]) == (503, "5")


def test_whoever_waits_for_a_job_that_is_broken_off_is_told_which(draining: Draining) -> None:
    answer = draining.waiting
    assert (answer.status_code, answer.json()["code"]) == (503, "server.stopping")
    begun = [one["job"] for one in draining.lines if one["message"] == "job begins"]
    assert begun == [answer.json()["pipeline_run_id"]]


def send_and_wait(server: Serving, archive: Path) -> httpx.Response:
    form = {"datasetName": "kb", "content_type": "cogx-archive"}
    files = {"data": ("kb.tar.gz", archive.read_bytes())}
    return server.client.post("/api/v1/remember", data=form, files=files)


def test_a_second_server_is_refused_the_directory(tmp_path: Path) -> None:
    with serving(tmp_path / "data"), pytest.raises(AssertionError, match="Another server has"):
        Serving(tmp_path / "data")
