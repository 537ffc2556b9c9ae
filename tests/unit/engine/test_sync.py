"""Sync: what a server lacks goes there once, and what became of it is told as it was."""

from __future__ import annotations

import base64
import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import cogx
from cogx.engine.sync import SyncResult, sync_status, sync_sync, wait_for_sync
from cogx.engine.sync_dataset import DatasetSync
from cogx.engine.sync_state import RunFile
from cogx.errors import (
    BadSetting,
    NotConnected,
    RemoteRefused,
    RemoteUnavailable,
    StoreBusy,
    UnknownName,
)
from cogx.remote import runs
from cogx.remote.ledger import Ledger, ledger_file
from tests.unit.archive.made import archive, document, entity, fact
from tests.unit.memory import PEAK
from tests.unit.remote.cognee_graphs import Dataset, Refusal
from tests.unit.remote.cognee_like import Answer
from tests.unit.remote.taking import ME, CogneeTaking
from tests.unit.stores.cognee_handmade import Handmade, uuid_of

BOB = "bob@example.org"


class Theirs(Dataset):
    """A dataset of another user, who shares it."""

    def row(self) -> dict[str, Any]:
        return super().row() | {"ownerId": "00000000-0000-4000-8000-000000000002"}


DEFAULT = "default_user@example.com"


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the state of these tests for themselves, and do not wait between two tries."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("SYSTEM_ROOT_DIRECTORY", "DATA_ROOT_DIRECTORY", "DEFAULT_USER_EMAIL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("cogx.remote.download.FIRST_WAIT_S", 0.0)
    monkeypatch.setattr("cogx.remote.server.FIRST_WAIT_S", 0.0)
    monkeypatch.setattr("cogx.engine.sync_rebuild.wait_for", partial(runs.wait, poll_s=0.0))


@pytest.fixture
def there() -> Iterator[CogneeTaking]:
    with CogneeTaking(key="secret") as server:
        server.has_llm = True
        yield server


@pytest.fixture
def made(tmp_path: Path) -> Handmade:
    """A local cognee with two datasets of the default user, and one of somebody else."""
    made = Handmade(tmp_path / "cognee")
    made.user(BOB)
    notes = made.dataset("notes", graph=False)
    made.document(notes, "ada", b"Ada wrote the first program.")
    made.document(notes, "bernoulli", b"It computes Bernoulli numbers.")
    more = made.dataset("more", graph=False)
    made.document(more, "engine", b"The engine was never built.")
    made.document(made.dataset("hidden", BOB, graph=False), "secret", b"Nobody sees it.")
    return made


def synced(there: CogneeTaking, made: Handmade | None, what: Any = None, **more: Any) -> SyncResult:
    root = made.root if made is not None else None
    more = {"url": there.url, "api_key": "secret", "root": root, "wait": True} | more
    return sync_sync(what, **more)


def written(members: dict[str, bytes], path: Path) -> Path:
    path.parent.mkdir(exist_ok=True)
    with cogx.open_archive(members) as source, cogx.ArchiveWriter(path) as target:
        for block in source.iter_blocks():
            target.write_batch(block.kind, block.records)
    return path


# What is sent.


def test_without_a_name_all_that_the_user_may_read_are_sent(
    there: CogneeTaking, made: Handmade
) -> None:
    result = synced(there, made)
    assert result.dataset_names == ["more", "notes"]
    assert there.names("notes") == ["ada.txt", "bernoulli.txt"]
    assert there.names("more") == ["engine.txt"]
    assert "hidden" not in there.kept


def test_it_reads_as_the_user_who_is_named(there: CogneeTaking, made: Handmade) -> None:
    result = synced(there, made, user=BOB)
    assert (result.dataset_names, result.user_id) == (["hidden"], uuid_of(BOB))


def test_a_uri_of_a_local_cognee_is_read_by_its_files(there: CogneeTaking, made: Handmade) -> None:
    result = synced(there, None, f"cognee:notes?root={made.root}")
    assert there.names("notes") == ["ada.txt", "bernoulli.txt"]
    assert result.dataset_ids == [uuid_of(f"{DEFAULT}:notes")]


def test_the_result_has_the_fields_of_cognees(there: CogneeTaking, made: Handmade) -> None:
    result = synced(there, made, ["notes"])
    assert result.dataset_ids == [uuid_of(f"{DEFAULT}:notes")]
    assert (result.status, result.finished) == ("completed", True)
    assert result.user_id == uuid_of(DEFAULT)
    assert result.timestamp.endswith("Z")
    assert "2 files sent" in result.message
    assert result.to_json()["datasets"][0]["sent"] == ["ada.txt", "bernoulli.txt"]


def test_the_bytes_arrive_as_they_are(there: CogneeTaking, made: Handmade) -> None:
    data = bytes(range(256)) * 1000
    made.document(uuid_of(f"{DEFAULT}:notes"), "blob", data)
    synced(there, made, ["notes"])
    assert data in [one.data for one in there.kept["notes"].values()]


def test_the_original_goes_where_it_is_there_still(
    there: CogneeTaking, made: Handmade, tmp_path: Path
) -> None:
    original = tmp_path / "handbook.pdf"
    original.write_bytes(b"%PDF-1.7 ...")
    notes = uuid_of(f"{DEFAULT}:notes")
    made.document(notes, "handbook", b"the text", original_data_location=original.as_uri())
    made.document(notes, "gone", b"its text", original_data_location="file:///nowhere/gone.pdf")
    result = synced(there, made, ["notes"])
    assert {"handbook.pdf", "gone.txt"} < set(there.names("notes"))
    assert result.datasets[0].files_text_only == 1


def test_label_metadata_and_node_sets_go_along(there: CogneeTaking, made: Handmade) -> None:
    made.document(
        uuid_of(f"{DEFAULT}:more"),
        "told",
        b"Told.",
        label="a, b",
        external_metadata='{"ticket": 42, "_cognee": {"source_uri": "file:///home/me/x"}}',
        node_set='"[\\"x\\", \\"y\\"]"',
    )
    synced(there, made, ["more"])
    (told,) = [one for one in there.kept["more"].values() if one.name == "told.txt"]
    assert told.fields["labels"] == ['["a, b"]']
    assert told.fields["node_set"] == ["x", "y"]
    assert told.metadata["ticket"] == 42
    assert "_cognee" not in told.metadata


def test_content_records_of_an_archive_are_files(there: CogneeTaking, tmp_path: Path) -> None:
    members = archive(
        document("d1", content="One.", title="first.md", mime_type="text/markdown"),
        document("d2", content=base64.b64encode(b"\x00\xff").decode(), mime_type="application/pdf",
                 title="paper.pdf", metadata={"encoding": "base64"}),
        {"kind": "memory", "external_system": "s", "external_id": "m/1", "content": "Likes tea.",
         "categories": ["food"]},
        {"kind": "episode", "external_system": "s", "external_id": "e1", "title": "Talk",
         "turns": [{"role": "user", "content": "Hi"}]},
        entity("a"),
    )  # fmt: skip
    result = synced(there, None, str(written(members, tmp_path / "mine.tar.gz")))
    files = {one.name: one.data for one in there.kept["mine"].values()}
    assert files == {
        "first.md": b"One.",
        "paper.pdf": b"\x00\xff",
        "1.txt": b"Likes tea.\nCategories: food",
        "Talk.txt": b"# Talk\nuser: Hi",
    }
    assert (result.files_sent, result.user_id) == (4, ME)


def test_the_parts_of_a_long_text_are_one_file(there: CogneeTaking, tmp_path: Path) -> None:
    members = archive(
        document("d", content="One ", metadata={"part": 1, "parts": 2}, title="long"),
        document("d#00002", content="two.", metadata={"part_of": "d", "part": 2, "parts": 2}),
        document("e", content="Other.", title="other"),
    )
    synced(there, None, str(written(members, tmp_path / "mine.tar.gz")))
    assert sorted(one.data for one in there.kept["mine"].values()) == [b"One two.", b"Other."]


def test_a_text_of_which_parts_are_missing_is_not_sent(there: CogneeTaking, tmp_path: Path) -> None:
    members = archive(
        document("d", content="One ", metadata={"part": 1, "parts": 2}, title="long"),
        document("x#00002", content="two.", metadata={"part_of": "x", "part": 2, "parts": 2}),
        document("y", content="", metadata={"content_missing": True}),
    )
    result = synced(there, None, str(written(members, tmp_path / "mine.tar.gz")))
    assert (there.adds, result.files_failed, result.status) == ([], 3, "failed")
    reasons = [reason for _, reason in result.datasets[0].failed]
    assert "only 1 of its 2 parts" in reasons[0]


def test_a_store_can_be_synced(there: CogneeTaking, tmp_path: Path) -> None:
    path = written(archive(document("d", content="One."), entity("a")), tmp_path / "x.tar.gz")
    cogx.import_archive(str(path), f"sqlite:{tmp_path / 'shelf.db'}")
    synced(there, None, f"sqlite:{tmp_path / 'shelf.db'}")
    assert there.names("shelf") == ["d.txt"]


def test_another_target_is_for_one_dataset(there: CogneeTaking, made: Handmade) -> None:
    synced(there, made, "notes", target_dataset="elsewhere")
    assert there.names("elsewhere") == ["ada.txt", "bernoulli.txt"]
    with pytest.raises(BadSetting, match="cannot go into one"):
        synced(there, made, target_dataset="elsewhere")


def test_two_datasets_of_one_name_are_not_mixed(there: CogneeTaking, made: Handmade) -> None:
    made.dataset("notes", BOB, graph=False)
    made.grant(uuid_of(DEFAULT), uuid_of(f"{BOB}:notes"))
    with pytest.raises(BadSetting, match="Several datasets"):
        synced(there, made)
    assert there.adds == []


def test_a_name_that_a_cognee_chokes_on_is_told_before(there: CogneeTaking, tmp_path: Path) -> None:
    path = written(archive(document("d", content="One.")), tmp_path / "my notes.tar.gz")
    with pytest.raises(BadSetting, match="a space"):
        synced(there, None, str(path))
    assert there.adds == []


def test_somebody_elses_dataset_of_that_name_is_left_alone(
    there: CogneeTaking, made: Handmade
) -> None:
    theirs = Theirs("11111111-1111-4111-8111-111111111111", "notes")
    there.datasets["theirs"] = theirs
    result = synced(there, made, ["notes"])
    assert result.datasets[0].target_id == there.datasets["notes"].id != theirs.id


# What is not sent again.


def test_what_is_there_is_not_sent_again(there: CogneeTaking, made: Handmade) -> None:
    synced(there, made, ["notes"])
    result = synced(there, made, ["notes"])
    assert len(there.adds) == 2
    assert (result.files_sent, result.datasets[0].files_unchanged) == (0, 2)


def test_only_what_is_new_is_sent(there: CogneeTaking, made: Handmade) -> None:
    synced(there, made, ["notes"])
    made.document(uuid_of(f"{DEFAULT}:notes"), "new", b"New.")
    assert synced(there, made, ["notes"]).datasets[0].sent == ["new.txt"]


def test_what_somebody_else_has_put_there_is_not_sent(there: CogneeTaking, made: Handmade) -> None:
    synced(there, made, ["notes"])
    ledger_file(there.url, "notes").unlink()
    assert synced(there, made, ["notes"]).files_sent == 0


def test_the_ledger_knows_what_a_server_shows_no_hash_of(
    there: CogneeTaking, made: Handmade
) -> None:
    there.shows_hashes = False
    synced(there, made, ["notes"])
    assert synced(there, made, ["notes"]).files_sent == 0


def test_what_was_deleted_there_is_sent_again(there: CogneeTaking, made: Handmade) -> None:
    synced(there, made, ["notes"])
    there.kept["notes"].clear()
    assert synced(there, made, ["notes"]).files_sent == 2


def test_where_nothing_is_shown_the_ledger_must_do(there: CogneeTaking, made: Handmade) -> None:
    there.shows_files = False
    assert synced(there, made, ["notes"]).files_sent == 2
    assert synced(there, made, ["notes"]).files_sent == 0


def test_the_same_bytes_go_once(there: CogneeTaking, tmp_path: Path) -> None:
    members = archive(document("a", content="Same."), document("b", content="Same."))
    result = synced(there, None, str(written(members, tmp_path / "mine.tar.gz")))
    assert (there.names("mine"), result.datasets[0].files_repeated) == (["a.txt"], 1)
    assert result.status == "completed"


def test_a_changed_file_goes_alone_and_beside_its_older_version(
    there: CogneeTaking, tmp_path: Path
) -> None:
    for content in ("Old.", "New."):
        members = archive(document("a", content=content), document("b", content="Same."))
        path = written(members, tmp_path / content / "mine.tar.gz")
        (done,) = synced(there, None, str(path)).datasets
    assert (done.sent, done.files_unchanged, done.files_changed) == (["a.txt"], 1, 1)
    digest = hashlib.sha256(b"New.").hexdigest()[:12]
    assert there.names("mine") == [f"a-{digest}.txt", "a.txt", "b.txt"]
    assert synced(there, None, str(path)).files_sent == 0


@pytest.mark.parametrize("shows_files", [True, False])
def test_files_of_one_name_all_arrive(
    there: CogneeTaking, tmp_path: Path, shows_files: bool
) -> None:
    there.shows_files = shows_files
    titles = {"a": "Notes", "b": "Notes", "c": "Notes"}
    members = archive(*(document(one, content=one, title=titles[one]) for one in titles))
    result = synced(there, None, str(written(members, tmp_path / "mine.tar.gz")))
    assert (result.status, result.files_sent, result.datasets[0].files_changed) == (
        "completed", 3, 0,
    )  # fmt: skip
    assert sorted(one.data for one in there.kept["mine"].values()) == [b"a", b"b", b"c"]


def test_where_nothing_is_shown_names_that_were_sent_are_taken(
    there: CogneeTaking, tmp_path: Path
) -> None:
    there.shows_files = False
    for content in ("Old.", "New."):
        members = archive(document("a", content=content))
        path = written(members, tmp_path / content / "mine.tar.gz")
        assert synced(there, None, str(path)).files_sent == 1
    assert len(there.names("mine")) == 2


def test_a_rehearsal_sends_nothing(there: CogneeTaking, made: Handmade) -> None:
    result = synced(there, made, dry_run=True, wait=False)
    assert (result.files_sent, result.bytes_sent) == (3, 85)
    assert (there.adds, there.datasets, there.cognified) == ([], {}, [])


# When something goes wrong.


def test_a_file_that_is_refused_does_not_hold_up_the_next(
    there: CogneeTaking, made: Handmade
) -> None:
    there.refuses["ada.txt"] = Refusal(415, {"detail": "No loader. [UnreadableFileContentError]"})
    result = synced(there, made, ["notes"])
    assert there.names("notes") == ["bernoulli.txt"]
    assert (result.status, result.files_failed, result.files_sent) == ("failed", 1, 1)
    name, reason = result.datasets[0].failed[0]
    assert name == "ada.txt"
    assert "No loader." in reason


@pytest.mark.parametrize("status", [400, 409, 413])
def test_statuses_are_explained(there: CogneeTaking, made: Handmade, status: int) -> None:
    there.refuses["engine.txt"] = Refusal(status, {"detail": "No."})
    ((_, reason),) = synced(there, made, ["more"]).datasets[0].failed
    meaning = {400: "as it is", 409: "under way", 413: "too large"}[status]
    assert f"{status}: No." in reason
    assert meaning in reason


@pytest.mark.parametrize("status", [403, 404])
def test_a_dataset_that_is_refused_does_not_hold_up_the_next(
    there: CogneeTaking, made: Handmade, status: int
) -> None:
    there.refuses["engine.txt"] = Refusal(status, {"detail": "No."})
    result = synced(there, made)
    assert result.status == "failed"
    assert f"{status}: No." in (result.datasets[0].error or "")
    assert there.names("notes") == ["ada.txt", "bernoulli.txt"]


def test_too_many_requests_are_waited_for(there: CogneeTaking, made: Handmade) -> None:
    there.can("/api/v1/add", Answer(429, {"detail": "Slow."}, {"Retry-After": "0"}))
    assert synced(there, made, ["more"]).status == "completed"


def test_a_server_that_refuses_everything_is_left_alone(
    there: CogneeTaking, tmp_path: Path
) -> None:
    members = archive(*(document(f"d{n:03}", content=f"{n}") for n in range(100)))
    there.refuses = {f"d{n:03}.txt": Refusal(500, {"detail": "Bug."}) for n in range(100)}
    result = synced(there, None, str(written(members, tmp_path / "mine.tar.gz")))
    assert len(there.adds) == 20
    assert "500: Bug." in (result.datasets[0].error or "")


def test_a_lost_answer_is_looked_after(there: CogneeTaking, made: Handmade) -> None:
    there.silent_after["ada.txt"] = 1
    result = synced(there, made, ["notes"])
    assert there.adds.count("ada.txt") == 1
    assert (result.status, result.files_sent) == ("completed", 2)


def test_a_file_that_did_not_arrive_is_sent_again(there: CogneeTaking, made: Handmade) -> None:
    there.silent_after["ada.txt"] = 1
    there.loses.add("ada.txt")
    result = synced(there, made, ["notes"])
    assert there.adds.count("ada.txt") == 2
    assert "does not show it" in result.datasets[0].failed[0][1]


def test_a_file_that_does_not_get_through_is_told_and_goes_later(
    there: CogneeTaking, made: Handmade
) -> None:
    there.refuses["ada.txt"] = Refusal(502, {"detail": "Bad gateway."})
    result = synced(there, made, ["notes"])
    assert (there.adds.count("ada.txt"), result.status) == (4, "failed")
    assert "502: Bad gateway." in result.datasets[0].failed[0][1]
    assert there.names("notes") == ["bernoulli.txt"]
    there.refuses.clear()
    assert synced(there, made, ["notes"]).datasets[0].sent == ["ada.txt"]


def test_where_nothing_gets_through_the_dataset_is_left(
    there: CogneeTaking, tmp_path: Path
) -> None:
    members = archive(*(document(f"d{n}", content=f"{n}") for n in range(9)))
    there.refuses = {f"d{n}.txt": Refusal(503, {"detail": "Busy."}) for n in range(9)}
    result = synced(there, None, str(written(members, tmp_path / "mine.tar.gz")))
    assert len(there.adds) == 3 * 4
    assert "503: Busy." in (result.datasets[0].error or "")


def test_a_server_that_is_gone_is_an_error_and_the_state_says_so(
    there: CogneeTaking, made: Handmade
) -> None:
    there.dead_after = 1
    with pytest.raises(RemoteUnavailable):
        synced(there, made, ["notes"])
    (run,) = (Path(os.environ["XDG_STATE_HOME"]) / "cogx/sync/runs").glob("*.json")
    state = sync_status(run.stem)
    assert (state.status, state.files_sent) == ("failed", 1)
    assert "1 file sent" in state.message
    there.dead_after = None
    assert synced(there, made, ["notes"]).datasets[0].sent == ["bernoulli.txt"]


def test_a_hash_that_is_not_ours_is_a_failure(there: CogneeTaking, made: Handmade) -> None:
    there.echoes = "0" * 32
    result = synced(there, made, ["more"])
    assert "other bytes" in result.datasets[0].failed[0][1]
    there.echoes = "true"
    there.kept.clear()
    assert synced(there, made, ["more"]).status == "completed"


def test_a_file_that_changes_is_not_sent(
    there: CogneeTaking, made: Handmade, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = made.files / "owner" / "engine.txt"
    real = DatasetSync.compare

    def compare(self: Any, *, dry_run: bool) -> None:
        real(self, dry_run=dry_run)
        path.write_bytes(b"The engine was never BUILT.")

    monkeypatch.setattr(DatasetSync, "compare", compare)
    result = synced(there, made, ["more"])
    assert there.adds == []
    assert "changed while it was sent" in result.datasets[0].failed[0][1]


def test_a_file_that_is_gone_is_named(there: CogneeTaking, made: Handmade) -> None:
    (made.files / "owner" / "ada.txt").unlink()
    result = synced(there, made, ["notes"])
    assert [name for name, _ in result.datasets[0].failed] == ["ada.txt"]
    assert "DATA_ROOT_DIRECTORY" in result.datasets[0].failed[0][1]
    assert result.files_sent == 1


def test_a_wrong_key_fails_before_anything_is_sent(there: CogneeTaking, made: Handmade) -> None:
    with pytest.raises(RemoteRefused) as caught:
        synced(there, made, api_key="wrong-key")
    assert caught.value.status == 401
    assert "wrong-key" not in str(caught.value)
    assert there.adds == []


def test_an_unknown_dataset_is_told_before_anything_is_sent(
    there: CogneeTaking, made: Handmade
) -> None:
    with pytest.raises(UnknownName, match="notes"):
        synced(there, made, ["more", "nots"])
    assert there.adds == []


def test_without_a_server_the_ways_out_are_named(
    made: Handmade, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COGNEE_SERVICE_URL", raising=False)
    with pytest.raises(NotConnected, match="cogx connect"):
        sync_sync(["notes"], root=made.root, wait=True)


def test_a_second_sync_of_the_same_dataset_is_refused(there: CogneeTaking, made: Handmade) -> None:
    with (
        Ledger(ledger_file(there.url, "notes"), "A sync", {"run_id": "r-1"}),
        pytest.raises(StoreBusy, match=rf"process {os.getpid()} .*run r-1"),
    ):
        synced(there, made)
    assert there.adds == []
    assert synced(there, made).status == "completed"


# What the server makes of it.


def test_the_server_builds_its_graph_once(there: CogneeTaking, made: Handmade) -> None:
    result = synced(there, made, ["notes"])
    assert (result.datasets[0].rebuild, there.cognified) == ("completed", ["notes"])
    again = synced(there, made, ["notes"])
    assert (again.datasets[0].rebuild, there.cognified) == ("not needed", ["notes"])


def test_a_build_that_fails_is_told_and_tried_again(there: CogneeTaking, made: Handmade) -> None:
    there.has_llm = False
    result = synced(there, made, ["notes"])
    assert (result.status, result.files_sent) == ("failed", 2)
    assert result.datasets[0].rebuild == "failed"
    error = result.datasets[0].error or ""
    assert "files are stored there" in error
    assert "DATASET_PROCESSING_ERRORED (InternalServerError)" in error
    there.has_llm = True
    again = synced(there, made, ["notes"])
    assert (again.files_sent, again.datasets[0].rebuild) == (0, "completed")


def test_a_build_that_is_refused_is_told(there: CogneeTaking, made: Handmade) -> None:
    there.cognify_refusal = Refusal(402, {"detail": "Budget."})
    result = synced(there, made, ["notes"])
    assert "402: Budget." in (result.datasets[0].error or "")
    assert there.names("notes") == ["ada.txt", "bernoulli.txt"]


def test_a_build_need_not_be_waited_for(there: CogneeTaking, made: Handmade) -> None:
    result = synced(there, made, ["notes"], rebuild="start")
    assert (result.status, result.datasets[0].rebuild) == ("in_progress", "started")
    run_id = result.datasets[0].rebuild_run_id
    again = synced(there, made, ["notes"], rebuild="start")
    assert (again.datasets[0].rebuild_run_id, there.cognified) == (run_id, ["notes"])


def test_a_build_that_ended_meanwhile_is_not_started_again(
    there: CogneeTaking, made: Handmade
) -> None:
    there.looks_until_done = 0
    synced(there, made, ["notes"], rebuild="start")
    again = synced(there, made, ["notes"], rebuild="wait")
    assert (again.datasets[0].rebuild, there.cognified) == ("completed", ["notes"])


def test_files_can_be_stored_without_a_build(there: CogneeTaking, made: Handmade) -> None:
    result = synced(there, made, ["notes"], rebuild="none")
    assert (result.status, there.cognified) == ("completed", [])
    synced(there, made, ["notes"])
    assert there.cognified == ["notes"]


def test_an_unknown_way_to_rebuild_is_named(there: CogneeTaking, made: Handmade) -> None:
    with pytest.raises(UnknownName, match="start"):
        synced(there, made, rebuild="later")


def test_the_graph_goes_as_a_push_does_and_content_only_as_files(
    there: CogneeTaking, tmp_path: Path
) -> None:
    members = archive(entity("a"), entity("b"), fact("f", "a", "b"), document("d", content="One."))
    path = written(members, tmp_path / "mine.tar.gz")
    result = synced(there, None, str(path), graph=True)
    assert (there.names("mine"), there.datasets["mine"].data) == (["d.txt"], {})
    assert result.datasets[0].graph is not None
    assert (result.datasets[0].graph["num_nodes"], there.imports) == (2, 1)
    assert (result.status, there.cognified) == ("completed", [])


def test_a_rehearsal_with_the_graph_sends_nothing(there: CogneeTaking, tmp_path: Path) -> None:
    path = written(archive(entity("a"), document("d", content="One.")), tmp_path / "mine.tar.gz")
    result = synced(there, None, str(path), graph=True, dry_run=True)
    assert (result.files_sent, (result.datasets[0].graph or {})["num_nodes"]) == (1, 1)
    assert (there.adds, there.imports, there.datasets) == ([], 0, {})


def test_a_dataset_without_a_graph_is_noted(there: CogneeTaking, tmp_path: Path) -> None:
    path = written(archive(document("d", content="One.")), tmp_path / "mine.tar.gz")
    result = synced(there, None, str(path), graph=True)
    assert (result.status, result.datasets[0].graph) == ("completed", None)
    assert "no graph" in result.notes[0]


# A server with the receiving side of a sync.


def test_a_server_that_can_say_what_it_lacks_is_asked(there: CogneeTaking, made: Handmade) -> None:
    there.capabilities = {"cogx_versions": ["0.1"], "import_modes": ["preserve"], "sync": True}
    result = synced(there, made, ["notes"])
    assert (result.status, result.files_sent) == ("completed", 2)
    assert ("POST", "/api/v1/add") not in there.requests
    assert set(there.kept["notes"]) == {uuid_of("document ada"), uuid_of("document bernoulli")}
    assert synced(there, made, ["notes"]).files_sent == 0


def test_the_broken_route_is_never_called(there: CogneeTaking, made: Handmade) -> None:
    synced(there, made)
    assert not [path for _, path in there.requests if path.startswith("/api/v1/sync")]


# In the background.


def test_without_waiting_it_returns_when_it_has_begun(there: CogneeTaking, made: Handmade) -> None:
    with there.lock:  # no file is taken while we look
        result = synced(there, made, ["notes"], wait=False)
        assert (result.status, there.adds) == ("started", [])
        assert sync_status(result.run_id).status in {"started", "in_progress"}
    ended = wait_for_sync(result)
    assert (ended.status, ended.files_sent) == ("completed", 2)
    assert ended.run_id == result.run_id


def test_what_cannot_begin_is_raised_without_waiting_too(
    there: CogneeTaking, made: Handmade
) -> None:
    with pytest.raises(UnknownName):
        synced(there, made, ["nots"], wait=False)


def test_a_failure_in_the_background_is_in_the_state(there: CogneeTaking, made: Handmade) -> None:
    there.refuses["engine.txt"] = Refusal(413, {"detail": "Big."})
    ended = wait_for_sync(synced(there, made, ["more"], wait=False).run_id)
    assert (ended.status, ended.files_failed) == ("failed", 1)
    assert ended.datasets[0].failed[0][0] == "engine.txt"


def test_a_run_whose_process_died_has_failed(there: CogneeTaking, made: Handmade) -> None:
    result = synced(there, made, ["notes"], dry_run=True)
    result.status = "in_progress"
    file = RunFile(result.run_id)
    file.write(result)
    assert sync_status(result.run_id).status == "in_progress"
    file.close()
    assert sync_status(result.run_id).status == "failed"


def test_an_unknown_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnknownName):
        sync_status("../../etc/passwd")


def test_work_that_is_stopped_is_cancelled_and_goes_on_later(
    there: CogneeTaking, made: Handmade
) -> None:
    class Stops:
        task = ""

        def begin(self, task: str, *, total: int | None, unit: str) -> None:
            self.task = task

        def advance(self, amount: int) -> None:
            if self.task.startswith("send") and there.adds:
                raise cogx.Interrupted("Stopped.")

        def end(self) -> None:
            pass

    with pytest.raises(cogx.Interrupted):
        synced(there, made, ["notes"], progress=Stops())
    assert len(there.adds) == 1
    (run,) = (Path(os.environ["XDG_STATE_HOME"]) / "cogx/sync/runs").glob("*.json")
    assert sync_status(run.stem).status == "cancelled"
    assert synced(there, made, ["notes"]).files_sent == 1


def test_a_killed_sync_goes_on_where_it_stopped(there: CogneeTaking, tmp_path: Path) -> None:
    members = archive(*(document(f"d{n:03}", content=f"{n}") for n in range(60)))
    path = written(members, tmp_path / "mine.tar.gz")
    command = [sys.executable, "-m", "cogx", "sync", str(path), "--url", there.url, "-q"]
    process = subprocess.Popen(command, env={**os.environ, "COGNEE_API_KEY": "secret"})
    while len(there.adds) < 5 and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    result = synced(there, None, str(path))
    (done,) = result.datasets
    assert done.files_unchanged >= 5
    assert done.files_unchanged + done.files_sent == len(there.kept["mine"]) == 60
    assert len(there.adds) <= 61  # one may have been on its way
    assert (result.status, there.cognified) == ("completed", ["mine"])


def test_what_is_kept_is_for_the_owner_only(there: CogneeTaking, made: Handmade) -> None:
    synced(there, made, ["notes"])
    kept = [one for one in Path(os.environ["XDG_STATE_HOME"], "cogx").rglob("*") if one.is_file()]
    assert len(kept) >= 3
    assert {oct(one.stat().st_mode & 0o077) for one in kept} == {"0o0"}
    assert not [one for one in kept if b"secret" in one.read_bytes()]


# Memory.

_MEASURED = """
import sys
from cogx.engine.sync import sync_sync
how = {"url": sys.argv[1], "api_key": "secret", "root": sys.argv[2], "wait": True}
sync_sync(["notes"], rebuild="none", dry_run=True, **how)
before = peak()
done = sync_sync(["large"], rebuild="none", **how)
assert done.status == "completed", done.to_json()
print(peak() - before)
"""


def test_memory_does_not_grow_with_a_file(there: CogneeTaking, made: Handmade) -> None:
    # COGX_HUGE_UPLOAD=1 sends a file of 1 GiB, the usual run one of an eighth.
    size = (1 << 30) if os.environ.get("COGX_HUGE_UPLOAD") else (128 << 20)
    large = made.dataset("large", graph=False)
    made.document(large, "film", b"")
    os.truncate(made.files / "owner" / "film.txt", size)
    there.swallows, there.shows_files = True, False
    run = subprocess.run(
        [sys.executable, "-c", PEAK + _MEASURED, there.url, str(made.root)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert int(run.stdout) < 32 << 10
    (arrived,) = there.swallowed
    assert arrived > size
