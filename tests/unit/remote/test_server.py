from __future__ import annotations

import gzip
import re
import socket
from collections.abc import Iterator

import pytest

from cogx.errors import BadSetting, RemoteError, RemoteGarbled, RemoteRefused, RemoteUnavailable
from cogx.remote.server import MOST_ANSWER_BYTES, TRIES, Server, _keep_alive
from tests.unit.remote.cognee_like import Answer, CogneeLike
from tests.unit.remote.proxy import Fault, Proxy

HEALTH = "/health"
DATASETS = "/api/v1/datasets"


@pytest.fixture
def server(cognee: CogneeLike) -> Iterator[Server]:
    with Server(cognee.url, "s3cret", silence_s=20) as one:
        yield one


def test_an_answer_is_returned_as_json(server: Server) -> None:
    assert server.get_json(HEALTH)["version"] == "1.6.5"


def test_the_key_goes_along(server: Server, cognee: CogneeLike) -> None:
    assert server.get_json(DATASETS) == []
    assert cognee.keys == ["s3cret"]


def test_the_key_stays_here_if_asked(server: Server, cognee: CogneeLike) -> None:
    server.get_json(HEALTH, with_key=False)
    assert cognee.keys == [None]


def test_no_empty_key_is_sent(cognee: CogneeLike) -> None:
    with Server(cognee.url, None) as server:
        server.get_json(HEALTH)
        assert not server.has_key
    assert cognee.keys == [None]


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_passes_is_asked_again(server: Server, cognee: CogneeLike, status: int) -> None:
    cognee.can(HEALTH, *[Answer(status, {"detail": "busy"})] * (TRIES - 1))
    assert server.get_json(HEALTH)["status"] == "ready"


def test_what_does_not_pass_is_given_up(server: Server, cognee: CogneeLike) -> None:
    cognee.can(HEALTH, *[Answer(503, {"detail": "busy"})] * TRIES)
    with pytest.raises(RemoteRefused, match="503: busy"):
        server.get_json(HEALTH)
    assert len(cognee.requests) == TRIES


def test_a_refusal_is_not_asked_again(server: Server, cognee: CogneeLike) -> None:
    with pytest.raises(RemoteRefused, match="404"):
        server.get_json("/api/v1/nowhere")
    assert len(cognee.requests) == 1


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_what_changes_a_server_is_sent_once(
    server: Server, cognee: CogneeLike, status: int
) -> None:
    cognee.can(DATASETS, Answer(status, {"detail": "busy"}))
    with pytest.raises(RemoteRefused):
        server.post_json(DATASETS, {"name": "x"})
    assert len(cognee.requests) == 1


def test_a_status_can_be_an_answer(server: Server, cognee: CogneeLike) -> None:
    cognee.health_status = 503
    assert server.get_json(HEALTH, also={503})["status"] == "not ready"
    assert len(cognee.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_told_and_not_followed(
    server: Server, cognee: CogneeLike, status: int
) -> None:
    with CogneeLike(key=None) as other:
        cognee.can(HEALTH, Answer(status, {}, {"Location": f"{other.url}/health"}))
        with pytest.raises(RemoteRefused, match=f"{re.escape(other.url)}/health, another server"):
            server.get_json(HEALTH)
        assert other.requests == []


def test_a_redirect_inside_one_server_is_not_followed_either(
    server: Server, cognee: CogneeLike
) -> None:
    cognee.can(HEALTH, Answer(307, {}, {"Location": "/elsewhere"}))
    with pytest.raises(RemoteRefused) as caught:
        server.get_json(HEALTH)
    assert "another server" not in str(caught.value)
    assert len(cognee.requests) == 1


@pytest.mark.parametrize(
    ("body", "text", "code"),
    [
        ({"detail": "no such thing"}, "no such thing", None),
        ({"detail": "gone [Gone]", "code": "gone"}, "gone [Gone]", "gone"),
        ({"error": "Invalid COGX archive."}, "Invalid COGX archive.", None),
        ({"error": {"message": "too many"}}, "too many", None),
        ({"error": {"message": "no credit", "code": "no_quota"}}, "no credit", "no_quota"),
        ({"error": {}}, "no reason given", None),
        ({"detail": [{"loc": ["body", "data"], "msg": "missing"}]}, "body.data: missing", None),
        ({"detail": []}, "no reason given", None),
        ({"code": 7}, "no reason given", None),
        ([], "no reason given", None),
        (b"Internal Server Error", "Internal Server Error", None),
        (b"", "no reason given", None),
        (b"\xff\xfe", "\ufffd\ufffd", None),
        (b"[" * 100_000, "[[[", None),
    ],
)
def test_every_shape_of_an_error_is_told(
    server: Server, cognee: CogneeLike, body: object, text: str, code: str | None
) -> None:
    cognee.can(HEALTH, Answer(400, body))
    with pytest.raises(RemoteRefused) as caught:
        server.get_json(HEALTH)
    assert f"400: {text}" in str(caught.value)
    assert (caught.value.status, caught.value.code) == (400, code)
    assert len(str(caught.value)) < 500


def test_what_a_server_echoes_is_not_told(server: Server, cognee: CogneeLike) -> None:
    echo = {"detail": [{"loc": ["x"], "msg": "bad", "input": "hunter2"}], "body": "hunter2"}
    cognee.can(HEALTH, Answer(400, echo))
    with pytest.raises(RemoteRefused) as caught:
        server.get_json(HEALTH)
    assert "hunter2" not in f"{caught.value} {caught.value.context}"


def test_how_long_to_wait_is_kept_with_the_refusal(server: Server, cognee: CogneeLike) -> None:
    cognee.can(DATASETS, Answer(429, {}, {"Retry-After": "7"}))
    with pytest.raises(RemoteRefused) as caught:
        server.post_json(DATASETS)
    assert caught.value.context["retry_after"] == "7"


@pytest.mark.parametrize(
    "body",
    [b"<html>Sign in</html>", b"", b'{"a": 1', b"\xff", b"[" * 100_000, b'{"a": 1} {}'],
    ids=["html", "nothing", "cut", "no text", "deep", "twice"],
)
def test_what_is_no_json_is_garbled(server: Server, cognee: CogneeLike, body: bytes) -> None:
    cognee.can(HEALTH, Answer(200, body, {"Content-Type": "text/html"}))
    with pytest.raises(RemoteGarbled, match="not JSON"):
        server.get_json(HEALTH)


def test_json_by_another_name_is_taken(server: Server, cognee: CogneeLike) -> None:
    cognee.can(HEALTH, Answer(200, {"a": 1}, {"Content-Type": "text/plain"}))
    assert server.get_json(HEALTH) == {"a": 1}


@pytest.mark.parametrize("status", [200, 400])
def test_a_gibibyte_is_not_held(server: Server, cognee: CogneeLike, status: int) -> None:
    sent = []

    def endless() -> Iterator[bytes]:
        for _ in range(1 << 10):
            sent.append(1)
            yield b" " * (1 << 20)

    cognee.can(HEALTH, Answer(status, parts=endless(), length=1 << 30))
    with pytest.raises(RemoteGarbled, match=f"longer than {MOST_ANSWER_BYTES:,} bytes"):
        server.get_json(HEALTH)
    assert len(sent) < 100


def test_a_longer_answer_can_be_allowed(server: Server, cognee: CogneeLike) -> None:
    long = "x" * (2 << 20)
    cognee.can(HEALTH, Answer(200, long), Answer(200, long))
    assert server.get_json(HEALTH, most_bytes=3 << 20) == long
    with pytest.raises(RemoteGarbled):
        server.get_json(HEALTH)


def test_an_answer_that_would_unfold_is_refused(server: Server, cognee: CogneeLike) -> None:
    body = gzip.compress(b" " * (64 << 20))
    cognee.can(HEALTH, Answer(200, body, {"Content-Encoding": "gzip"}))
    with pytest.raises(RemoteGarbled, match="compressed"):
        server.get_json(HEALTH)


@pytest.mark.parametrize("length", [3, 1 << 20])
def test_a_length_that_is_wrong_is_no_answer(
    server: Server, cognee: CogneeLike, length: int
) -> None:
    cognee.can(HEALTH, *[Answer(200, {"a": "b" * 1000}, length=length)] * TRIES)
    with pytest.raises((RemoteUnavailable, RemoteGarbled)):
        server.get_json(HEALTH)


def test_no_server_is_told_with_its_address() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with Server(url, "s3cret") as server, pytest.raises(RemoteUnavailable, match=url):
            server.get_json(HEALTH)


def test_a_server_that_stalls_is_left(cognee: CogneeLike) -> None:
    with Proxy(cognee.port, Fault(answer_at=30, how="stall")) as proxy:
        server = Server(proxy.url, None, silence_s=0.05)
        with server, pytest.raises(RemoteUnavailable, match="did not answer in time"):
            server.get_json(HEALTH)
        assert proxy.opened == TRIES


def test_an_answer_in_single_bytes_is_whole(cognee: CogneeLike) -> None:
    with Proxy(cognee.port, Fault(bite=1)) as proxy, Server(proxy.url, None) as server:
        assert server.get_json(HEALTH)["version"] == "1.6.5"


@pytest.mark.parametrize("how", ["close", "reset", "half-close"])
def test_a_reading_request_survives_a_cut(cognee: CogneeLike, how: str) -> None:
    with (
        Proxy(cognee.port, Fault(answer_at=50, how=how), faulty=TRIES - 1) as proxy,
        Server(proxy.url, "s3cret") as server,
    ):
        assert server.get_json(DATASETS) == []


@pytest.mark.parametrize("key", ["two words", "line\nend", "k\u00e9y", "tab\tkey"])
def test_what_is_no_key_is_told_without_showing_it(key: str) -> None:
    with pytest.raises(BadSetting) as caught:
        Server("https://memory.example", key)
    assert key not in str(caught.value)


def test_the_key_shows_nowhere(server: Server, cognee: CogneeLike) -> None:
    cognee.key = "another"
    with pytest.raises(RemoteError) as caught:
        server.get_json(DATASETS)
    assert "s3cret" not in f"{server!r} {caught.value!r} {caught.value.context}"


def test_no_part_of_the_key_shows_where_a_long_text_is_cut(
    server: Server, cognee: CogneeLike
) -> None:
    cognee.can(HEALTH, Answer(400, {"error": "x" * 296 + "s3cret"}))
    with pytest.raises(RemoteRefused) as caught:
        server.get_json(HEALTH)
    assert "s3" not in str(caught.value)


def test_closing_twice_is_fine(cognee: CogneeLike) -> None:
    server = Server(cognee.url, None)
    server.close()
    server.close()


def test_a_silent_connection_is_kept_up() -> None:
    class Stream:
        def __init__(self, wire: socket.socket) -> None:
            self.wire = wire

        def get_extra_info(self, name: str) -> socket.socket | None:
            return {"socket": self.wire}.get(name)

    with socket.socket() as wire:
        _keep_alive("connection.connect_tcp.complete", {"return_value": Stream(wire)})
        assert wire.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
