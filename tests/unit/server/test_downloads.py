"""Of a file one range can be had; whatever else a client asks for, it gets the whole."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

Make = Callable[..., httpx.Client]
CONTENT = b"0123456789"


@pytest.fixture
def asked(client: Make) -> Callable[[str], httpx.Response]:
    """Return ``asked(range)``: what comes of a file when a range of it is asked for."""
    one = client()
    added = one.post("/api/v1/add", data={"datasetName": "d"}, files={"data": ("a.txt", CONTENT)})
    place = f"/api/v1/datasets/{added.json()['dataset_id']}/data"
    (item,) = one.get(place).json()
    return lambda wanted: one.get(f"{place}/{item['id']}/raw", headers={"Range": wanted})


@pytest.mark.parametrize(
    ("wanted", "content"),
    [("bytes=2-4", b"234"), ("bytes=7-", b"789"), ("bytes=-2", b"89"), ("bytes=5-5", b"5"),
     ("bytes=8-99", b"89")],
)  # fmt: skip
def test_a_range_is_given(
    asked: Callable[[str], httpx.Response], wanted: str, content: bytes
) -> None:
    answer = asked(wanted)
    assert (answer.status_code, answer.content) == (206, content)


@pytest.mark.parametrize(
    "wanted",
    ["bytes=5-2", "bytes=a-b", "lines=1-2", "bytes=", "bytes=-", "bytes=0-1,4-5", "bytes=0x1-2",
     f"bytes={'9' * 5000}-"],
    ids=["backwards", "words", "unit", "nothing", "dash", "several", "hexadecimal", "long"],
)  # fmt: skip
def test_what_is_no_range_gives_all(asked: Callable[[str], httpx.Response], wanted: str) -> None:
    answer = asked(wanted)
    assert (answer.status_code, answer.content) == (200, CONTENT)


def test_what_lies_behind_the_end_is_416(asked: Callable[[str], httpx.Response]) -> None:
    answer = asked("bytes=10-")
    assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */10")
