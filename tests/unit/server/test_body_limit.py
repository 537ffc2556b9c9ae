"""Bodies that are read into memory are limited whatever they say of themselves; uploads are not."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest

from cogx.server.body_limit import MOST_BODY_BYTES

Make = Callable[..., httpx.Client]
JSON = {"Content-Type": "application/json"}
NAMED = b'{"name": "padded"}'


def pieces(size_bytes: int) -> Iterator[bytes]:
    """Yield that many bytes: httpx sends what it cannot measure in chunks."""
    for start in range(0, size_bytes, 1 << 16):
        yield b" " * min(1 << 16, size_bytes - start)


def test_the_largest_body_is_taken(client: Make) -> None:
    body = NAMED.ljust(MOST_BODY_BYTES)
    assert client().post("/api/v1/datasets", content=body, headers=JSON).status_code == 200


def test_a_byte_more_is_413(client: Make) -> None:
    body = NAMED.ljust(MOST_BODY_BYTES + 1)
    answer = client().post("/api/v1/datasets", content=body, headers=JSON)
    assert (answer.status_code, answer.headers["connection"]) == (413, "close")
    assert f"{MOST_BODY_BYTES:,}" in answer.json()["detail"]


def test_a_byte_more_is_413_without_a_length(client: Make) -> None:
    body = pieces(MOST_BODY_BYTES + 1)
    answer = client().post("/api/v1/datasets", content=body, headers=JSON)
    assert answer.status_code == 413


@pytest.mark.parametrize("media_type", ["text/plain", "multipart/form-data; boundary=x"])
def test_the_type_of_a_body_changes_nothing(client: Make, media_type: str) -> None:
    body, headers = pieces(MOST_BODY_BYTES + 1), {"Content-Type": media_type}
    assert client().post("/api/v1/recall", content=body, headers=headers).status_code == 413


def test_nobody_fills_the_disk_by_logging_in(anonymous: httpx.Client) -> None:
    files = {"username": ("a", b" " * (MOST_BODY_BYTES + 1))}
    assert anonymous.post("/api/v1/auth/login", files=files).status_code == 413


def test_a_file_may_be_larger(client: Make) -> None:
    files = {"data": ("large.txt", b"word " * (MOST_BODY_BYTES // 5 + 1))}
    answer = client().post("/api/v1/add", data={"datasetName": "large"}, files=files)
    assert answer.status_code == 200
