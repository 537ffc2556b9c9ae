from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cogx.errors import RemoteGarbled, RemoteRefused, RemoteUnavailable, RunFailed
from cogx.remote.runs import Run, dataset_ids, find_run, runs_of, wait
from cogx.remote.server import TRIES, Server
from cogx.remote.upload import imported, upload_archive
from tests.unit.remote.archives import ALL, GRAPH, write_archive
from tests.unit.remote.cognee_like import Answer, CogneeLike

RUNS = "/api/v1/activity/pipeline-runs"
STATUS = "/api/v1/datasets/status"


@pytest.fixture
def server(cognee: CogneeLike) -> Iterator[Server]:
    with Server(cognee.url, "s3cret", silence_s=20) as one:
        yield one


def start(
    server: Server, tmp_path: Path, mode: str = "hybrid", members: Any = GRAPH, dataset: str = "kb"
) -> str:
    """Start a background import and return its run; in hybrid it works on a real cognee, too."""
    path = write_archive(tmp_path / "people.cogx.tar.gz", members)
    answer = upload_archive(server, path, dataset=dataset, mode=mode, background=True, silence_s=20)
    run_id = imported(answer).pipeline_run_id
    assert run_id is not None
    return run_id


def wait_for(server: Server, run_id: str, dataset: str | None = "kb", **more: Any) -> Run:
    return wait(server, run_id, dataset=dataset, **{"poll_s": 0.0, "timeout_s": 60.0, **more})


# The end of a run


def test_a_run_that_ends_well_is_returned(
    server: Server, cognee: CogneeLike, tmp_path: Path
) -> None:
    run_id = start(server, tmp_path)
    run = wait_for(server, run_id)
    assert (run.run_id, run.status) == (run_id, "DATASET_PROCESSING_COMPLETED")
    assert run.is_done
    assert len(cognee.dataset("kb").nodes) == 2


def test_a_run_that_errs_is_a_failure_with_its_reason(server: Server, tmp_path: Path) -> None:
    run_id = start(server, tmp_path, mode="preserve")
    with pytest.raises(RunFailed, match="DATASET_PROCESSING_ERRORED") as caught:
        wait_for(server, run_id)
    assert "FileNotFoundError" in str(caught.value)
    assert caught.value.context["run_id"] == run_id


@pytest.mark.parametrize(
    ("told", "losses"),
    [
        ({"derive.passages": 2}, {"derive.passages": 2}),
        ({"a": -1, "b": "1", "c": True, "d": 0}, {}),
        ([], {}),
        (None, {}),
    ],
    ids=str,
)
def test_what_a_run_lost_is_taken_from_its_row(
    server: Server, cognee: CogneeLike, told: Any, losses: dict[str, int]
) -> None:
    cognee.add_row("r", cognee.dataset("kb"), "COMPLETED", losses=told)
    assert wait_for(server, "r").losses == losses


def test_a_graph_that_cannot_be_written_is_a_failure(
    server: Server, cognee: CogneeLike, tmp_path: Path
) -> None:
    cognee.background_preserve_fails = False
    wrong = {"nodes.jsonl": [{"id": "no uuid", "type": "X"}]}
    run_id = start(server, tmp_path, mode="preserve", members=wrong)
    with pytest.raises(RunFailed, match="ValueError"):
        wait_for(server, run_id)


@pytest.mark.parametrize(
    ("row", "failed"),
    [
        ({"outcome": "failed"}, True),
        ({"status": "failed", "outcome": None}, True),
        ({"status": "completed", "outcome": None}, False),
        ({"outcome": "noop"}, False),
    ],
)
def test_one_word_of_failure_is_enough(
    server: Server, cognee: CogneeLike, row: dict[str, Any], failed: bool
) -> None:
    cognee.add_row("r", cognee.dataset("kb"), "COMPLETED", **row)
    if failed:
        with pytest.raises(RunFailed):
            wait_for(server, "r")
    else:
        assert wait_for(server, "r").is_done


@pytest.mark.parametrize("status", ["DATASET_PROCESSING_INITIATED", "", None, 7, "sleeping"])
def test_what_is_not_known_to_be_an_end_is_none(
    server: Server, cognee: CogneeLike, status: Any
) -> None:
    cognee.add_row("r", cognee.dataset("kb"), "STARTED", status=status)
    with pytest.raises(RemoteUnavailable, match="not ended within 0 s"):
        wait_for(server, "r", timeout_s=0.0)


def test_the_newest_row_of_a_run_counts(server: Server, cognee: CogneeLike) -> None:
    for status in ("STARTED", "COMPLETED", "STARTED", "ERRORED"):
        cognee.add_row("r", cognee.dataset("kb"), status)
    with pytest.raises(RunFailed):
        wait_for(server, "r")


def test_the_end_of_another_run_is_not_ours(server: Server, cognee: CogneeLike) -> None:
    cognee.add_row("ours", cognee.dataset("kb"), "STARTED")
    cognee.add_row("theirs", cognee.dataset("kb"), "COMPLETED")
    with pytest.raises(RemoteUnavailable, match="may go on"):
        wait_for(server, "ours", timeout_s=0.0)


def test_a_run_that_never_shows_is_lost(server: Server, cognee: CogneeLike) -> None:
    cognee.dataset("kb")
    with pytest.raises(RunFailed, match="shows no run"):
        wait_for(server, "r", timeout_s=None)


def test_a_run_that_vanishes_is_lost_and_not_done(server: Server, cognee: CogneeLike) -> None:
    cognee.add_row("r", cognee.dataset("kb"), "STARTED")
    seen = cognee.rows
    cognee.can("/api/v1/datasets", Answer(body=[cognee.dataset("kb").row()]))
    cognee.can(RUNS, Answer(body=seen))
    cognee.rows = []
    with pytest.raises(RunFailed, match="shows no run"):
        wait_for(server, "r", timeout_s=None)


def test_a_dataset_that_is_not_there_is_a_lost_run(server: Server) -> None:
    with pytest.raises(RunFailed):
        wait_for(server, "r", dataset="nowhere", timeout_s=None)


def test_a_run_that_does_not_end_is_left_at_the_time(server: Server, cognee: CogneeLike) -> None:
    cognee.add_row("r", cognee.dataset("kb"), "STARTED")
    with pytest.raises(RemoteUnavailable, match=r"cogx status r --url http"):
        wait_for(server, "r", timeout_s=0.0)


# A server that goes away meanwhile


def test_a_restart_of_the_server_is_survived(
    server: Server, cognee: CogneeLike, tmp_path: Path
) -> None:
    run_id = start(server, tmp_path)
    away = [Answer(503, {}), Answer(502, b"<html>"), Answer(200, b"<html>Back soon</html>")]
    cognee.can(f"{RUNS}/{run_id}", *away * TRIES)
    assert wait_for(server, run_id).is_done


def test_a_server_that_stays_away_is_told(cognee: CogneeLike) -> None:
    with (
        Server("http://127.0.0.1:9", None) as server,
        pytest.raises(RemoteUnavailable, match="may go on"),
    ):
        wait_for(server, "r", timeout_s=None)


def test_a_key_that_is_taken_away_ends_the_wait(server: Server, cognee: CogneeLike) -> None:
    cognee.key = "new"
    with pytest.raises(RemoteRefused, match="401"):
        wait_for(server, "r", timeout_s=None)


@pytest.mark.parametrize("body", [b"<html>", {"rows": []}, "x", [1, 2], None])
def test_a_list_of_another_shape_is_garbled(server: Server, cognee: CogneeLike, body: Any) -> None:
    cognee.add_row("r", cognee.dataset("kb"), "COMPLETED")
    cognee.can(RUNS, *[Answer(body=body)] * 14)
    with pytest.raises(RemoteGarbled):
        wait_for(server, "r", timeout_s=None)


# Servers that tell less, or more


def test_without_a_list_the_dataset_s_status_counts(
    server: Server, cognee: CogneeLike, tmp_path: Path
) -> None:
    cognee.runs_route = False
    run = wait_for(server, start(server, tmp_path))
    assert (run.run_id, run.is_done, run.dataset) == (None, True, cognee.dataset("kb").id)


def test_without_a_list_a_failure_is_one_too(
    server: Server, cognee: CogneeLike, tmp_path: Path
) -> None:
    cognee.runs_route = False
    with pytest.raises(RunFailed, match="ERRORED"):
        wait_for(server, start(server, tmp_path, mode="preserve"))


def test_without_a_list_and_a_run_nothing_is_done(server: Server, cognee: CogneeLike) -> None:
    cognee.runs_route = False
    cognee.dataset("kb")
    with pytest.raises(RunFailed, match="shows no run"):
        wait_for(server, "r", timeout_s=None)


def test_a_list_that_names_no_runs_is_not_enough(
    server: Server, cognee: CogneeLike, tmp_path: Path
) -> None:
    cognee.rows_name_runs = False
    assert wait_for(server, start(server, tmp_path)).run_id is None


def test_a_status_by_pipeline_is_read(server: Server, cognee: CogneeLike) -> None:
    cognee.runs_route = False
    dataset = cognee.dataset("kb")
    told = {dataset.id: {"migration_import_pipeline": "DATASET_PROCESSING_COMPLETED"}}
    cognee.can(STATUS, Answer(body=told))
    assert wait_for(server, "r").is_done


@pytest.mark.parametrize("told", [[], {"x": 1}, None, {"id": ["COMPLETED"]}])
def test_a_status_of_another_shape_is_none(server: Server, cognee: CogneeLike, told: Any) -> None:
    cognee.runs_route = False
    cognee.dataset("kb")
    cognee.can(STATUS, Answer(body=told))
    with pytest.raises(RunFailed):
        wait_for(server, "r", timeout_s=None)


def test_a_server_that_looks_runs_up_is_asked_so(
    server: Server, cognee: CogneeLike, tmp_path: Path
) -> None:
    cognee.run_lookup = True
    run_id = start(server, tmp_path)
    cognee.requests.clear()
    assert wait_for(server, run_id).is_done
    assert {path for _, path in cognee.requests} == {f"{RUNS}/{run_id}"}


def test_what_is_looked_up_must_be_the_run(server: Server, cognee: CogneeLike) -> None:
    cognee.add_row("r", cognee.dataset("kb"), "ERRORED")
    other = {"pipeline_run_id": "x", "status": "COMPLETED"}
    cognee.can(f"{RUNS}/r", Answer(body=other))
    with pytest.raises(RunFailed):
        wait_for(server, "r")


def test_a_run_id_cannot_lead_elsewhere(server: Server, cognee: CogneeLike) -> None:
    assert find_run(server, "../../datasets?x=") is None
    assert cognee.requests[0][1].startswith(f"{RUNS}/..%2F..%2Fdatasets%3Fx%3D")


# Finding


def test_a_run_is_found_from_a_later_process(
    server: Server, cognee: CogneeLike, tmp_path: Path
) -> None:
    run_id = start(server, tmp_path)
    with Server(cognee.url, "s3cret") as later:
        run = find_run(later, run_id)
    assert run is not None
    assert (run.run_id, run.pipeline, run.dataset) == (run_id, "migration_import_pipeline", "kb")
    assert not run.is_over


def test_an_unknown_run_is_none(server: Server, cognee: CogneeLike) -> None:
    cognee.dataset("kb")
    assert find_run(server, str(uuid.uuid4()), "kb") is None


def test_a_run_of_the_rebuild_is_found(server: Server, cognee: CogneeLike) -> None:
    cognee.add_row("r", cognee.dataset("kb"), "STARTED", pipeline_name="cognify_pipeline")
    run = find_run(server, "r", "kb")
    assert run is not None
    assert run.pipeline == "cognify_pipeline"


def test_a_run_behind_many_others_is_found(server: Server, cognee: CogneeLike) -> None:
    cognee.add_row("r", cognee.dataset("kb"), "COMPLETED")
    for number in range(1200):
        cognee.add_row(f"other-{number}", cognee.dataset("kb"), "COMPLETED")
    run = find_run(server, "r", "kb")
    assert run is not None
    assert run.is_done


def test_a_server_without_pages_is_not_asked_for_ever(server: Server, cognee: CogneeLike) -> None:
    cognee.add_row("x", cognee.dataset("kb"), "COMPLETED")
    page = Answer(body=cognee.rows * 500)
    cognee.can(RUNS, *[page] * 8)
    assert find_run(server, "r", "kb") is None
    assert len(cognee.requests) < 10


def test_a_dataset_is_found_by_its_id(server: Server, cognee: CogneeLike) -> None:
    cognee.add_row("r", cognee.dataset("kb"), "STARTED")
    assert find_run(server, "r", cognee.dataset("kb").id) is not None


def test_all_datasets_of_a_name_are_searched(server: Server, cognee: CogneeLike) -> None:
    ours, shared = cognee.dataset("kb"), cognee.dataset("shared")
    shared.name = "kb"
    cognee.add_row("r", shared, "STARTED")
    assert dataset_ids(server, "kb") == [ours.id, shared.id]
    assert find_run(server, "r", "kb") is not None


def test_a_dataset_named_like_a_uuid_is_meant_first(server: Server, cognee: CogneeLike) -> None:
    name = str(uuid.uuid4())
    assert dataset_ids(server, name) == [name]
    assert dataset_ids(server, name) != [cognee.dataset(name).id]
    assert dataset_ids(server, name) == [cognee.dataset(name).id]


@pytest.mark.parametrize("body", [{}, b"<html>", None])
def test_datasets_of_another_shape_are_garbled(
    server: Server, cognee: CogneeLike, body: Any
) -> None:
    cognee.can("/api/v1/datasets", Answer(body=body))
    with pytest.raises(RemoteGarbled):
        dataset_ids(server, "kb")


def test_what_ran_is_listed_newest_first_and_once(
    server: Server, cognee: CogneeLike, tmp_path: Path
) -> None:
    cognee.has_llm = True
    first = start(server, tmp_path, members=ALL)
    wait_for(server, first)
    cognee.add_row("r", cognee.dataset("kb"), "STARTED", created_at="2027-01-01T00:00:00")
    listed = runs_of(server, "kb")
    assert [(run.run_id, run.is_done) for run in listed] == [("r", False), (first, True)]
    assert runs_of(server) == listed
    assert runs_of(server, "kb", limit=1) == listed[:1]
    assert runs_of(server, "nowhere") == []


def test_progress_is_told_with_every_look(server: Server, tmp_path: Path) -> None:
    class Heard:
        looks = 0
        said: list[str]

        def __init__(self) -> None:
            self.said = []

        def begin(self, task: str, *, total: int | None, unit: str) -> None:
            self.said.append(task)

        def advance(self, amount: int) -> None:
            self.looks += amount

        def end(self) -> None:
            self.said.append("end")

    heard = Heard()
    wait_for(server, start(server, tmp_path), progress=heard)
    assert heard.said == ["wait", "end"]
    assert heard.looks == 2
