from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from cogx.errors import (
    BadSetting,
    RemoteGarbled,
    RemoteRefused,
    RemoteUnavailable,
    RunFailed,
    UnsupportedServer,
)
from cogx.progress import Progress
from cogx.remote.server import TRIES, Server
from cogx.remote.upload import Imported, imported, upload_archive, wire_name
from tests.unit.memory import PEAK
from tests.unit.remote.archives import ALL, NODES, write_archive
from tests.unit.remote.cognee_like import Answer, CogneeLike

REMEMBER = "/api/v1/remember"


@pytest.fixture
def server(cognee: CogneeLike) -> Iterator[Server]:
    with Server(cognee.url, "s3cret", silence_s=20) as one:
        yield one


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return write_archive(tmp_path / "people.cogx.tar.gz")


def send(
    server: Server, path: Path, dataset: str = "kb", mode: str = "preserve", **more: Any
) -> Any:
    return upload_archive(server, path, dataset=dataset, mode=mode, **{"silence_s": 20, **more})


# What is sent


def test_an_archive_arrives_and_is_imported(
    server: Server, cognee: CogneeLike, archive: Path
) -> None:
    done = imported(send(server, archive))
    assert (done.graph_nodes, done.graph_edges, done.finished) == (2, 1, True)
    assert done.record_counts == {"raw_node": 2, "fact": 1}
    assert cognee.imports == 1


def test_the_bytes_are_those_of_the_file(server: Server, cognee: CogneeLike, archive: Path) -> None:
    send(server, archive)
    upload = cognee.uploads[0]
    assert upload.sha256 == hashlib.sha256(archive.read_bytes()).hexdigest()


def test_the_parts_stand_in_the_order_of_a_cognee_client(
    server: Server, cognee: CogneeLike, archive: Path
) -> None:
    send(server, archive, background=True)
    upload = cognee.uploads[0]
    assert upload.names == [
        "datasetName", "run_in_background", "content_type", "import_mode", "data",
    ]  # fmt: skip
    assert upload.fields == {
        "datasetName": "kb",
        "run_in_background": "true",
        "content_type": "cogx-archive",
        "import_mode": "preserve",
    }


def test_background_is_named_only_when_it_is_meant(
    server: Server, cognee: CogneeLike, archive: Path
) -> None:
    send(server, archive)
    assert "run_in_background" not in cognee.uploads[0].names


def test_the_length_is_told_beforehand(server: Server, cognee: CogneeLike, archive: Path) -> None:
    send(server, archive)
    headers = cognee.uploads[0].headers
    assert int(headers["content-length"]) > archive.stat().st_size
    assert "transfer-encoding" not in headers


def test_no_directory_is_told(server: Server, cognee: CogneeLike, archive: Path) -> None:
    send(server, archive)
    assert cognee.uploads[0].filename == "people.cogx.tar.gz"
    assert cognee.uploads[0].part_type == "application/x-tar"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("people.cogx.tar.gz", "people.cogx.tar.gz"),
        ("people.tar.zst", "people.cogx.tar.gz"),
        ("people.TGZ", "people.cogx.tar.gz"),
        ("people", "people.cogx.tar.gz"),
        ("v1.2.cogx", "v1.2.cogx.tar.gz"),
        (".tar.gz", "archive.cogx.tar.gz"),
    ],
)
def test_the_name_ends_as_a_server_knows_it(name: str, told: str) -> None:
    assert wire_name(Path("/secret/place") / name) == told


@pytest.mark.parametrize("name", ['a"b', "a\r\nb", "naïve ☂", "a;b=c"])
def test_odd_names_do_not_break_the_form(
    server: Server, cognee: CogneeLike, tmp_path: Path, name: str
) -> None:
    send(server, write_archive(tmp_path / name))
    assert cognee.uploads[0].names == ["datasetName", "content_type", "import_mode", "data"]
    assert cognee.imports == 1


@pytest.mark.parametrize("dataset", ["naïve_☂", 'a"b', "--x\r\nContent-Type: y\r\n\r\nz"])
def test_the_dataset_s_name_arrives_as_it_is(
    server: Server, cognee: CogneeLike, archive: Path, dataset: str
) -> None:
    with suppress(RemoteRefused):  # a space in it is refused, but not misread
        send(server, archive, dataset=dataset)
    assert cognee.uploads[0].fields["datasetName"] == dataset


def test_checksum_and_idempotency_key_ride_along(
    server: Server, cognee: CogneeLike, archive: Path
) -> None:
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    send(server, archive, sha256=digest, idempotency_key="push-7")
    headers = cognee.uploads[0].headers
    assert (headers["x-cogx-sha256"], headers["idempotency-key"]) == (digest, "push-7")


def test_what_is_not_given_is_not_sent(server: Server, cognee: CogneeLike, archive: Path) -> None:
    send(server, archive)
    assert not {"x-cogx-sha256", "idempotency-key"} & cognee.uploads[0].headers.keys()


def test_progress_counts_the_bytes_of_the_file(server: Server, archive: Path) -> None:
    class Heard(Progress):
        def __init__(self) -> None:
            self.said: list[Any] = []
            self.bytes = 0

        def begin(self, task: str, *, total: int | None, unit: str) -> None:
            self.said.append((task, total, unit))

        def advance(self, amount: int) -> None:
            self.bytes += amount

        def end(self) -> None:
            self.said.append("end")

    heard = Heard()
    send(server, archive, progress=heard)
    size = archive.stat().st_size
    assert heard.said == [("upload", size, "bytes"), "end"]
    assert heard.bytes == size


# A file that changes


def test_another_file_than_was_hashed_is_not_imported(
    server: Server, cognee: CogneeLike, archive: Path
) -> None:
    with pytest.raises(BadSetting, match="changed while it was sent"):
        send(server, archive, sha256="0" * 64)
    assert cognee.imports == 0


@pytest.mark.parametrize("change", ["cut", "grown", "touched"])
def test_a_file_that_changes_under_way_is_not_imported(
    server: Server, cognee: CogneeLike, tmp_path: Path, change: str
) -> None:
    path = tmp_path / "noise.cogx.tar.gz"
    path.write_bytes(os.urandom(1 << 20))

    class Meddler:
        def begin(self, task: str, *, total: int | None, unit: str) -> None:
            pass

        def advance(self, amount: int) -> None:
            if change == "cut":
                os.truncate(path, 70_000)
            elif change == "grown":
                with path.open("ab") as file:
                    file.write(b"more")
            else:
                os.utime(path, ns=(1, 1))

        def end(self) -> None:
            pass

    with pytest.raises(BadSetting, match="changed while it was sent"):
        send(server, path, progress=Meddler())
    assert cognee.uploads == []


# Trying again, and when not to


@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_asks_to_wait_is_waited_for(
    server: Server, cognee: CogneeLike, archive: Path, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr("cogx.remote.upload.time.sleep", waited.append)
    cognee.can(REMEMBER, Answer(status, {}, {"Retry-After": "7"}))
    assert imported(send(server, archive)).finished
    assert waited == [7.0]
    assert cognee.imports == 1


@pytest.mark.parametrize("text", ["", "Wed, 21 Oct 2026 07:28:00 GMT", "-3", "1e9", "\u0663"])
def test_a_wait_that_is_no_number_is_short(
    server: Server, cognee: CogneeLike, archive: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr("cogx.remote.upload.time.sleep", waited.append)
    cognee.can(REMEMBER, Answer(429, {}, {"Retry-After": text.encode().decode("latin-1")}))
    assert imported(send(server, archive)).finished
    assert waited == [0.0]


def test_no_server_can_make_us_wait_for_days(
    server: Server, cognee: CogneeLike, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr("cogx.remote.upload.time.sleep", waited.append)
    cognee.can(REMEMBER, Answer(429, {}, {"Retry-After": "99999999"}))
    send(server, archive)
    assert waited == [600.0]


def test_a_server_that_stays_busy_is_given_up(
    server: Server, cognee: CogneeLike, archive: Path
) -> None:
    cognee.can(REMEMBER, *[Answer(429, {"detail": "slow down"}, {"Retry-After": "0"})] * TRIES)
    with pytest.raises(RemoteRefused, match="429: slow down") as caught:
        send(server, archive)
    assert caught.value.context["may_have_happened"] is False
    assert len(cognee.requests) == TRIES


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_gateway_s_word_is_no_proof_and_no_reason_to_send_again(
    server: Server, cognee: CogneeLike, archive: Path, status: int
) -> None:
    cognee.can(REMEMBER, Answer(status, b"<html>Bad gateway</html>"))
    with pytest.raises(RemoteUnavailable, match=r"may have happened.*cogx status") as caught:
        send(server, archive)
    assert caught.value.context["may_have_happened"] is True
    assert len(cognee.requests) == 1


@pytest.mark.parametrize(
    ("status", "partly"),
    [(400, False), (401, False), (403, False), (415, True), (413, False), (409, True),
     (422, True), (500, True)],
)  # fmt: skip
def test_a_refusal_is_told_once_and_says_what_may_be_left(
    server: Server, cognee: CogneeLike, archive: Path, status: int, partly: bool
) -> None:
    cognee.can(REMEMBER, Answer(status, {"error": "Invalid COGX archive."}))
    with pytest.raises(RemoteRefused, match=f"{status}: Invalid COGX") as caught:
        send(server, archive)
    assert ("A part of it may be stored" in str(caught.value)) is partly
    assert caught.value.context["may_have_happened"] is partly
    assert len(cognee.requests) == 1


def test_a_refusal_before_the_end_of_the_upload_is_heard(
    server: Server, cognee: CogneeLike, tmp_path: Path
) -> None:
    path = tmp_path / "noise.cogx.tar.gz"
    path.write_bytes(bytes(24 << 20))
    cognee.can(REMEMBER, Answer(413, {"detail": "too large"}, unread=True))
    with pytest.raises((RemoteRefused, RemoteUnavailable)) as caught:
        send(server, path)
    assert caught.value.context["may_have_happened"] is False


def test_a_yes_before_the_end_of_the_upload_is_not_believed(
    server: Server, cognee: CogneeLike, tmp_path: Path
) -> None:
    path = tmp_path / "noise.cogx.tar.gz"
    path.write_bytes(bytes(24 << 20))
    cognee.can(REMEMBER, Answer(200, DONE, unread=True))
    with pytest.raises((RemoteGarbled, RemoteUnavailable)) as caught:
        send(server, path)
    assert caught.value.context["may_have_happened"] is False


def test_no_server_is_tried_again_and_told(archive: Path) -> None:
    with (
        Server("http://127.0.0.1:9", "s3cret") as server,
        pytest.raises(RemoteUnavailable) as caught,
    ):
        send(server, archive)
    assert "cannot have imported it" in str(caught.value)
    assert caught.value.context["may_have_happened"] is False


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_no_redirect_is_followed(
    server: Server, cognee: CogneeLike, archive: Path, status: int
) -> None:
    with CogneeLike(key=None) as other:
        cognee.can(REMEMBER, Answer(status, {}, {"Location": f"{other.url}{REMEMBER}"}))
        with pytest.raises(RemoteRefused, match="another server"):
            send(server, archive)
        assert other.requests == []


def test_a_wrong_key_is_refused(cognee: CogneeLike, archive: Path) -> None:
    with Server(cognee.url, "wrong") as server, pytest.raises(RemoteRefused, match="401"):
        send(server, archive)
    assert cognee.imports == 0


@pytest.mark.parametrize(
    "body", [b"<html>Welcome</html>", b'{"status": "comp', b"", [], "completed", 7, None],
    ids=["html", "cut", "nothing", "list", "text", "number", "null"],
)  # fmt: skip
def test_an_answer_that_says_nothing_is_no_success(
    server: Server, cognee: CogneeLike, archive: Path, body: Any
) -> None:
    cognee.can(REMEMBER, Answer(200, body, {"Content-Type": "text/html"}))
    with pytest.raises(RemoteGarbled, match="may have happened") as caught:
        send(server, archive)
    assert caught.value.context["may_have_happened"] is True
    assert len(cognee.requests) == 1


# What a cognee says of what it got


def test_a_second_dataset_is_refused_by_a_cognee(
    server: Server, cognee: CogneeLike, tmp_path: Path
) -> None:
    path = write_archive(tmp_path / "all.cogx.tar.gz", ALL)
    send(server, path, dataset="one")
    with pytest.raises(RemoteRefused, match=r"415.*not available in dataset"):
        send(server, path, dataset="two")


def test_no_archive_at_all_is_refused(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "noise.cogx.tar.gz"
    path.write_bytes(b"no tarball")
    with pytest.raises(RemoteRefused, match="400: Invalid COGX archive"):
        send(server, path)


def test_half_an_archive_is_refused(server: Server, archive: Path) -> None:
    archive.write_bytes(archive.read_bytes()[:-30])
    with pytest.raises(RemoteRefused, match="409: An error occurred"):
        send(server, archive)


def test_the_same_again_is_the_same(server: Server, cognee: CogneeLike, tmp_path: Path) -> None:
    path = write_archive(tmp_path / "all.cogx.tar.gz", ALL)
    once, again = imported(send(server, path)), imported(send(server, path))
    assert (once.graph_nodes, once.graph_edges) == (again.graph_nodes, again.graph_edges)
    assert len(cognee.dataset("kb").nodes) == len(NODES)


def test_a_background_import_is_not_finished(server: Server, archive: Path) -> None:
    done = imported(send(server, archive, background=True))
    assert (done.status, done.finished, done.graph_nodes) == ("started", False, 0)
    assert done.pipeline_run_id is not None


def test_an_archive_without_a_graph_has_no_run(server: Server, tmp_path: Path) -> None:
    path = write_archive(tmp_path / "empty.cogx.tar.gz", {})
    done = imported(send(server, path, background=True))
    assert (done.status, done.finished, done.pipeline_run_id) == ("completed", True, None)


def test_an_old_server_keeps_a_plain_file(
    server: Server, cognee: CogneeLike, archive: Path
) -> None:
    cognee.imports_archives = False
    with pytest.raises(UnsupportedServer, match="ingested as a plain file"):
        imported(send(server, archive))


# Reading the answer

ITEM = {
    "kind": "migration_import",
    "record_counts": {"entity": 2, "fact": 3},
    "graph_nodes": 5,
    "graph_edges": 2,
    "skipped_facts": 1,
    "deduped_edges": 0,
    "pipeline_run_id": "g",
}
DONE: dict[str, Any] = {"status": "completed", "pipeline_run_id": "r", "items": [ITEM]}


def test_an_answer_is_read_whole() -> None:
    assert imported(DONE) == Imported(
        status="completed",
        finished=True,
        pipeline_run_id="r",
        graph_run_id="g",
        record_counts={"entity": 2, "fact": 3},
        graph_nodes=5,
        graph_edges=2,
        skipped_facts=1,
        deduped_edges=0,
    )


def test_what_a_buffered_import_leaves_out_is_nothing() -> None:
    done = imported({"status": "completed", "items": [{"kind": "migration_import"}]})
    assert (done.deduped_edges, done.record_counts, done.pipeline_run_id) == (0, {}, None)


@pytest.mark.parametrize("status", ["started", "running", "queued", None])
def test_what_is_not_completed_is_not_finished(status: str | None) -> None:
    assert not imported({**DONE, "status": status}).finished


def test_a_graph_that_is_still_imported_is_not_finished() -> None:
    assert not imported({**DONE, "items": [ITEM | {"graph_import": "running"}]}).finished


def test_the_item_behind_those_of_the_content_is_meant() -> None:
    items = [{"id": "1", "name": "text"}, None, ITEM]
    assert imported({**DONE, "items": items}).graph_nodes == 5


@pytest.mark.parametrize("items", [None, [], [{}], [{"kind": "document"}], [[]], ["x"]])
def test_without_an_item_there_was_no_import(items: Any) -> None:
    with pytest.raises(UnsupportedServer, match="plain file") as caught:
        imported({**DONE, "items": items})
    assert isinstance(caught.value, RuntimeError)


def test_an_import_that_failed_is_a_failure() -> None:
    with pytest.raises(RunFailed, match="no room"):
        imported({"status": "errored", "error": "no room", "pipeline_run_id": "r"})


@pytest.mark.parametrize(
    "answer",
    [
        {**DONE, "status": 7},
        {**DONE, "status": "x" * 1000},
        {**DONE, "pipeline_run_id": ["r"]},
        {**DONE, "items": {"kind": "migration_import"}},
        {**DONE, "items": "migration_import"},
        {**DONE, "items": [ITEM | {"graph_nodes": "5"}]},
        {**DONE, "items": [ITEM | {"graph_nodes": -1}]},
        {**DONE, "items": [ITEM | {"graph_nodes": True}]},
        {**DONE, "items": [ITEM | {"graph_edges": 1.5}]},
        {**DONE, "items": [ITEM | {"graph_edges": 10**400}]},
        {**DONE, "items": [ITEM | {"record_counts": [1]}]},
        {**DONE, "items": [ITEM | {"record_counts": {"fact": None, "entity": "2"}}]},
        {**DONE, "items": [ITEM | {"pipeline_run_id": {}}]},
    ],
)
def test_an_answer_of_another_shape_is_garbled(answer: dict[str, Any]) -> None:
    with pytest.raises(RemoteGarbled, match="cogx status"):
        imported(answer)


# Memory

_MEASURED = """
import sys
from pathlib import Path
from cogx.remote.server import Server
from cogx.remote.upload import upload_archive
with Server(sys.argv[1], "s3cret") as server:
    server.get_json("/health")
    before = peak()
    upload_archive(server, Path(sys.argv[2]), dataset="kb", mode="preserve", silence_s=60)
print(peak() - before)
"""


def test_memory_does_not_grow_with_the_upload(cognee: CogneeLike, tmp_path: Path) -> None:
    # COGX_HUGE_UPLOAD=1 sends the 2 GiB that the promise is about; the usual run an eighth.
    size = (2 << 30) if os.environ.get("COGX_HUGE_UPLOAD") else (256 << 20)
    path = tmp_path / "sparse.cogx.tar.gz"
    with path.open("wb") as file:
        file.truncate(size)
    cognee.swallows = True
    run = subprocess.run(
        [sys.executable, "-c", PEAK + _MEASURED, cognee.url, str(path)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert int(run.stdout) < 100 << 10
    assert cognee.uploads[0].size > size
