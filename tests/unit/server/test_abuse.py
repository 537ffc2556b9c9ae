"""Whatever is sent, and however: the server bounds it, says why, and keeps nothing of it."""

from __future__ import annotations

import gzip
import io
import socket
import struct
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cogx.archive.writer import ArchiveWriter
from cogx.format.manifest import Manifest
from cogx.format.records import Entity
from cogx.server import access
from cogx.server.form import MOST_FIELD_BYTES

from .running import Running, running
from .serving import wait_for

LIMIT = 64 << 10
IDLE_S = 0.4
PATH = "/api/v1/remember"
EDGE = "e" * 24
HEAD = (
    f'--{EDGE}\r\nContent-Disposition: form-data; name="datasetName"\r\n\r\nkb\r\n'
    f'--{EDGE}\r\nContent-Disposition: form-data; name="content_type"\r\n\r\ncogx-archive\r\n'
    f'--{EDGE}\r\nContent-Disposition: form-data; name="data"; filename="a.tar.gz"\r\n\r\n'
).encode()
TAIL = f"\r\n--{EDGE}--\r\n".encode()
TYPE = f"multipart/form-data; boundary={EDGE}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    place = tmp_path_factory.mktemp("abused")
    with (
        pytest.MonkeyPatch.context() as patch,
        running(place, max_upload_bytes=LIMIT, idle_upload_s=IDLE_S) as one,
    ):
        patch.setattr(access, "_LINGER_S", 0.2)
        yield one


@pytest.fixture(scope="module")
def key(server: Running) -> str:
    return server.key(server.user())


@pytest.fixture
def client(server: Running, key: str) -> Iterator[httpx.Client]:
    with server.client_of(key) as one:
        yield one


@pytest.fixture(autouse=True)
def _nothing_stays(server: Running) -> Iterator[None]:
    yield
    places = [server.context.places.root / name for name in ("incoming", "jobs")]
    wait_for(lambda: not [one for place in places for one in place.iterdir()])


def form(content: bytes) -> bytes:
    return HEAD + content + TAIL


def post(client: httpx.Client, body: Any, **headers: str) -> httpx.Response:
    return client.post(PATH, content=body, headers={"Content-Type": TYPE} | headers)


def in_pieces(body: bytes) -> Iterator[bytes]:
    """Give a body without its length: it is sent chunked."""
    for start in range(0, len(body), 5000):
        yield body[start : start + 5000]


def raw(server: Running, key: str, length: int, sent: bytes) -> socket.socket:
    """Begin a request by hand: with a Content-Length, whatever is sent."""
    url = urlsplit(server.url)
    opened = socket.create_connection((url.hostname, url.port), timeout=20)
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: x\r\nX-Api-Key: {key}\r\nContent-Type: {TYPE}\r\n"
        f"Content-Length: {length}\r\n\r\n"
    )
    opened.sendall(head.encode() + sent)
    return opened


def answer_on(opened: socket.socket) -> bytes:
    """Return all that comes until the server closes the connection."""
    parts = []
    while part := opened.recv(65536):
        parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize("sent_as", [bytes, in_pieces], ids=["with its length", "chunked"])
@pytest.mark.parametrize(("over", "status"), [(0, 400), (1, 413)])
def test_the_limit_is_exact(
    client: httpx.Client, sent_as: Callable[[bytes], Any], over: int, status: int
) -> None:
    """What is not too large is no archive: 400."""
    assert post(client, sent_as(form(b"x" * (LIMIT + over)))).status_code == status


def test_a_length_over_any_limit_is_refused_before_a_byte_is_read(
    server: Running, key: str
) -> None:
    with raw(server, key, 1 << 40, b"") as opened:
        assert b" 413 " in answer_on(opened).split(b"\r\n", 1)[0]


def test_a_length_that_is_too_small_gives_no_form(client: httpx.Client, server: Running) -> None:
    with raw(server, client.headers["x-api-key"], len(HEAD) + 10, form(b"x" * 100)) as opened:
        assert b" 400 " in opened.recv(65536).split(b"\r\n", 1)[0]


def test_a_body_that_ends_before_its_length_leaves_nothing(server: Running, key: str) -> None:
    incoming = server.context.places.root / "incoming"
    with raw(server, key, 50_000, HEAD + b"x" * 40_000):
        pass
    wait_for(lambda: not list(incoming.iterdir()))


def test_a_body_that_stops_coming_is_cut_off(server: Running, key: str) -> None:
    with raw(server, key, 50_000, HEAD) as opened:
        assert b" 408 " in answer_on(opened).split(b"\r\n", 1)[0]


def test_a_body_that_trickles_is_cut_off(server: Running, key: str) -> None:
    with raw(server, key, 50_000, HEAD) as opened:
        opened.settimeout(IDLE_S / 5)
        answer = b""
        while not answer:
            opened.sendall(b"x")
            try:
                answer = opened.recv(65536)
            except TimeoutError:
                continue
        assert answer.startswith(b"HTTP/1.1 408 ")


def test_uploads_at_once_are_bounded(server: Running, key: str, client: httpx.Client) -> None:
    """Four are received, sixteen wait, and whoever comes then is sent away for a moment."""
    with ExitStack() as opened:
        for _ in range(20):
            opened.enter_context(raw(server, key, 50_000, HEAD))
        wait_for(lambda: server.context.uploads._inside == 20)
        answer = post(client, form(b""))
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "5")
    wait_for(lambda: server.context.uploads._inside == 0)


def test_a_turn_comes_back_from_whoever_went_away(
    server: Running, key: str, client: httpx.Client
) -> None:
    with ExitStack() as opened:
        for _ in range(4):
            opened.enter_context(raw(server, key, 50_000, HEAD))
        wait_for(lambda: server.context.uploads._inside == 4)
    assert post(client, form(b"")).status_code == 400


def archive(**more: Any) -> bytes:
    target = io.BytesIO()
    with ArchiveWriter(target, manifest=Manifest(source_system="t"), compression="gz") as writer:
        writer.write(Entity(external_id="a", name="Ada", **more))
    return target.getvalue()


def zipped() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("manifest.json", "{}")
        opened.writestr("entities.jsonl", " " * (8 << 20))
    return target.getvalue()


def bomb() -> bytes:
    """Return an archive that is small until it is unpacked."""
    return zstandard.compress(gzip.decompress(archive()) + b"\0" * (100 << 20))


@pytest.mark.parametrize(
    "content",
    [zipped(), bomb(), gzip.compress(gzip.compress(archive())), archive()[:-12]],
    ids=["a zip", "a bomb", "packed twice", "cut"],
)
def test_what_is_no_honest_archive_is_refused(client: httpx.Client, content: bytes) -> None:
    assert len(content) < LIMIT
    answer = post(client, form(content))
    assert (answer.status_code, answer.json()["code"]) == (400, "archive.invalid")


def test_a_form_is_not_unpacked(client: httpx.Client) -> None:
    body = gzip.compress(form(archive()))
    assert post(client, body, **{"Content-Encoding": "gzip"}).status_code == 415


def field(name: str, value: bytes, more: str = "") -> bytes:
    head = f'--{EDGE}\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'
    return head.encode() + value + b"\r\n"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (field("custom_prompt", b"x" * (MOST_FIELD_BYTES + 1)), 413),
        (field("a", b"") * 1001, 400),
        (field("data", b"", '; filename="a"') * 1001, 400),
        (field("n" * 5000, b""), 400),
        (field("datasetName", b"\xff\xfe"), 400),
        (b"", 400),
    ],
    ids=["a long field", "many fields", "many files", "a long name", "no text", "nothing"],
)
def test_a_form_is_bounded_in_every_way(client: httpx.Client, body: bytes, status: int) -> None:
    assert post(client, body + f"--{EDGE}--\r\n".encode()).status_code == status


def test_headers_of_parts_without_an_end_are_bounded(client: httpx.Client) -> None:
    def endless() -> Iterator[bytes]:
        yield f"--{EDGE}\r\n".encode()
        while True:
            yield b"A: " + b"x" * 1000 + b"\r\n"

    assert post(client, endless()).status_code == 400


@pytest.mark.parametrize(
    "kind", ["multipart/form-data", "multipart/form-data; boundary=", "text/plain", "", "a/b; c="]
)
def test_what_is_no_form_is_400(client: httpx.Client, kind: str) -> None:
    assert client.post(PATH, content=form(b""), headers={"Content-Type": kind}).status_code == 400


PIECES = st.sampled_from(
    [
        HEAD,
        TAIL,
        f"--{EDGE}".encode(),
        b"\r\n",
        b"\n",
        b"--",
        b"\0",
        b"\xff",
        b'Content-Disposition: form-data; name="data"; filename="',
        b'"\r\n\r\n',
        b": ",
        b"Content-Disposition: form-data; name*=utf-8''%ff",
        archive(),
        b"x" * 3000,
    ]
)
GARBAGE = st.lists(PIECES | st.binary(max_size=40), max_size=12).map(b"".join)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(body=GARBAGE)
def test_no_garbage_makes_the_server_fail(client: httpx.Client, body: bytes) -> None:
    assert post(client, body).status_code < 500


def test_a_connection_that_is_reset_leaves_nothing(server: Running, key: str) -> None:
    opened = raw(server, key, 50_000, HEAD + b"x" * 1000)
    time.sleep(0.05)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    opened.close()


def test_no_name_of_a_file_leads_out_of_the_directory(
    server: Running, client: httpx.Client, tmp_path: Path
) -> None:
    names = ["../../escaped", "/etc/escaped", "..\\escaped", "a\0b", "."]
    for name in names:
        post(client, HEAD.replace(b"a.tar.gz", name.encode()) + TAIL)
    assert list(server.context.places.root.parent.rglob("*escaped*")) == []
