"""Uploads in pieces: they go on where they were cut, and end with one import or a clear word."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cogx import push_sync
from cogx.errors import BadSetting, RemoteGarbled, RemoteRefused, RemoteUnavailable
from cogx.progress import Progress
from cogx.remote.open_uploads import known_upload
from cogx.remote.probe import probe
from cogx.remote.server import Server
from cogx.remote.upload import imported, upload_archive
from tests.unit.memory import PEAK
from tests.unit.remote.archives import ALL, write_archive
from tests.unit.remote.proxy import Fault, Proxy
from tests.unit.remote.resumable_server import UPLOADS, CogneeResumable, Sink

KEY = "s3cret"
PIECE = 16 << 10
SIZE = 150_000


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the state of these tests for themselves, and do not wait between two tries."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr("cogx.remote.download.FIRST_WAIT_S", 0.0)


@pytest.fixture
def there() -> Iterator[CogneeResumable]:
    with CogneeResumable(piece_bytes=PIECE, key=KEY) as server:
        yield server


@pytest.fixture
def server(there: CogneeResumable) -> Iterator[Server]:
    with Server(there.url, KEY, silence_s=20) as one:
        yield one


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Give an archive of many pieces: a text that no compression makes smaller."""
    text = random.Random(7).randbytes(SIZE).hex()
    document = {"kind": "document", "external_system": "n", "external_id": "d", "content": text}
    return write_archive(tmp_path / "people.cogx.tar.gz", {**ALL, "documents.jsonl": [document]})


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def send(server: Server, path: Path, *, sha256: str | None = None, **more: Any) -> Any:
    return upload_archive(
        server,
        path,
        **{"dataset": "kb", "mode": "preserve", "silence_s": 20, "piece_bytes": PIECE} | more,
        sha256=sha256 or digest(path),
    )


def test_an_archive_arrives_in_pieces_and_is_imported_once(
    there: CogneeResumable, server: Server, archive: Path
) -> None:
    assert imported(send(server, archive)).finished
    assert (there.imports, there.open) == (1, {})
    assert there.uploads[0].sha256 == digest(archive)
    assert sum(there.piece_sizes) == archive.stat().st_size
    assert set(there.piece_sizes[:-1]) == {PIECE}


def test_the_form_names_the_upload_in_the_place_of_the_file(
    there: CogneeResumable, server: Server, archive: Path
) -> None:
    send(server, archive, background=True)
    assert there.uploads[0].names == [
        "datasetName", "run_in_background", "content_type", "import_mode", "upload_id",
    ]  # fmt: skip


def test_the_server_is_told_what_is_coming(
    there: CogneeResumable, server: Server, archive: Path
) -> None:
    send(server, archive)
    (one,) = there.begun
    assert (one.size, one.sha256) == (archive.stat().st_size, digest(archive))
    assert one.name == "people.cogx.tar.gz"


def test_a_small_archive_goes_in_one_request(
    there: CogneeResumable, server: Server, archive: Path
) -> None:
    send(server, archive, piece_bytes=1 << 30)
    assert (there.begun, there.imports) == ([], 1)


def test_without_a_hash_it_goes_in_one_request(
    there: CogneeResumable, server: Server, archive: Path
) -> None:
    upload_archive(server, archive, dataset="kb", mode="preserve", piece_bytes=PIECE)
    assert (there.begun, there.imports) == ([], 1)


def test_a_push_goes_in_pieces_where_the_server_says_so(
    there: CogneeResumable, archive: Path
) -> None:
    result = push_sync(archive, target_dataset="kb", url=there.url, api_key=KEY)
    assert (result.finished, result.losses, there.imports) == (True, {}, 1)
    assert len(there.piece_sizes) > 5


def test_a_push_goes_in_one_request_where_it_does_not(
    there: CogneeResumable, archive: Path
) -> None:
    assert there.capabilities is not None
    there.capabilities["resumable"] = False
    assert push_sync(archive, target_dataset="kb", url=there.url, api_key=KEY).finished
    assert there.begun == []


@pytest.mark.parametrize(
    ("told", "meant"), [(4096, 4096), (0, 8 << 20), ("many", 8 << 20), (None, 8 << 20)]
)
def test_the_size_of_a_piece_is_the_server_s_if_it_says_one(
    there: CogneeResumable, server: Server, told: Any, meant: int
) -> None:
    assert there.capabilities is not None
    there.capabilities["upload_chunk_bytes"] = told
    assert probe(server).piece_bytes == meant


# Breaks.


@pytest.mark.parametrize("number", range(60))
def test_a_cut_anywhere_ends_in_one_import(
    there: CogneeResumable, archive: Path, number: int
) -> None:
    whole = archive.stat().st_size + 5000
    fault = Fault(request_at=1 + number * whole // 60, how=("close", "reset")[number % 2])
    with Proxy(there.port, fault, faulty=1) as proxy, Server(proxy.url, KEY) as server:
        try:
            done = imported(send(server, archive))
        except RemoteUnavailable as error:  # the last request, which is never sent twice
            assert error.context["may_have_happened"] is False
            done = imported(send(server, archive))
        assert proxy.opened > 1
    assert (done.finished, there.imports) == (True, 1)
    assert there.uploads[-1].sha256 == digest(archive)
    assert there.taken_bytes <= archive.stat().st_size + PIECE


def test_a_link_that_breaks_again_and_again_still_gets_it_there(
    there: CogneeResumable, archive: Path
) -> None:
    with Proxy(there.port, Fault(request_at=9000)) as proxy, Server(proxy.url, KEY) as server:
        assert imported(send(server, archive)).finished
        assert proxy.opened > archive.stat().st_size // 9000
    assert (there.imports, there.uploads[0].sha256) == (1, digest(archive))


def test_a_lost_answer_is_looked_after_and_the_piece_not_sent_again(
    there: CogneeResumable, server: Server, archive: Path
) -> None:
    there.loses_answers = True
    assert imported(send(server, archive)).finished
    assert there.taken_bytes == archive.stat().st_size


@pytest.mark.parametrize("requests", [1, 2, 3])
def test_a_server_that_is_away_for_a_while_is_waited_for(
    there: CogneeResumable, server: Server, archive: Path, requests: int
) -> None:
    def goes(pieces: int) -> None:
        there.silent_for = requests if pieces == 4 else 0

    there.after_piece = goes
    assert imported(send(server, archive)).finished
    assert (len(there.begun), there.taken_bytes) == (1, archive.stat().st_size)


def test_a_server_that_forgets_is_given_all_of_it_again(
    there: CogneeResumable, server: Server, archive: Path
) -> None:
    def forgets(pieces: int) -> None:
        if pieces == 4:
            there.open.clear()

    there.after_piece = forgets
    assert imported(send(server, archive)).finished
    assert (len(there.begun), there.imports) == (2, 1)


def test_a_server_that_always_forgets_is_given_up(
    there: CogneeResumable, server: Server, archive: Path
) -> None:
    there.after_piece = lambda _: there.open.clear()
    with pytest.raises(RemoteRefused) as caught:
        send(server, archive)
    assert (caught.value.status, caught.value.context["may_have_happened"]) == (404, False)
    assert (len(there.begun), there.imports) == (3, 0)


def test_a_server_that_lost_a_part_is_given_that_part(
    there: CogneeResumable, server: Server, archive: Path
) -> None:
    def loses(pieces: int) -> None:
        if pieces == 4:
            del there.begun[0].data[20_000:]
            there.loses_answers = True

    there.after_piece = loses
    assert imported(send(server, archive)).finished
    assert there.uploads[0].sha256 == digest(archive)


def test_a_server_that_is_gone_is_told_with_the_upload_and_a_later_push_goes_on(
    there: CogneeResumable, server: Server, archive: Path
) -> None:
    def dies(pieces: int) -> None:
        if pieces == 5:
            there.silent_for = 1_000

    there.after_piece = dies
    with pytest.raises(RemoteUnavailable, match="Nothing was imported") as caught:
        send(server, archive)
    (identity,) = there.open
    assert identity in str(caught.value)
    assert caught.value.context["may_have_happened"] is False
    there.silent_for, there.after_piece = 0, None
    assert imported(send(server, archive)).finished
    assert (len(there.begun), there.taken_bytes) == (1, archive.stat().st_size)


def test_a_killed_push_goes_on_in_a_later_process(
    there: CogneeResumable, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1764000000")  # the same archive is packed both times
    command = [sys.executable, "-m", "cogx", "push", str(archive), "--url", there.url]
    environment = os.environ | {"COGNEE_API_KEY": KEY}

    def kills(pieces: int) -> None:
        if pieces == 5:
            process.kill()
            there.silent_for = 1  # of what it may still send

    there.after_piece = kills
    process = subprocess.Popen(command, env=environment)
    assert process.wait() == -signal.SIGKILL
    there.after_piece, there.silent_for = None, 0
    assert subprocess.run(command, env=environment, check=False).returncode == 0
    assert (len(there.begun), there.imports) == (1, 1)
    assert there.taken_bytes <= there.begun[0].size + PIECE


def test_an_upload_that_is_over_is_not_asked_for_again(
    there: CogneeResumable, server: Server, archive: Path
) -> None:
    send(server, archive)
    assert known_upload(server.url, digest(archive)) is None


def test_an_upload_that_the_server_has_dropped_meanwhile_is_begun_anew(
    there: CogneeResumable, server: Server, archive: Path
) -> None:
    there.after_piece = lambda _: setattr(there, "silent_for", 1_000)
    with pytest.raises(RemoteUnavailable):
        send(server, archive)
    there.silent_for, there.after_piece = 0, None
    there.open.clear()
    assert imported(send(server, archive)).finished


def test_what_is_kept_of_an_upload_is_for_the_owner_only(
    there: CogneeResumable, server: Server, archive: Path
) -> None:
    there.after_piece = lambda _: setattr(there, "silent_for", 1_000)
    with pytest.raises(RemoteUnavailable):
        send(server, archive)
    kept = [one for one in Path(os.environ["XDG_STATE_HOME"]).rglob("*") if one.is_file()]
    assert [oct(one.stat().st_mode & 0o077) for one in kept] == ["0o0"]
    assert KEY not in kept[0].read_text()


# What ends it.


def test_a_refusal_is_told_once(there: CogneeResumable, server: Server, archive: Path) -> None:
    there.most_bytes = 100
    with pytest.raises(RemoteRefused, match="Nothing was imported") as caught:
        send(server, archive)
    assert (caught.value.status, caught.value.context["may_have_happened"]) == (413, False)
    assert [path for _, path in there.requests] == [UPLOADS]


def test_a_wrong_key_is_refused(there: CogneeResumable, archive: Path) -> None:
    with Server(there.url, "wrong") as server, pytest.raises(RemoteRefused, match="401"):
        send(server, archive)
    assert there.begun == []


def test_another_file_than_was_hashed_is_dropped_there(
    there: CogneeResumable, server: Server, archive: Path
) -> None:
    with pytest.raises(BadSetting, match="changed while it was sent"):
        send(server, archive, sha256="0" * 64)
    assert (there.open, len(there.dropped), there.imports) == ({}, 1, 0)


def test_a_file_that_changes_between_two_pieces_is_dropped_there(
    there: CogneeResumable, server: Server, archive: Path
) -> None:
    def changes(pieces: int) -> None:
        if pieces == 3:
            with archive.open("ab") as file:
                file.write(b"more")

    there.after_piece = changes
    with pytest.raises(BadSetting, match="changed while it was sent"):
        send(server, archive)
    assert (there.open, there.imports) == ({}, 0)


@pytest.mark.parametrize("location", ["", "/elsewhere", "http://evil.example/x"])
def test_an_answer_without_an_upload_is_garbled(
    there: CogneeResumable, server: Server, archive: Path, location: str
) -> None:
    there.location = location
    with pytest.raises((RemoteGarbled, RemoteUnavailable), match="names no upload"):
        send(server, archive)
    assert there.taken_bytes == 0


def test_a_location_on_another_server_is_not_followed(
    there: CogneeResumable, server: Server, archive: Path
) -> None:
    there.location = f"http://127.0.0.1:9{UPLOADS}"
    assert imported(send(server, archive)).finished


def test_progress_tells_of_every_byte_once(there: CogneeResumable, archive: Path) -> None:
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
    with Proxy(there.port, Fault(request_at=9000)) as proxy, Server(proxy.url, KEY) as server:
        send(server, archive, progress=heard)
    size = archive.stat().st_size
    assert (heard.said, heard.bytes) == ([("upload", size, "bytes"), "end"], size)


# Memory.

_MEASURED = """
import hashlib, sys
from pathlib import Path
from cogx.remote.server import Server
from cogx.remote.upload import upload_archive
path = Path(sys.argv[2])
with path.open("rb") as file:
    sha256 = hashlib.file_digest(file, "sha256").hexdigest()
with Server(sys.argv[1], "s3cret") as server:
    server.get_json("/health")
    before = peak()
    upload_archive(server, path, dataset="kb", mode="preserve", sha256=sha256, piece_bytes=8 << 20)
print(sha256, peak() - before)
"""


def test_memory_does_not_grow_with_the_upload(there: CogneeResumable, tmp_path: Path) -> None:
    size = (2 << 30) if os.environ.get("COGX_HUGE_UPLOAD") else (96 << 20)
    path = tmp_path / "sparse.cogx.tar.gz"
    with path.open("wb") as file:
        file.truncate(size)
    there.swallows = True
    assert there.capabilities is not None
    there.capabilities["upload_chunk_bytes"] = 8 << 20
    run = subprocess.run(
        [sys.executable, "-c", PEAK + _MEASURED, there.url, str(path)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    sha256, grown_kib = run.stdout.split()
    assert int(grown_kib) < 32 << 10
    (arrived,) = there.begun
    assert isinstance(arrived.data, Sink)
    assert (len(arrived.data), arrived.data.hash.hexdigest()) == (size, sha256)
