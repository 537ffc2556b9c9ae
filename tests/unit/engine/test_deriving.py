"""What hybrid and re-derive do with a deriver that costs something, archive to store."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import cogx
from cogx.cli.main import main
from cogx.errors import BadSetting, IdentityConflict
from tests.unit.archive.made import archive, document, entity, fact

from .asking import FAIL, URL_VARIABLE, Asking, Endpoint, Spending, install
from .file_stores import KINDS, fingerprint, rows
from .test_options import put

ROOT = Path(__file__).parents[3]
TEXTS = [document(f"d{at:02}", content=f"word{at:02} is said here.") for at in range(12)]
LONG = "Ann Lee met Bob at the harbour again today. " * 60


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "cogx" / "derived.sqlite"


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    made = Endpoint()
    yield made
    made.close()


@pytest.fixture
def named(tmp_path: Path, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the deriver known by its name, in this process."""
    (tmp_path / "packages").mkdir()
    install(tmp_path / "packages")
    monkeypatch.syspath_prepend(str(tmp_path / "packages"))
    monkeypatch.setenv(URL_VARIABLE, endpoint.url)


@pytest.fixture
def store(tmp_path: Path) -> str:
    return f"sqlite:{tmp_path / 'store'}"


@pytest.fixture
def source(tmp_path: Path) -> str:
    return put(tmp_path / "archive", archive(*TEXTS))


def hybrid(source: Any, store: str, deriver: Any, **options: Any) -> cogx.Receipt:
    return cogx.import_archive(source, store, mode="hybrid", deriver=deriver, **options)


@pytest.mark.parametrize(("mode", "calls"), [("preserve", 0), ("hybrid", 12), ("re-derive", 12)])
def test_how_often_each_mode_asks(
    endpoint: Endpoint, source: str, store: str, mode: str, calls: int
) -> None:
    receipt = cogx.import_archive(source, store, mode=mode, deriver=Asking(endpoint.url))
    assert endpoint.calls == calls == receipt.derived.get("calls", 0)


def test_a_rehearsal_asks_nothing_and_says_what_it_would_take(
    endpoint: Endpoint, source: str, store: str, cache: Path
) -> None:
    plan = hybrid(source, store, Asking(endpoint.url), dry_run=True).plan
    assert plan is not None
    assert endpoint.calls == 0
    assert not cache.exists()
    assert (plan["calls"], plan["cached"], plan["seconds"]) == (12, 0, None)
    length = sum(len(text["content"]) for text in TEXTS)
    assert (plan["tokens_in"], plan["tokens_out"]) == (1200 + length, 120)
    assert plan["cost"] == pytest.approx((1200 + length) / 1000 + 1.2)


def test_a_receipt_says_what_it_took(endpoint: Endpoint, source: str, store: str) -> None:
    receipt = hybrid(source, store, Asking(endpoint.url))
    assert {name: receipt.derived[name] for name in ("calls", "tokens_in", "tokens_out")} == {
        "calls": 12, "tokens_in": 1200, "tokens_out": 120,
    }  # fmt: skip
    assert receipt.cost == pytest.approx(1.2 + 1.2)


def test_a_second_import_asks_only_about_what_is_new(
    endpoint: Endpoint, source: str, store: str, tmp_path: Path
) -> None:
    hybrid(source, store, Asking(endpoint.url))
    newer = put(tmp_path / "newer", archive(*TEXTS[:-1], document("d11", content="changed now")))
    plan = hybrid(newer, store, Asking(endpoint.url), dry_run=True).plan
    receipt = hybrid(newer, store, Asking(endpoint.url))
    assert plan is not None
    assert (plan["calls"], plan["cached"]) == (1, 11)
    assert plan["seconds"] is not None
    assert endpoint.calls == 13
    assert receipt.derived["passages_cached"] == 11


def test_the_same_import_again_changes_nothing(endpoint: Endpoint, source: str, store: str) -> None:
    hybrid(source, store, Asking(endpoint.url))
    assert hybrid(source, store, Asking(endpoint.url)).changed_nothing


def test_a_name_of_two_things_means_one_once_they_are_brought_together(
    store: str, tmp_path: Path
) -> None:
    people = [entity("1", name="Ann Lee"), entity("2", name="ann lee"), fact("f", "1", "2")]
    source = put(tmp_path / "archive", archive(*people, document("d", content="Ann Lee is here.")))
    receipt = cogx.import_archive(source, store, mode="hybrid", identity="cognee")
    (mention,) = (edge for edge in rows(store)[1].values() if edge.predicate == "mentions")
    assert mention.target in rows(store)[0]
    assert "ambiguous" not in receipt.derived


@pytest.mark.parametrize("policy", ["merge", "skip", "replace", "fail"])
def test_what_is_derived_meets_the_store_by_the_policy_that_was_asked_for(
    endpoint: Endpoint, source: str, store: str, tmp_path: Path, policy: str
) -> None:
    other = put(tmp_path / "other", archive(entity("word00", name="Other", entity_type="Thing")))
    cogx.import_archive(other, store)
    if policy == "fail":
        with pytest.raises(IdentityConflict, match="word00"):
            hybrid(source, store, Asking(endpoint.url), on_conflict=policy)
        return
    hybrid(source, store, Asking(endpoint.url), on_conflict=policy)
    name = rows(store)[0]["word00"].properties["name"]
    assert name == ("Other" if policy == "skip" else "word00")


def test_without_the_cache_all_is_asked_again(
    endpoint: Endpoint, source: str, store: str, cache: Path
) -> None:
    for _ in range(2):
        hybrid(source, store, Asking(endpoint.url), cache=False)
    assert endpoint.calls == 24
    assert not cache.exists()


def test_what_could_not_be_derived_is_a_loss_and_asked_again(
    endpoint: Endpoint, store: str, tmp_path: Path
) -> None:
    source = put(tmp_path / "archive", archive(*TEXTS[:2], document("bad", content=FAIL)))
    receipt = hybrid(source, store, Asking(endpoint.url))
    assert receipt.losses == {"derive.passages": 1}
    assert receipt.examples["derive.passages"] == [
        "document bad, passage 0: the endpoint has no answer"
    ]
    assert receipt.verified
    assert {"word00", "word01", "bad"} <= set(rows(store)[0])
    hybrid(source, store, Asking(endpoint.url))
    assert endpoint.calls == 3 + 1


def test_an_end_of_the_budget_imports_nothing_and_the_next_run_goes_on(
    endpoint: Endpoint, source: str, store: str
) -> None:
    for calls in (3, 6, 9):
        with pytest.raises(BadSetting, match="budget"):
            hybrid(source, store, Spending(endpoint.url))
        assert endpoint.calls == calls
        assert not Path(store.partition(":")[2]).exists()
    assert hybrid(source, store, Spending(endpoint.url)).derived["passages_cached"] == 9


def test_every_derived_record_says_of_which_model_and_prompt(
    endpoint: Endpoint, source: str, store: str
) -> None:
    hybrid(source, store, Asking(endpoint.url))
    nodes, edges = rows(store)
    made = [(node.rest or {})["metadata"]["derived"] for node in nodes.values()
            if node.type == "Echo"]  # fmt: skip
    made += [edge.properties["derived"] for edge in edges.values()]
    assert len(made) == 12 + 24
    assert {(one["deriver"], one["model"], one["prompt"]) for one in made} == {
        ("asking", "echo", "1")
    }


def test_passages_come_with_the_context_that_the_deriver_wants_or_the_caller(
    endpoint: Endpoint, store: str, tmp_path: Path
) -> None:
    source = put(tmp_path / "archive", archive(document("d", content=LONG)))
    for overlap, most in ((None, 120), (5, 20), (0, 0)):
        deriver = Asking(endpoint.url)
        hybrid(source, store, deriver, passage_tokens=100, overlap_tokens=overlap, dry_run=False)
        longest = max(len(passage.before) for passage in deriver.seen)
        assert most * 0.5 <= longest <= most


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"passage_tokens": 3}, "25 to 25,000"),
        ({"passage_tokens": 30, "overlap_tokens": 31}, "0 to 30"),
    ],
)
def test_sizes_that_cannot_be_are_told_first(options: dict[str, int], told: str) -> None:
    with pytest.raises(BadSetting, match=told):
        cogx.import_archive("nowhere", "sqlite:x", mode="hybrid", **options)


def test_what_is_no_deriver_is_told(source: str, store: str) -> None:
    with pytest.raises(BadSetting, match="is no deriver"):
        hybrid(source, store, 7)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mode", ["hybrid", "re-derive"])
def test_the_lexical_graph_survives_a_round_trip_and_is_found_again(
    kind: str, mode: str, tmp_path: Path
) -> None:
    people = [entity("ann", name="Ann Lee"), entity("bob", name="Bob"), fact("f", "ann", "bob")]
    source = put(tmp_path / "archive", archive(*people, document("d", content=LONG)))
    store, again = (f"{kind}:{tmp_path / name}.{kind}" for name in ("one", "two"))
    first = cogx.import_archive(source, store, mode=mode)
    assert first.derived["passage_nodes"] == first.derived["passages"] == 2
    back = str(tmp_path / "back.tar")
    cogx.export_graph(store, back)
    receipt = cogx.import_archive(back, again, mode=mode)
    assert fingerprint(again) == fingerprint(store)
    assert receipt.verified


def test_a_process_that_is_killed_pays_for_nothing_twice(
    source: str, store: str, tmp_path: Path
) -> None:
    first, second = Endpoint(stop=6), Endpoint()
    (tmp_path / "packages").mkdir()
    install(tmp_path / "packages")
    command = [sys.executable, "-m", "cogx", "import", source, store]
    command += ["--mode", "hybrid", "--deriver", "asking", "--json"]
    env = {**os.environ, "PYTHONPATH": f"{ROOT}:{tmp_path / 'packages'}"}
    try:
        process = subprocess.Popen(
            command, env=env | {URL_VARIABLE: first.url}, stdout=subprocess.DEVNULL
        )
        assert first.stopped.wait(60)
        process.send_signal(signal.SIGKILL)
        process.wait(60)
        done = subprocess.run(
            command, env=env | {URL_VARIABLE: second.url}, capture_output=True, check=True
        )
    finally:
        first.close()
        second.close()
    assert (first.calls, second.calls) == (6, 12 - 5)
    assert json.loads(done.stdout)["derived"]["passages_cached"] == 5


@pytest.mark.usefixtures("named")
def test_the_command_line_names_what_could_not_be_derived(
    store: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = put(tmp_path / "archive", archive(*TEXTS[:1], document("bad", content=FAIL)))
    words = ["import", source, store, "--mode", "hybrid", "--deriver", "asking"]
    assert main(words) == 1
    told = capsys.readouterr().out
    assert "derive.passages" in told
    assert "document bad, passage 0: the endpoint has no answer" in told
    assert main([*words, "--allow-loss", "derive.passages"]) == 0


@pytest.mark.usefixtures("named")
def test_the_command_line_says_beforehand_what_it_would_take(
    source: str, store: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["import", source, store, "--mode", "hybrid", "--deriver", "asking"]
    assert main([*words, "--dry-run"]) == 0
    told = capsys.readouterr().out
    assert "Deriving with asking (echo) would read 12 texts in 12 passages." in told
    assert "It would make 12 calls to a language model, about 1,440 tokens in and 120 out." in told
    assert "At the prices given that costs about 2.6400." in told
    main(words)
    capsys.readouterr()
    main([*words, "--dry-run"])
    assert "It would call no language model. All of them were derived before." in (
        capsys.readouterr().out
    )
