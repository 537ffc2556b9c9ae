from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from cogx.derive.chat.settings import ChatSettings
from cogx.errors import BadSetting

KEYS = ("COGX_LLM_API_KEY", "LLM_API_KEY", "OPENAI_API_KEY")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in (*KEYS, "COGX_LLM_URL", "COGX_LLM_MODEL"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_the_key_is_in_no_repr() -> None:
    assert "s3cret" not in repr(ChatSettings("http://localhost/v1", "m", "s3cret"))


@pytest.mark.parametrize(
    ("given", "fit"),
    [
        ("http://localhost:1/v1/", "http://localhost:1/v1"),
        ("http://localhost:1/v1/chat/completions", "http://localhost:1/v1"),
        ("api.example.org/v1", "https://api.example.org/v1"),
        ("localhost:11434/v1", "http://localhost:11434/v1"),
    ],
)
def test_an_endpoint_is_taken_as_people_write_it(given: str, fit: str) -> None:
    assert ChatSettings(given, "m").url == fit


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"url": " "}, "COGX_LLM_URL"),
        ({"url": "http://me:s3cret@host/v1"}, "COGX_LLM_API_KEY"),
        ({"url": "ftp://host"}, "no address"),
        ({"model": " "}, "COGX_LLM_MODEL"),
        ({"api_key": "s3cret s3cret"}, "space"),
        ({"temperature": float("nan")}, "temperature is nan"),
        ({"temperature": 2.1}, "0 to 2"),
        ({"top_p": -0.1}, "0 to 1"),
        ({"max_output_tokens": 1}, "16 to 1,000,000"),
        ({"concurrency": 0}, "1 to 100"),
        ({"timeout_s": 0.0}, "timeout_s"),
        ({"budget_tokens": 0}, "budget_tokens"),
        ({"prices": (Decimal(1), Decimal(-1))}, "below 0"),
    ],
)
def test_what_cannot_be_a_setting_is_refused(given: dict[str, Any], told: str) -> None:
    with pytest.raises(BadSetting, match=told) as error:
        ChatSettings(**{"url": "http://localhost/v1", "model": "m"} | given)
    assert "s3cret" not in str(error.value)


def test_the_first_key_of_the_environment_is_taken(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("LLM_API_KEY", "second")
    assert ChatSettings.from_environment("http://localhost/v1", "m").api_key == "second"
    environment.setenv("COGX_LLM_API_KEY", "first")
    assert ChatSettings.from_environment("http://localhost/v1", "m").api_key == "first"


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://api.openai.com/v1", "k"),
        ("eu.api.openai.com/v1", "k"),
        ("http://localhost/v1", None),
        ("https://openai.com.example.org/v1", None),
        ("https://notopenai.com/v1", None),
    ],
)
def test_the_key_for_openai_goes_to_openai_only(
    environment: pytest.MonkeyPatch, url: str, key: str | None
) -> None:
    environment.setenv("OPENAI_API_KEY", "k")
    assert ChatSettings.from_environment(url, "m").api_key == key


def test_a_key_that_is_given_wins(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("COGX_LLM_API_KEY", "k")
    at = ChatSettings.from_environment("http://localhost/v1", "m", api_key="mine")
    assert at.api_key == "mine"


def test_cost_is_in_the_currency_of_the_prices() -> None:
    prices = (Decimal("0.15"), Decimal("0.60"))
    priced = ChatSettings("http://localhost/v1", "m", prices=prices)
    assert priced.cost(1_000_000, 500_000) == Decimal("0.45")
    assert ChatSettings("http://localhost/v1", "m").cost(1, 1) is None
