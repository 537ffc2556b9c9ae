"""The server says that it is there, how it is, and what it takes."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from cogx.server.health import components_of

from ..running import running


def test_a_server_that_runs_is_ready(anonymous: httpx.Client) -> None:
    answer = anonymous.get("/health")
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")


def test_the_parts_are_told(anonymous: httpx.Client) -> None:
    told = anonymous.get("/health/detailed").json()
    assert told["status"] == "healthy"
    assert {name: one["provider"] for name, one in told["components"].items()} == {
        "relational_db": "sqlite", "file_storage": "local",
    }  # fmt: skip


def test_the_parts_tell_no_path(anonymous: httpx.Client, tmp_path: Path) -> None:
    assert str(tmp_path.parent) not in anonymous.get("/health/detailed").text


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_part_that_is_gone_makes_the_server_unhealthy(tmp_path: Path) -> None:
    with running(tmp_path / "data") as server:
        (tmp_path / "data").rename(tmp_path / "away")
        try:
            components = components_of(server.context)
            with server.anonymous() as client:
                status = client.get("/health/detailed").status_code
        finally:
            (tmp_path / "away").rename(tmp_path / "data")
    assert (components["file_storage"]["status"], status) == ("unhealthy", 503)
