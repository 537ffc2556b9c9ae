"""A server that dies in the middle of an upload or a sync goes on where it was."""

from __future__ import annotations

import hashlib
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import func, select

from cogx.server.state.tables import data_items

from .routes.test_receiving import SMALL
from .running import Running, running
from .serving import Serving, serving, wait_for

FILES = 24
UPLOADS = "/api/v1/cogx/uploads"
PIECE = {"Content-Type": "application/offset+octet-stream"}
TOLD, CUT = 300, 100
"""Bytes of a piece that was answered, and of one that was not."""


def test_an_upload_goes_on_after_a_kill(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        place = _begun(server)
        server.end(signal.SIGKILL)
    with serving(tmp_path / "data") as server:
        offset = int(server.client.head(place).headers["Upload-Offset"])
        assert TOLD <= offset <= TOLD + CUT
        headers = PIECE | {"Upload-Offset": str(offset)}
        server.client.patch(place, content=SMALL[offset:], headers=headers)
        fields = {"datasetName": "kb", "content_type": "cogx-archive",
                  "upload_id": place.rpartition("/")[2]}  # fmt: skip
        files = [(name, (None, value)) for name, value in fields.items()]
        assert server.client.post("/api/v1/remember", files=files).json()["status"] == "completed"


def _begun(server: Serving) -> str:
    """Begin an upload, send a piece, and a part of a second one."""
    told = {"size": len(SMALL), "sha256": hashlib.sha256(SMALL).hexdigest()}
    place = server.client.post(UPLOADS, json=told).headers["Location"]
    server.client.patch(place, content=SMALL[:TOLD], headers=PIECE | {"Upload-Offset": "0"})
    head = (
        f"PATCH {place} HTTP/1.1\r\nHost: x\r\nUpload-Offset: {TOLD}\r\n"
        f"Content-Type: {PIECE['Content-Type']}\r\nContent-Length: {2 * CUT}\r\n\r\n"
    )
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port)) as line:
        line.sendall(head.encode() + SMALL[TOLD : TOLD + CUT])
    return str(place)


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path / "cloud") as one:
        yield one


def test_a_sync_goes_on_after_a_kill(cloud: Running, tmp_path: Path) -> None:
    settings = {"COGNEE_SERVICE_URL": cloud.url, "COGNEE_API_KEY": cloud.key(cloud.user())}
    with serving(tmp_path / "data", **settings) as server:
        files = [("data", (f"{i}.txt", f"text {i}".encode())) for i in range(FILES)]
        server.client.post("/api/v1/add", data={"datasetName": "kb"}, files=files)
        run = server.client.post("/api/v1/sync", json={}).json()["run_id"]
        wait_for(lambda: _kept(cloud) > 3)
        server.end(signal.SIGKILL)
    before = _kept(cloud)
    with serving(tmp_path / "data", **settings) as server:
        told = wait_for(lambda: _ended(server, run))
    assert (told["status"], told["retry_count"], _kept(cloud)) == ("completed", 1, FILES)
    assert 0 < told["records_uploaded"] <= FILES - before  # One more may have been on its way.


def _kept(cloud: Running) -> int:
    with cloud.context.database.read() as state:
        return state.scalar(select(func.count()).select_from(data_items)) or 0


def _ended(server: Serving, run: str) -> dict[str, Any] | None:
    told: dict[str, Any] = server.client.get(f"/api/v1/sync/{run}").json()
    return told if told["status"] in ("completed", "failed") else None
