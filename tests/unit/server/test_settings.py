"""Agent mode is what its variable says exactly, and has a port of its own."""

from __future__ import annotations

import pytest

from cogx.server.settings import Settings


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COGNEE_AGENT_MODE", "HTTP_API_PORT"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("word", "on"), [("true", True), ("TRUE", True), ("1", False), ("yes", False), ("", False)]
)
def test_only_true_is_agent_mode(monkeypatch: pytest.MonkeyPatch, word: str, on: bool) -> None:
    monkeypatch.setenv("COGNEE_AGENT_MODE", word)
    assert Settings(_env_file=None).agent_mode is on


def test_the_flag_goes_before_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COGNEE_AGENT_MODE", "false")
    assert Settings(_env_file=None, agent_mode=True).agent_mode


@pytest.mark.parametrize(("agent_mode", "port"), [(False, 8000), (True, 8011)])
def test_the_port_follows_the_mode(agent_mode: bool, port: int) -> None:
    assert Settings(_env_file=None, agent_mode=agent_mode).port == port


def test_a_port_that_is_set_goes_before_that_of_the_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_API_PORT", "9000")
    assert Settings(_env_file=None, agent_mode=True).port == 9000


def test_the_watchdog_looks_once_a_minute() -> None:
    assert Settings(_env_file=None).agent_tick_s == 60
