"""Uploads go on where they were cut, are their owner's alone, and are used once."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import update

from cogx.engine.push import push_sync
from cogx.engine.sync import sync_sync
from cogx.format.records import Document
from cogx.server import upload_files
from cogx.server.identity.users import User
from cogx.server.state.database import now
from cogx.server.state.tables import uploads

from ..running import Running, running
from .test_receiving import SMALL, archive, dataset_id

UPLOADS = "/api/v1/cogx/uploads"
PIECE = {"Content-Type": "application/offset+octet-stream"}
SHA256 = hashlib.sha256(SMALL).hexdigest()
CHUNK = 400
"""Far less than the archive has, so that it goes in pieces."""

Make = Callable[..., httpx.Client]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Run a server that takes small pieces, and not many bytes."""
    with running(
        tmp_path_factory.mktemp("uploads"),
        upload_chunk_bytes=CHUNK,
        max_upload_bytes=4 * CHUNK,
        idle_upload_s=0.5,
    ) as one:
        yield one


def begin(client: httpx.Client, content: bytes = SMALL, **more: Any) -> str:
    """Begin an upload of some content, and return its place."""
    told = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest(), "name": "kb.tar"}
    answer = client.post(UPLOADS, json=told | more)
    assert answer.status_code == 201, answer.text
    return answer.headers["Location"]


def patch(client: httpx.Client, place: str, offset: int, content: Any) -> httpx.Response:
    """Send a piece."""
    headers = PIECE | {"Upload-Offset": str(offset)}
    return client.patch(place, content=content, headers=headers)


def whole(client: httpx.Client, content: bytes = SMALL, **more: Any) -> str:
    """Upload some content and return the upload's id."""
    place = begin(client, content, **more)
    for start in range(0, len(content), CHUNK):
        assert patch(client, place, start, content[start : start + CHUNK]).status_code == 204
    return place.rpartition("/")[2]


def remember(client: httpx.Client, upload_id: str, **fields: str) -> httpx.Response:
    """Import an upload."""
    form = {"datasetName": "kb", "content_type": "cogx-archive", "upload_id": upload_id} | fields
    return client.post("/api/v1/remember", files=[(k, (None, v)) for k, v in form.items()])


def add(client: httpx.Client, upload_id: str, **fields: str) -> httpx.Response:
    """Keep an upload as a file."""
    form = {"datasetName": "kb", "upload_id": upload_id} | fields
    return client.post("/api/v1/add", files=[(k, (None, v)) for k, v in form.items()])


def offset(client: httpx.Client, place: str) -> int:
    """Return how much of an upload is there."""
    return int(client.head(place).headers["Upload-Offset"])


def test_each_piece_is_answered_with_the_new_offset(client: Make) -> None:
    one = client()
    place = begin(one)
    assert [patch(one, place, at, b"x" * 10).headers["Upload-Offset"] for at in (0, 10)] == [
        "10",
        "20",
    ]


def test_the_server_says_how_much_is_there(client: Make) -> None:
    one = client()
    place = begin(one)
    patch(one, place, 0, SMALL[:100])
    told = one.head(place).headers
    assert (told["Upload-Offset"], told["Upload-Length"]) == ("100", str(len(SMALL)))


def test_what_is_complete_is_imported(client: Make) -> None:
    one = client()
    answer = remember(one, whole(one)).json()
    assert (answer["status"], answer["items"][-1]["graph_nodes"]) == ("completed", 2)


def test_an_upload_without_size_and_hash_is_what_came(client: Make) -> None:
    one = client()
    assert remember(one, whole(one, size=None, sha256=None)).status_code == 200


def test_a_file_is_kept_under_the_name_that_is_told(client: Make) -> None:
    one = client()
    upload = whole(one, b"Ada met Babbage.")
    answer = add(one, upload, filename="/home/ada/meeting.txt", mime_type="text/plain").json()
    info = answer["data_ingestion_info"][0]
    assert (info["name"], info["mime_type"], info["data_size"]) == ("meeting", "text/plain", 16)


@pytest.mark.parametrize("use", [remember, add], ids=["remember", "add"])
def test_an_upload_is_used_once(client: Make, use: Callable[..., httpx.Response]) -> None:
    one = client()
    upload = whole(one) if use is remember else whole(one, b"text", name="a.txt")
    assert [use(one, upload).status_code for _ in range(2)] == [200, 404]


def test_the_file_of_an_upload_that_was_used_is_gone(server: Running, client: Make) -> None:
    one = client()
    upload = whole(one, b"a text of its own", name="a.txt")
    add(one, upload)
    add(one, again := whole(one, b"a text of its own", name="a.txt"))
    left = {path.name for path in server.context.places.uploads()}
    assert not left & {upload, again, f"{upload}.taken", f"{again}.taken"}


def test_what_was_refused_can_be_used_again(client: Make) -> None:
    one = client()
    upload = whole(one)
    assert remember(one, upload, datasetName="not a name").status_code == 422
    assert remember(one, upload).status_code == 200


def test_missing_bytes_are_409_and_can_still_come(client: Make) -> None:
    one = client()
    place = begin(one)
    patch(one, place, 0, SMALL[:100])
    refused = remember(one, place.rpartition("/")[2])
    assert (refused.status_code, refused.headers["Upload-Offset"]) == (409, "100")
    assert offset(one, place) == 100


def test_wrong_bytes_are_422_and_nothing_is_kept(client: Make) -> None:
    one = client()
    upload = whole(one, SMALL, sha256="0" * 64)
    answer = remember(one, upload)
    assert (answer.status_code, answer.json()["code"]) == (422, "checksum_mismatch")
    assert one.get("/api/v1/datasets").json() == []
    assert one.head(f"{UPLOADS}/{upload}").status_code == 404


def test_a_piece_at_another_offset_is_409_and_says_which(client: Make) -> None:
    one = client()
    place = begin(one)
    patch(one, place, 0, b"x" * 10)
    for at in (0, 5, 11):
        answer = patch(one, place, at, b"y" * 10)
        assert (answer.status_code, answer.headers["Upload-Offset"]) == (409, "10")
    assert offset(one, place) == 10


def test_of_a_piece_that_stops_what_came_is_kept(server: Running) -> None:
    key = server.key(server.user())
    one = server.client_of(key)
    place = begin(one)
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port)) as line:
        head = f"PATCH {place} HTTP/1.1\r\nHost: x\r\nX-Api-Key: {key}\r\nUpload-Offset: 0\r\n"
        kind = "Content-Type: application/offset+octet-stream\r\nContent-Length: 100\r\n\r\n"
        line.sendall(f"{head}{kind}".encode() + b"x" * 50)
        answer = line.recv(1000)
    assert (answer.split()[1], offset(one, place)) == (b"408", 50)
    one.close()


@pytest.mark.parametrize(
    ("size", "sent", "status"),
    [
        (CHUNK + 1, CHUNK + 1, 413),
        (10, 11, 413),
        (10, 10, 204),
        (CHUNK, CHUNK, 204),
    ],
    ids=["over the piece", "over the size", "the size", "the piece"],
)
def test_a_piece_has_its_limits(client: Make, size: int, sent: int, status: int) -> None:
    one = client()
    assert patch(one, begin(one, b"x" * size), 0, b"x" * sent).status_code == status


def test_the_largest_upload_may_be_begun_and_no_larger_one(client: Make) -> None:
    one = client()
    sizes = (4 * CHUNK, 4 * CHUNK + 1)
    assert [one.post(UPLOADS, json={"size": size}).status_code for size in sizes] == [201, 413]


def test_one_of_unknown_size_ends_at_the_limit(client: Make) -> None:
    one = client()
    place = begin(one, size=None, sha256=None)
    for start in range(0, 4 * CHUNK, CHUNK):
        assert patch(one, place, start, b"x" * CHUNK).status_code == 204
    assert patch(one, place, 4 * CHUNK, b"x").status_code == 413


def test_a_piece_of_unknown_length_is_411(client: Make) -> None:
    one = client()
    assert patch(one, begin(one), 0, iter([b"x"])).status_code == 411


def test_a_piece_of_another_type_is_415(client: Make) -> None:
    one = client()
    headers = {"Content-Type": "text/plain", "Upload-Offset": "0"}
    assert one.patch(begin(one), content=b"x", headers=headers).status_code == 415


@pytest.mark.parametrize("told", [{}, {"Upload-Offset": "-1"}, {"Upload-Offset": "x"}], ids=str)
def test_a_piece_without_an_offset_is_400(client: Make, told: dict[str, str]) -> None:
    one = client()
    assert one.patch(begin(one), content=b"x", headers=PIECE | told).status_code == 400


@pytest.mark.parametrize(
    "body", [{"size": -1}, {"sha256": "abc"}, {"size": "x"}, {"name": None}], ids=str
)
def test_what_cannot_be_begun_is_400(client: Make, body: dict[str, Any]) -> None:
    assert client().post(UPLOADS, json=body).status_code == 400


@pytest.mark.parametrize("method", ["HEAD", "PATCH", "DELETE"])
def test_others_do_not_see_an_upload(client: Make, method: str) -> None:
    place = begin(client())
    headers = PIECE | {"Upload-Offset": "0"}
    stranger = client()
    found = stranger.request(method, place, headers=headers)
    nothing = stranger.request(method, f"{UPLOADS}/{uuid4()}", headers=headers)
    assert (found.status_code, found.text) == (nothing.status_code, nothing.text)
    assert found.status_code == 404


@pytest.mark.parametrize("use", [remember, add], ids=["remember", "add"])
def test_others_cannot_use_an_upload(client: Make, use: Callable[..., httpx.Response]) -> None:
    assert use(client(), whole(client())).status_code == 404


def test_an_upload_that_is_dropped_is_gone(client: Make) -> None:
    one = client()
    place = begin(one)
    assert (one.delete(place).status_code, one.head(place).status_code) == (204, 404)


def test_one_that_was_abandoned_ends(server: Running, client: Make) -> None:
    one = client()
    place = begin(one)
    _age(server, place, timedelta(days=2))
    begin(one)
    assert one.head(place).status_code == 404
    assert not server.context.places.upload(place.rpartition("/")[2]).exists()


def test_so_many_can_be_open_and_no_more(client: Make) -> None:
    one = client()
    for _ in range(upload_files.MOST_OPEN):
        begin(one, b"x")
    refused = one.post(UPLOADS, json={"size": 1})
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "60")


def test_so_many_bytes_can_be_open_and_no_more(client: Make) -> None:
    one = client()
    statuses = [one.post(UPLOADS, json={"size": 4 * CHUNK}).status_code for _ in range(5)]
    assert statuses == [201] * 4 + [429]


def test_an_old_one_gives_way_where_there_are_too_many(server: Running, client: Make) -> None:
    one = client()
    places = [begin(one, b"x") for _ in range(upload_files.MOST_OPEN)]
    _age(server, places[0], timedelta(hours=2))
    begin(one, b"x")
    assert [one.head(place).status_code for place in places[:2]] == [404, 200]


def _age(server: Running, place: str, by: timedelta) -> None:
    with server.context.database.write() as state:
        mine = uploads.c.id == place.rpartition("/")[2]
        state.execute(update(uploads).where(mine).values(updated_at=now() - by))


def test_an_upload_goes_on_after_a_restart(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        key = server.key(server.user())
        with server.client_of(key) as one:
            place = begin(one)
            patch(one, place, 0, SMALL[:100])
        upload = server.context.places.upload(place.rpartition("/")[2])
        upload.rename(upload.with_name(f"{upload.name}.taken"))  # As if it died while it was used.
    with running(tmp_path) as server, server.client_of(key) as one:
        assert offset(one, place) == 100
        assert patch(one, place, 100, SMALL[100:]).status_code == 204
        assert remember(one, place.rpartition("/")[2]).status_code == 200


@pytest.fixture
def own(server: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[User, str]:
    """Return a user with a key, and keep what our client remembers away from that of others."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    user = server.user()
    return user, server.key(user)


def test_our_push_goes_in_pieces(server: Running, own: tuple[User, str], tmp_path: Path) -> None:
    source = tmp_path / "kb.cogx.tar.gz"
    source.write_bytes(SMALL)
    result = push_sync(str(source), target_dataset="kb", url=server.url, api_key=own[1])
    assert (result.status, result.num_nodes) == ("completed", 2)
    with server.client_of(own[1]) as one:
        assert dataset_id(one)


def test_our_sync_sends_long_files_in_pieces(
    server: Running, own: tuple[User, str], tmp_path: Path
) -> None:
    source = tmp_path / "texts.cogx.tar.gz"
    source.write_bytes(_long_text())
    result = sync_sync(
        str(source), target_dataset="kb", url=server.url, api_key=own[1], rebuild="none", wait=True
    )
    assert (result.status, result.files_sent) == ("completed", 1)


def _long_text() -> bytes:
    return archive(Document(external_id="d", content="Ada met Babbage. " * 60, title="Meeting"))
