"""Every request has an id and a line in the log; what fails inside is told to the log only."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from cogx.server.access import Access

from .running import Running

Make = Callable[..., httpx.Client]


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Callable[[], Any]:
    """Return a call that waits for the one request in the log: it is told when all was sent."""
    caplog.set_level(logging.INFO, "cogx.server.access")

    def newest() -> Any:
        deadline = time.monotonic() + 30
        while True:
            found = [one for one in caplog.records if one.getMessage() == "request"]
            if found or time.monotonic() > deadline:
                return found[-1]
            time.sleep(0.01)

    return newest


def test_an_id_that_comes_with_a_request_is_kept(anonymous: httpx.Client) -> None:
    answer = anonymous.get("/health", headers={"X-Request-Id": "abc-1.2_3"})
    assert answer.headers["x-request-id"] == "abc-1.2_3"


@pytest.mark.parametrize("wrong", ["", "a b", "x" * 65, "a\tb", "ü"])
def test_an_id_that_could_be_anything_is_replaced(anonymous: httpx.Client, wrong: str) -> None:
    answer = anonymous.get("/health", headers={"X-Request-Id": wrong.encode()})
    assert len(answer.headers["x-request-id"]) == 32


def test_the_log_says_who_called_and_what_came_of_it(
    server: Running, client: Make, logged: Callable[[], Any]
) -> None:
    user = server.user()
    answer = client(user).get("/api/v1/datasets")
    line = logged()
    assert (line.user, line.method, line.path, line.status, line.sent_bytes) == (
        user.id, "GET", "/api/v1/datasets", 200, len(answer.content),
    )  # fmt: skip


def test_the_log_has_no_query(anonymous: httpx.Client, logged: Callable[[], Any]) -> None:
    anonymous.get("/health?token=geheim")
    assert "geheim" not in str(vars(logged()))


def test_a_path_cannot_begin_a_line(anonymous: httpx.Client, logged: Callable[[], Any]) -> None:
    anonymous.get("/a%0Afaked")
    assert logged().path == "/a%0Afaked"


def broken(_: Request) -> None:
    raise ValueError("inner details")


async def breaks_off(_: Request) -> StreamingResponse:
    async def body() -> Any:
        yield b"begun"
        raise ValueError("inner details")

    return StreamingResponse(body())


def asked(path: str) -> httpx.Response:
    """Ask an application that fails."""
    app = Starlette(
        routes=[Route("/broken", broken), Route("/breaks-off", breaks_off)],
        middleware=[Middleware(Access, metrics=None)],
    )

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.get(path)

    return asyncio.run(ask())


def test_what_fails_inside_is_500_with_nothing_but_the_id() -> None:
    answer = asked("/broken")
    assert (answer.status_code, answer.json()["code"]) == (500, "server.failed")
    assert answer.headers["x-request-id"] in answer.json()["error"]
    assert "inner" not in answer.text


def test_what_fails_inside_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    asked("/broken")
    assert "inner details" in caplog.text


def test_an_answer_that_has_begun_breaks_off() -> None:
    with pytest.raises(ValueError, match="inner details"):
        asked("/breaks-off")


def test_what_is_refused_is_not_received_to_its_end(server: Running) -> None:
    with server.client_of("nobody's") as client:
        answer = client.post("/api/v1/remember", content=b"x" * (8 << 20))
    assert (answer.status_code, answer.headers["connection"]) == (401, "close")


def test_a_connection_stays_for_the_next_request(server: Running, client: Make) -> None:
    answer = client().post("/api/v1/datasets", json={"name": "kept"})
    assert "connection" not in answer.headers
