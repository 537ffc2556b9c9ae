"""A push goes through the proxy that the environment names, and past it where it says so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cogx import RemoteUnavailable, push_sync
from tests.unit.remote.archives import write_archive
from tests.unit.remote.cognee_like import CogneeLike
from tests.unit.remote.forward_proxy import ForwardProxy

KEY = "s3cret"
VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin with an environment that names none, in either spelling."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def proxy() -> Iterator[ForwardProxy]:
    with ForwardProxy() as running:
        yield running


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return write_archive(tmp_path / "people.cogx.tar.gz")


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_every_request_of_a_push_goes_through_the_proxy(
    cognee: CogneeLike,
    proxy: ForwardProxy,
    archive: Path,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
) -> None:
    monkeypatch.setenv(variable, proxy.url)
    assert push_sync(archive, target_dataset="kb", url=cognee.url, api_key=KEY).finished
    assert proxy.asked == [(method, f"{cognee.url}{path}") for method, path in cognee.requests]


def test_the_archive_itself_goes_through_the_proxy(
    cognee: CogneeLike, proxy: ForwardProxy, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    push_sync(archive, target_dataset="kb", url=cognee.url, api_key=KEY)
    assert ("POST", f"{cognee.url}/api/v1/remember") in proxy.asked
    assert proxy.body_bytes > cognee.uploads[0].size > 0


@pytest.mark.parametrize("exceptions", ["127.0.0.1", "example.org,127.0.0.1", "*"])
def test_what_no_proxy_names_is_reached_without_it(
    cognee: CogneeLike,
    proxy: ForwardProxy,
    archive: Path,
    monkeypatch: pytest.MonkeyPatch,
    exceptions: str,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    monkeypatch.setenv("NO_PROXY", exceptions)
    assert push_sync(archive, target_dataset="kb", url=cognee.url, api_key=KEY).finished
    assert proxy.asked == []


def test_another_exception_changes_nothing(
    cognee: CogneeLike, proxy: ForwardProxy, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    monkeypatch.setenv("NO_PROXY", "example.org,10.0.0.1")
    push_sync(archive, target_dataset="kb", url=cognee.url, api_key=KEY)
    assert len(proxy.asked) == len(cognee.requests)


def test_towards_https_only_a_tunnel_is_asked_for_and_no_key_is_shown(
    proxy: ForwardProxy, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    monkeypatch.setattr("cogx.remote.server.FIRST_WAIT_S", 0.0)
    with pytest.raises(RemoteUnavailable, match="403"):
        push_sync(archive, target_dataset="kb", url="https://kb.example.org", api_key=KEY)
    assert set(proxy.asked) == {("CONNECT", "kb.example.org:443")}
    assert KEY not in str(proxy.headers)


def test_the_proxy_for_https_is_none_for_http(
    cognee: CogneeLike, proxy: ForwardProxy, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    assert push_sync(archive, target_dataset="kb", url=cognee.url, api_key=KEY).finished
    assert proxy.asked == []


def test_a_proxy_that_is_gone_ends_the_push_before_anything_is_sent(
    cognee: CogneeLike, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ForwardProxy() as gone:
        monkeypatch.setenv("HTTP_PROXY", gone.url)
    with pytest.raises(RemoteUnavailable):
        push_sync(archive, target_dataset="kb", url=cognee.url, api_key=KEY)
    assert cognee.requests == []
