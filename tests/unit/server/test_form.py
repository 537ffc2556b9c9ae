"""Forms that are none are refused as such, and leave nothing behind."""

from __future__ import annotations

import gzip
from collections.abc import Callable

import httpx
import pytest

from .running import Running

Make = Callable[..., httpx.Client]

NAME = b'--B\r\nContent-Disposition: form-data; name="datasetName"\r\n\r\nmem\r\n'
FILE = b'--B\r\nContent-Disposition: form-data; name="data"; filename="a.txt"\r\n\r\ntext\r\n'
END = b"--B--\r\n"


def sent(client: httpx.Client, body: bytes, media_type: str, **headers: str) -> httpx.Response:
    """Send a form as these bytes to where files are added."""
    told = {"Content-Type": media_type} | headers
    return client.post("/api/v1/add", content=body, headers=told)


def test_a_form_is_taken(client: Make) -> None:
    answer = sent(client(), NAME + FILE + END, "multipart/form-data; boundary=B")
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        NAME + FILE,
        NAME + FILE[:-2],
        b"--C" + NAME[3:] + END,
        b"",
        NAME.replace(b"datasetName", b"\xff") + END,
        NAME.replace(b"mem", b"\xff") + END,
        NAME.replace(b"Content-Disposition", b"X" * 5000) + END,
        b'--B\r\nContent-Disposition: form-data; name="raw_data"\r\n\r\nx\r\n' * 1001 + END,
    ],
    ids=["no end", "cut", "another boundary", "empty", "name", "value", "header", "very many"],
)
def test_what_is_no_form_is_400(client: Make, body: bytes) -> None:
    assert sent(client(), body, "multipart/form-data; boundary=B").status_code == 400


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json",
        "multipart/form-data",
        'multipart/form-data; boundary=""',
        f"multipart/form-data; boundary={'B' * 5000}",
        "multipart/mixed; boundary=B",
    ],
    ids=["JSON", "no boundary", "empty boundary", "long boundary", "another kind"],
)
def test_a_form_of_another_type_is_400(client: Make, media_type: str) -> None:
    assert sent(client(), NAME + FILE + END, media_type).status_code == 400


def test_a_packed_form_is_415(client: Make) -> None:
    headers = {"Content-Encoding": "gzip"}
    body = gzip.compress(NAME + FILE + END)
    answer = sent(client(), body, "multipart/form-data; boundary=B", **headers)
    assert answer.status_code == 415


def test_a_form_that_is_refused_leaves_no_file(server: Running, client: Make) -> None:
    sent(client(), NAME + FILE, "multipart/form-data; boundary=B")
    assert [*(server.context.places.root / "incoming").iterdir()] == []
