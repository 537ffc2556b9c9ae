"""Hybrid and re-derive with content on a real cognee 1.6.5: with a language model, and without."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import cogx
from cogx import push_sync, status_sync
from cogx.cli.exit_codes import REMOTE
from cogx.cli.main import main
from cogx.engine.status import runs_sync
from tests.unit.archive.made import archive, document, entity, fact

from .language_model import LanguageModel, names_in
from .server_process import CogneeServer

TEXT = "Boole wrote to Morgan."
LEARNED = {name.lower() for name in names_in(TEXT)}
"""The entities that the server makes of the text; cognee writes their names in small letters."""
PUSHED = {"ada", "engine"}

Push = Callable[..., cogx.PushResult]


def written(path: Path, *records: dict[str, Any]) -> Path:
    with cogx.open_archive(archive(*records)) as source, cogx.ArchiveWriter(path) as target:
        for block in source.iter_blocks():
            target.write_batch(block.kind, block.records)
    return path


@pytest.fixture(scope="session")
def graph_and_text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give an archive of two entities, a fact and one text that says nothing of them."""
    path = tmp_path_factory.mktemp("content") / "content.cogx.tar.gz"
    graph = [*(entity(name) for name in sorted(PUSHED)), fact("f", "ada", "engine")]
    return written(path, *graph, document("d", content=TEXT))


@pytest.fixture
def push(server: CogneeServer, graph_and_text: Path) -> Push:
    def pushed(target: str, mode: str, **options: Any) -> cogx.PushResult:
        fixed = {"url": server.url, "api_key": server.key}
        return push_sync(graph_and_text, target_dataset=target, mode=mode, **fixed | options)

    return pushed


@pytest.fixture
def answering(language_model: LanguageModel) -> Any:
    with language_model.answering():
        yield language_model


def entities(server: CogneeServer, dataset: str) -> set[str]:
    return {one["label"] for one in server.graph(dataset)["nodes"] if one["type"] == "Entity"}


def texts(server: CogneeServer, dataset: str) -> int:
    return len(server.get(f"/api/v1/datasets/{server.dataset(dataset)}/data"))


@pytest.mark.parametrize("mode", ["hybrid", "re-derive"])
def test_without_a_model_that_answers_the_command_says_so_and_never_done(
    mode: str,
    server: CogneeServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("COGNEE_API_KEY", server.key)
    dataset = f"{mode}-unanswered"
    path = written(tmp_path / "one.cogx.tar.gz", entity("ada"), document("d", content=TEXT))
    code = main(
        ["push", str(path), "--url", server.url, "--target-dataset", dataset, "--mode", mode]
    )
    told = capsys.readouterr()
    assert (code, told.out) == (REMOTE, "")
    assert "422: Cognify failed" in told.err
    assert "Incorrect API key provided" in told.err
    assert "A part of it may be stored there" in told.err
    newest = runs_sync(dataset, url=server.url, api_key=server.key)
    assert any(run.is_failed for run in newest)


def test_hybrid_keeps_the_graph_and_learns_from_the_text(
    push: Push, server: CogneeServer, answering: LanguageModel
) -> None:
    asked = answering.asked
    result = push("hybrid-learned", "hybrid", verify=True)
    assert (result.status, result.finished, result.losses) == ("completed", True, {})
    assert entities(server, "hybrid-learned") == PUSHED | LEARNED
    assert texts(server, "hybrid-learned") == 1
    assert answering.asked - asked >= result.llm_calls == 1


@pytest.fixture(scope="session")
def derived(server: CogneeServer, graph_and_text: Path, language_model: LanguageModel) -> bool:
    """Push into a dataset ``derived``; tell whether that was finished."""
    with language_model.answering():
        return push_sync(
            graph_and_text, target_dataset="derived", mode="re-derive", url=server.url,
            api_key=server.key,
        ).finished  # fmt: skip


def test_re_derive_has_what_the_texts_say_and_the_graph_as_one_of_them(
    derived: bool, server: CogneeServer
) -> None:
    assert derived
    assert entities(server, "derived") >= LEARNED
    assert not PUSHED & entities(server, "derived")
    assert texts(server, "derived") == 2


def test_one_graph_is_derived_again_in_a_second_dataset_of_the_server(
    derived: bool, push: Push, server: CogneeServer, answering: LanguageModel
) -> None:
    """The server makes the id of a text that it writes of facts of their system alone."""
    assert push("derived-again", "re-derive").finished
    assert texts(server, "derived-again") == texts(server, "derived") == 2


def test_a_background_hybrid_push_is_done_when_its_run_is(
    push: Push, server: CogneeServer, answering: LanguageModel
) -> None:
    result = push("hybrid-later", "hybrid", run_in_background=True, wait=True)
    assert result.finished
    assert result.pipeline_run_id is not None
    run = status_sync(
        result.pipeline_run_id, dataset="hybrid-later", url=server.url, api_key=server.key
    )
    assert run.is_done
    assert entities(server, "hybrid-later") == PUSHED | LEARNED
