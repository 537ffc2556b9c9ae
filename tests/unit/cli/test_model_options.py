"""What the command line says of a language model becomes settings."""

from __future__ import annotations

from decimal import Decimal

import click
import pytest
from click.testing import CliRunner, Result

from cogx.cli.model_options import ModelOptions, model_options
from cogx.derive.chat.settings import ChatSettings
from cogx.errors import BadSetting

AT = ("--llm-url", "http://localhost:1/v1", "--llm-model", "m")


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COGX_LLM_URL", "COGX_LLM_MODEL", "COGX_LLM_API_KEY", "LLM_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def run(*arguments: str) -> tuple[Result, list[ModelOptions]]:
    taken: list[ModelOptions] = []

    @click.command()
    @model_options
    def command(model: ModelOptions) -> None:
        taken.append(model)

    return CliRunner().invoke(command, arguments), taken


def settings(*arguments: str) -> ChatSettings:
    result, taken = run(*arguments)
    assert result.exit_code == 0, result.output
    return taken[0].settings()


def test_every_option_arrives() -> None:
    options = ("temperature=0.5", "top_p=0.9", "max_tokens=100", "seed=0", "timeout=9")
    given = [word for option in options for word in ("--llm-option", option)]
    found = settings(
        *AT, *given, "--max-tokens", "1000", "--concurrency", "7", "--price", "0.15,0.60"
    )
    assert found == ChatSettings(
        "http://localhost:1/v1",
        "m",
        temperature=0.5,
        top_p=0.9,
        max_output_tokens=100,
        seed=0,
        timeout_s=9.0,
        budget_tokens=1000,
        concurrency=7,
        prices=(Decimal("0.15"), Decimal("0.60")),
    )


def test_what_is_not_said_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COGX_LLM_URL", "http://localhost:2/v1")
    monkeypatch.setenv("COGX_LLM_MODEL", "other")
    found = settings()
    assert (found.url, found.model) == ("http://localhost:2/v1", "other")


def test_nothing_is_needed_before_it_is_asked_for() -> None:
    result, (model,) = run()
    assert result.exit_code == 0
    with pytest.raises(BadSetting, match="--llm-url or COGX_LLM_URL"):
        model.settings()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--llm-option", "temprature=1"), "Did you mean 'temperature'?"),
        (("--llm-option", "seed"), "is not KEY=VALUE"),
        (("--llm-option", "seed=x"), "'x' is no number for seed"),
        (("--price", "1"), "is not IN,OUT"),
        (("--price", "1,x"), "is not IN,OUT"),
        (("--price", "-1,2"), "is not IN,OUT"),
        (("--price", "NaN,2"), "is not IN,OUT"),
        (("--max-tokens", "0"), "0 is not in the range"),
        (("--concurrency", "0"), "0 is not in the range"),
    ],
)
def test_what_cannot_be_read_is_told(arguments: tuple[str, ...], told: str) -> None:
    result, _ = run(*arguments)
    assert result.exit_code == 2
    assert told in " ".join(result.output.split())


def test_there_is_no_option_for_the_key() -> None:
    result, _ = run("--help")
    assert "key" not in {word for word in result.output.split() if word.startswith("--")}
    assert "COGX_LLM_API_KEY" in result.output
