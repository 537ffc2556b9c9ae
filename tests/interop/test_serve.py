"""A real cognee 1.6.5, its command line, curl and our commands as clients of ``cogx serve``."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import cogx as cogx_package
from cogx.remote.saved_login import login_path

from . import comparison, fidelity
from .comparison import graph_keys
from .conftest import REAL_SMALL, TEXT, Cogx, Home, Reading
from .server_process import USER, CogxServer
from .session import PeerFault, PeerSession, clean_environment

CLI = Path(__file__).with_name("peer_cli.py")
PIPELINE = "migration_import_pipeline"
DONE = "DATASET_PROCESSING_COMPLETED"
ADDRESS = "ada@example.org"
"""What the texts of the sample tell, for whoever needs no model to see it."""
LETTER = "Ada Lovelace wrote to babbage@example.org on 1843-07-10."
RECORDS = """# Person
name: Ada Lovelace
born: 1815

# Person
name: Charles Babbage
born: 1791
"""
_WAIT_S = 60

Push = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CogxServer]:
    """Keep one server of ours for all tests."""
    with CogxServer(tmp_path_factory.mktemp("ours")) as running:
        yield running


@pytest.fixture(scope="module")
def told_by_cli(cognee_python: Path, home: Home, ours: CogxServer) -> str:
    """Push with ``cognee-cli``, before another process has the store; give what it printed."""
    done = subprocess.run(
        [cognee_python, CLI, home.place, "push", "sample", "--target-dataset", "by_cli",
         "--url", ours.url, "--api-key", ours.key, "--background"],
        env=clean_environment(home.place), cwd=home.place, capture_output=True, encoding="utf-8",
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def theirs(cognee_python: Path, home: Home, told_by_cli: str) -> Iterator[PeerSession]:
    """Keep one process of a real cognee, with a graph to push, for all tests."""
    with PeerSession(cognee_python, home.place) as session:
        yield session


@pytest.fixture(scope="module")
def push(theirs: PeerSession, ours: CogxServer) -> Push:
    def pushed(target: str, mode: str = "preserve", **options: Any) -> dict[str, Any]:
        answer: dict[str, Any] = theirs.call(
            "push", dataset="sample", target_dataset=target, mode=mode, url=ours.url,
            api_key=ours.key, **options,
        )  # fmt: skip
        return answer

    return pushed


@pytest.fixture(scope="module")
def preserved(push: Push) -> dict[str, Any]:
    return push("preserved")


@pytest.fixture(scope="module")
def connected(theirs: PeerSession, ours: CogxServer) -> Iterator[PeerSession]:
    """Give the real cognee with our server as its memory."""
    theirs.call("serve", url=ours.url, api_key=ours.key)
    yield theirs
    theirs.call("disconnect", clear_saved=True)


@pytest.fixture(scope="module")
def remembering(connected: PeerSession, tmp_path_factory: pytest.TempPathFactory) -> PeerSession:
    """Give it with a dataset ``mem`` of one text and one file."""
    file = tmp_path_factory.mktemp("file") / "Grüße.md"
    file.write_text(TEXT, encoding="utf-8", newline="\n")
    for data in ({"data": LETTER}, {"file": file}):
        assert connected.call("remember", dataset_name="mem", **data)["status"] == "completed"
    return connected


def saved_login(home: Home) -> Path:
    return home.place / ".cognee" / "cloud_credentials.json"


def named(server: CogxServer, dataset: str) -> set[str]:
    """Return the labels of a dataset's nodes."""
    return {node["label"] for node in server.graph(dataset)["nodes"]}


def keys(server: CogxServer, dataset: str) -> tuple[set[str], set[comparison.EdgeKey]]:
    """Return the node ids and the edge keys of a dataset."""
    graph = server.graph(dataset)
    edges = {(edge["source"], edge["target"], edge["label"]) for edge in graph["edges"]}
    return {node["id"] for node in graph["nodes"]}, edges


def wait_for(server: CogxServer, dataset: str, run_id: str) -> str:
    """Poll as clients of a cognee do until a run has ended; return its status."""
    route = f"/api/v1/activity/pipeline-runs?dataset_id={server.dataset(dataset)}"
    deadline = time.monotonic() + _WAIT_S
    status = "none"
    while time.monotonic() < deadline:
        rows = server.get(f"{route}&pipeline_name={PIPELINE}")
        status = next((row["status"] for row in rows if row["pipeline_run_id"] == run_id), status)
        if status.endswith(("_COMPLETED", "_ERRORED")):
            break
        time.sleep(0.1)
    return status


def test_a_wrong_key_is_refused_and_nothing_is_saved(
    theirs: PeerSession, ours: CogxServer, home: Home
) -> None:
    with pytest.raises(PeerFault, match="the API key was rejected"):
        theirs.call("serve", url=ours.url, api_key="0" * 64)
    assert not saved_login(home).exists()


def test_a_right_one_is_saved(connected: PeerSession, ours: CogxServer, home: Home) -> None:
    saved = json.loads(saved_login(home).read_text())
    assert (saved["service_url"], saved["api_key"]) == (ours.url, ours.key)


def test_a_push_is_answered_by_what_was_imported(preserved: dict[str, Any], home: Home) -> None:
    (item,) = preserved["remote_response"]["items"]
    nodes, edges = graph_keys(home.graph)
    assert (preserved["status"], item["kind"]) == ("completed", "migration_import")
    assert (item["graph_nodes"], item["graph_edges"]) == (len(nodes), len(edges))


def test_every_node_and_every_edge_arrives(
    preserved: dict[str, Any], ours: CogxServer, home: Home
) -> None:
    assert keys(ours, "preserved") == graph_keys(home.graph)


def test_what_cognee_pushes_is_given_back_field_by_field(
    preserved: dict[str, Any],
    ours: CogxServer,
    home: Home,
    read: Callable[[Path], Reading],
    tmp_path: Path,
) -> None:
    """The real cognee reads the archive that we give, and counts the store's values in it."""
    archive = tmp_path / "back.cogx.tar.gz"
    cogx_package.pull_sync(ours.url, "preserved", archive, api_key=ours.key)
    back = read(archive)
    sent, given = map(comparison.spelled, (home.theirs.records, back.records))
    assert comparison.record_difference(sent, given) == ""
    rows = fidelity.compare(home.graph, home.theirs.records, back.records)
    assert [row.kept_by_cogx for row in rows] == [row.kept_by_cognee for row in rows]


def test_hybrid_keeps_the_graph_and_learns_from_the_texts(
    push: Push, ours: CogxServer, home: Home
) -> None:
    assert push("hybrid", "hybrid")["status"] == "completed"
    nodes, edges = keys(ours, "hybrid")
    stored_nodes, stored_edges = graph_keys(home.graph)
    assert (stored_nodes - nodes, stored_edges - edges) == (set(), set())
    assert ADDRESS in named(ours, "hybrid")


def test_re_derive_has_the_texts_and_what_they_say_alone(
    push: Push, ours: CogxServer, home: Home
) -> None:
    assert push("derived", "re-derive")["status"] == "completed"
    nodes, _ = keys(ours, "derived")
    sent = {comparison.record_key(record) for record in home.theirs.records}
    texts = {name for kind, name in sent if kind == "document"}
    assert nodes & graph_keys(home.graph)[0] == texts
    assert ADDRESS in named(ours, "derived")


@pytest.mark.parametrize("mode", ["preserve", "hybrid"])
def test_a_push_in_the_background_comes_to_its_end(
    mode: str, push: Push, ours: CogxServer, home: Home
) -> None:
    target = f"later_{mode}"
    answer = push(target, mode, run_in_background=True)
    assert answer["status"] == "started"
    assert wait_for(ours, target, answer["pipeline_run_id"]) == DONE
    dataset = ours.dataset(target)
    status = ours.get(f"/api/v1/datasets/status?dataset={dataset}&pipeline={PIPELINE}")
    assert status == {dataset: DONE}
    assert graph_keys(home.graph)[0] <= keys(ours, target)[0]


def test_the_command_line_of_cognee_pushes(told_by_cli: str, ours: CogxServer, home: Home) -> None:
    run_id = told_by_cli.partition("pipeline run id: ")[2].partition(")")[0]
    assert wait_for(ours, "by_cli", run_id) == DONE
    assert keys(ours, "by_cli") == graph_keys(home.graph)


def test_what_is_remembered_is_recalled(remembering: PeerSession) -> None:
    found = remembering.call("recall", query_text="Lovelace", query_type="CHUNKS", datasets=["mem"])
    assert [one["text"] for one in found] == [LETTER]


def test_recall_of_no_type_goes_along_the_graph(remembering: PeerSession) -> None:
    found = remembering.call("recall", query_text="babbage@example.org", datasets=["mem"])
    assert {one["search_type"] for one in found} == {"GRAPH"}


@pytest.mark.parametrize(
    ("function", "more"), [("recall", {"query_type": "GRAPH_COMPLETION"}), ("search", {})]
)
def test_what_needs_a_language_model_is_refused_with_what_to_do(
    function: str, more: dict[str, str], remembering: PeerSession
) -> None:
    """The search of no type is one that a model completes."""
    with pytest.raises(PeerFault, match=r"422.*COMPLETION needs a language model.*COGX_LLM_URL"):
        remembering.call(function, query_text="Lovelace", datasets=["mem"], **more)


def test_a_text_and_an_entry_of_a_session_are_recalled(connected: PeerSession) -> None:
    entry = {"question": "Who found the moth?", "answer": "Grace Hopper."}
    for data in ("The moth was found on Tuesday.", entry):
        kept = connected.call("remember", data=data, dataset_name="mem", session_id="s1")
        assert kept["status"] == "session_stored"
    found = connected.call("recall", query_text="moth", session_id="s1")
    said = [one["answer"] for one in found if one["source"] == "session"]
    assert said == ["Grace Hopper.", "The moth was found on Tuesday."]


def test_the_data_of_a_dataset_is_listed_and_comes_back_as_it_was(
    remembering: PeerSession, ours: CogxServer
) -> None:
    rows = remembering.call("list_data", dataset_id=ours.dataset("mem"))
    found = {row["name"]: ours.content(row["raw_data_location"]) for row in rows}
    assert found.pop("Grüße") == TEXT.encode()
    assert list(found.values()) == [LETTER.encode()]


def test_what_was_added_is_in_the_graph_after_cognify(
    connected: PeerSession, ours: CogxServer
) -> None:
    connected.call("add", data=LETTER, dataset_name="added")
    assert ours.graph("added")["nodes"] == []
    (run,) = connected.call("cognify", datasets=["added"]).values()
    assert run["status"] == "PipelineRunCompleted"
    assert "babbage@example.org" in named(ours, "added")


def test_improve_says_what_this_server_does(remembering: PeerSession) -> None:
    answer = remembering.call("improve", dataset="mem")
    assert (answer["status"], answer["finished"]) == ("completed", True)
    assert {one["status"] for one in answer["stages"]} == {"completed", "skipped"}


def test_an_item_then_the_graph_then_the_dataset_is_forgotten(
    connected: PeerSession, ours: CogxServer
) -> None:
    for text in (LETTER, "Grace Hopper wrote to ibm@example.org."):
        connected.call("remember", data=text, dataset_name="gone")
    dataset = ours.dataset("gone")
    first, second = connected.call("list_data", dataset_id=dataset)
    connected.call("forget", dataset_id=dataset, data_id=first["id"])
    assert [row["id"] for row in connected.call("list_data", dataset_id=dataset)] == [second["id"]]
    assert not {"babbage@example.org"} & named(ours, "gone")
    connected.call("forget", dataset="gone", memory_only=True)
    assert ours.graph("gone")["nodes"] == []
    connected.call("forget", dataset="gone")
    assert "gone" not in {one["name"] for one in ours.get("/api/v1/datasets")}


def test_to_forget_what_is_not_there_is_refused(connected: PeerSession) -> None:
    with pytest.raises(PeerFault, match=r"404.*'nowhere' not found"):
        connected.call("forget", dataset="nowhere")


def curl(server: CogxServer, route: str, *arguments: str) -> Any:
    """Ask a route as a person at a shell does; fail with the body of a refusal."""
    command = ["curl", "-sS", "--fail-with-body", f"{server.url}{route}", *arguments]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_from_texts_to_a_schema_to_a_prompt_to_a_graph_with_curl(ours: CogxServer) -> None:
    key = ("-H", f"X-Api-Key: {ours.key}")
    body = ("-H", "Content-Type: application/json", "-d")
    proposed = curl(ours, "/api/v1/llm/infer-schema", *key, "-F", f"text={RECORDS}")
    schema = proposed["graphSchema"]
    asked = json.dumps({"graphModel": schema})
    prompt = curl(ours, "/api/v1/llm/custom-prompt", *key, *body, asked)["customPrompt"]
    assert "Person" in schema["$defs"] and "Person" in prompt
    curl(ours, "/api/v1/add", *key, "-F", "datasetName=chain", "-F", f"raw_data={RECORDS}")
    asked = json.dumps({"datasets": ["chain"], "graphModel": schema, "customPrompt": prompt})
    (run,) = curl(ours, "/api/v1/cognify", *key, *body, asked).values()
    assert (run["status"], run["payload"]["items_processed"]) == ("PipelineRunCompleted", 1)


@pytest.fixture
def with_cloud(ours: CogxServer, tmp_path: Path) -> Iterator[CogxServer]:
    """Run a second server of ours, whose operator has set the first one as its cloud."""
    cloud = {"COGNEE_SERVICE_URL": ours.url, "COGNEE_API_KEY": ours.key}
    with CogxServer(tmp_path / "second", cloud) as running:
        yield running


def test_the_examples_of_sync_run_as_they_are_documented(
    with_cloud: CogxServer, ours: CogxServer
) -> None:
    """Once with ids and once with an empty object, with the cookie of a login."""
    form = ("-d", f"username={USER}&password={with_cloud.password}")
    token = curl(with_cloud, "/api/v1/auth/login", *form)["access_token"]
    names = ("shelf_a", "shelf_b")
    for name in names:
        curl(with_cloud, "/api/v1/add", "-H", f"Authorization: Bearer {token}",
             "-F", f"datasetName={name}", "-F", f"raw_data={LETTER} {name}")  # fmt: skip
    ids = [with_cloud.dataset(name) for name in names]
    for body in (json.dumps({"dataset_ids": ids}), "{}"):
        begun = curl(
            with_cloud, "/api/v1/sync", "-X", "POST", "-H", "Content-Type: application/json",
            "-H", f"Cookie: auth_token={token}", "-d", body,
        )  # fmt: skip
        assert (begun["status"], sorted(begun["dataset_ids"])) == ("started", sorted(ids))
        assert sorted(begun["dataset_names"]) == list(names)
        assert wait_for_sync(with_cloud, begun["run_id"])["status"] == "completed"
    for name in names:
        base = f"/api/v1/datasets/{ours.dataset(name)}/data"
        (row,) = ours.get(base)
        assert ours.content(row["rawDataLocation"]) == f"{LETTER} {name}".encode()


def wait_for_sync(server: CogxServer, run_id: str) -> dict[str, Any]:
    """Poll a sync until it has ended; return how."""
    deadline = time.monotonic() + _WAIT_S
    told: dict[str, Any] = {"status": "started"}
    while told["status"] in ("started", "in_progress") and time.monotonic() < deadline:
        told = server.get(f"/api/v1/sync/{run_id}")
        time.sleep(0.1)
    return told


@pytest.fixture
def as_ours(ours: CogxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CogxServer:
    """Give the server, and our own commands a home that is logged in to nothing."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("COGNEE_API_KEY", ours.key)
    monkeypatch.delenv("COGNEE_SERVICE_URL", raising=False)
    return ours


def test_our_push_is_pulled_again_with_the_same_fingerprint(
    as_ours: CogxServer, cogx: Cogx, tmp_path: Path
) -> None:
    cogx("connect", as_ours.url)
    cogx("push", REAL_SMALL, "--target-dataset", "round")
    cogx("pull", as_ours.url, "round", tmp_path / "back.cogx.tar.gz")
    back, sent = (cogx_package.validate(one) for one in (tmp_path / "back.cogx.tar.gz", REAL_SMALL))
    assert (back.valid, back.fingerprint) == (True, sent.fingerprint)
    assert login_path().exists()


def test_our_push_in_the_background_is_asked_for_by_status(as_ours: CogxServer, cogx: Cogx) -> None:
    to = ("--url", as_ours.url)
    told = json.loads(
        cogx("push", REAL_SMALL, *to, "--target-dataset", "waited", "--background", "--json")
    )
    assert told["status"] == "started"
    cogx("status", told["pipeline_run_id"], "--dataset", "waited", *to, "--wait")
    assert wait_for(as_ours, "waited", told["pipeline_run_id"]) == DONE


def test_our_sync_sends_files_once(as_ours: CogxServer, cogx: Cogx, home: Home) -> None:
    command = ("sync", home.uri("papers"), "--url", as_ours.url, "--wait", "--json")
    first, again = (json.loads(cogx(*command)) for _ in range(2))
    sent = [len(result["datasets"][0]["sent"]) for result in (first, again)]
    assert sent == [2, 0]
    base = f"/api/v1/datasets/{as_ours.dataset('papers')}/data"
    found = {as_ours.content(f"{base}/{row['id']}/raw") for row in as_ours.get(base)}
    assert found == {TEXT.encode(), "Words of default_user@example.com, with ü.".encode()}
