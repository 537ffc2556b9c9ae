"""Another site cannot make a browser change something here with the login that it holds."""

from __future__ import annotations

import httpx
import pytest

from .running import Running

LOGIN = "/api/v1/auth/login"
NOBODY = {"username": "a@example.com", "password": "x" * 12}


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://elsewhere.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "null"},
    ],
    ids=str,
)
def test_a_page_of_another_site_is_refused(
    anonymous: httpx.Client, headers: dict[str, str]
) -> None:
    refusal = anonymous.post(LOGIN, data=NOBODY, headers=headers)
    assert (refusal.status_code, refusal.json()["code"]) == (403, "request.cross-site")


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_our_own_page_is_let_through(anonymous: httpx.Client, site: str) -> None:
    headers = {"Sec-Fetch-Site": site}
    assert anonymous.post(LOGIN, data=NOBODY, headers=headers).status_code == 400


def test_our_own_origin_is_let_through(server: Running, anonymous: httpx.Client) -> None:
    headers = {"Origin": server.url}
    assert anonymous.post(LOGIN, data=NOBODY, headers=headers).status_code == 400


def test_a_client_with_a_key_may_come_from_anywhere(server: Running) -> None:
    with server.client() as client:
        body = {"name": "kb"}
        headers = {"Sec-Fetch-Site": "cross-site"}
        assert client.post("/api/v1/datasets", json=body, headers=headers).status_code == 200


def test_reading_changes_nothing_and_is_not_refused(anonymous: httpx.Client) -> None:
    assert anonymous.get("/health", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200
