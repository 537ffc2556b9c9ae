"""Browsers are told to keep out: no other origin reads, frames or sniffs an answer."""

from __future__ import annotations

import httpx
import pytest

PATHS = ["/health", "/api/v1/datasets", "/openapi.json", "/docs", "/nothing"]


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_has_the_headers(anonymous: httpx.Client, path: str) -> None:
    headers = anonymous.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"


def test_answers_are_not_kept(anonymous: httpx.Client) -> None:
    assert anonymous.get("/api/v1/datasets").headers["cache-control"] == "no-store"


@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_other_origins_may_not_read(anonymous: httpx.Client, method: str) -> None:
    origin = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "GET"}
    headers = anonymous.request(method, "/api/v1/datasets", headers=origin).headers
    assert [name for name in headers if name.startswith("access-control")] == []


def test_plain_http_makes_no_promise_for_the_future(anonymous: httpx.Client) -> None:
    assert "strict-transport-security" not in anonymous.get("/health").headers
