from __future__ import annotations

import pytest

from cogx.errors import BadSetting
from cogx.remote.address import fit_url, origin


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://memory.example", "https://memory.example"),
        (" https://memory.example/ ", "https://memory.example"),
        ("https://memory.example/cognee//", "https://memory.example/cognee"),
        ("memory.example:8000", "https://memory.example:8000"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://[::1]:8000/", "http://[::1]:8000"),
        ("localhost:8000", "http://localhost:8000"),
    ],
)
def test_what_a_person_writes_becomes_a_base(text: str, url: str) -> None:
    assert fit_url(text) == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://",
        "ftp://memory.example",
        "file:///etc/passwd",
        "http://host:99999",
        "http://host:port",
        "http://[::1",
        "https://memory.example?a=1",
        "https://memory.example#x",
        "https://ann@memory.example",
        "https://ann:hunter2@memory.example",
        "ann:hunter2@memory.example",
    ],
)
def test_what_is_no_base_is_refused(text: str) -> None:
    with pytest.raises(BadSetting) as caught:
        fit_url(text)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://a.example", "https://A.example:443/path", True),
        ("http://a.example", "http://a.example:80", True),
        ("https://a.example", "http://a.example", False),
        ("https://a.example", "https://a.example:8443", False),
        ("https://a.example", "https://b.example", False),
        ("https://a.example", "https://a.example.b.example", False),
    ],
)
def test_an_origin_is_scheme_host_and_port(one: str, other: str, same: bool) -> None:
    assert (origin(one) == origin(other)) is same
