"""Knows the options that say which language model is asked; asks none.

Must never import what only a running command needs. A key is no option: everybody on the machine
could read it there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import wraps
from typing import TYPE_CHECKING, Any, Final

import click
from click.shell_completion import CompletionItem

from cogx.cli.group import nearest

if TYPE_CHECKING:
    from cogx.derive.chat.settings import ChatSettings

    _Setting = click.ParamType[tuple[str, float]]
    _Price = click.ParamType[tuple[Decimal, Decimal]]
else:  # before click 8.5 the class takes no parameter
    _Setting = _Price = click.ParamType

Function = Callable[..., Any]

_FIELDS: Final = {
    "temperature": ("temperature", float),
    "top_p": ("top_p", float),
    "max_tokens": ("max_output_tokens", int),
    "seed": ("seed", int),
    "timeout": ("timeout_s", float),
}
"""The names that OpenAI's protocol has for them, and ours."""


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """Which model is asked, as the command line says; nothing is checked before it is needed."""

    url: str | None = None
    model: str | None = None
    more: Mapping[str, Any] = field(default_factory=dict)

    def settings(self) -> ChatSettings:
        """Return the settings; what the command line does not say comes from the environment.

        Raises:
            BadSetting: no endpoint or no model is named anywhere, or a value cannot be one.
        """
        from cogx.derive.chat.settings import ChatSettings

        return ChatSettings.from_environment(self.url, self.model, **self.more)


class _ModelSetting(_Setting):
    name = "key=value"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, float]:
        """Return a setting's name in the library, and its value."""
        if isinstance(value, tuple):
            return value
        key, equals, text = value.partition("=")
        if not equals or key not in _FIELDS:
            hint = nearest(key, _FIELDS)
            self.fail(f"{value!r} is not KEY=VALUE.{hint} Known: {', '.join(_FIELDS)}.", param, ctx)
        name, kind = _FIELDS[key]
        try:
            return name, kind(text)
        except ValueError:
            self.fail(f"{text!r} is no number for {key}.", param, ctx)

    def shell_complete(self, ctx: Any, param: Any, incomplete: str) -> list[CompletionItem]:
        """Offer the names of the settings."""
        return [CompletionItem(f"{key}=") for key in _FIELDS if key.startswith(incomplete)]


class _Prices(_Price):
    name = "in,out"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[Decimal, Decimal]:
        """Return the prices of a million tokens, in and out."""
        if isinstance(value, tuple):
            return value
        into, comma, out = value.partition(",")
        try:
            prices = Decimal(into), Decimal(out)
        except InvalidOperation:
            prices = None
        if not comma or prices is None or not all(p.is_finite() and p >= 0 for p in prices):
            self.fail(f"{value!r} is not IN,OUT: two prices, such as 0.15,0.60.", param, ctx)
        return prices


def model_options(function: Function) -> Function:
    """Give a command the options of a language model as ``model``, a :class:`ModelOptions`."""

    @wraps(function)
    def with_model(
        *args: Any,
        llm_url: str | None,
        llm_model: str | None,
        llm_option: tuple[tuple[str, float], ...],
        max_tokens: int | None,
        concurrency: int | None,
        price: tuple[Decimal, Decimal] | None,
        **rest: Any,
    ) -> Any:
        given = {"budget_tokens": max_tokens, "concurrency": concurrency, "prices": price}
        more = dict(llm_option) | {name: value for name, value in given.items() if value}
        return function(*args, model=ModelOptions(llm_url, llm_model, more), **rest)

    for option in reversed(_OPTIONS):
        with_model = option(with_model)
    return with_model


_OPTIONS: Final = (
    click.option(
        "--llm-url",
        metavar="URL",
        help="The endpoint for --deriver chat, such as http://localhost:11434/v1; else "
        "COGX_LLM_URL. Its key comes from COGX_LLM_API_KEY, LLM_API_KEY or, for OpenAI, "
        "OPENAI_API_KEY.",
    ),
    click.option(
        "--llm-model", metavar="NAME", help="The model, as it is called there; else COGX_LLM_MODEL."
    ),
    click.option(
        "--llm-option",
        type=_ModelSetting(),
        metavar="KEY=VALUE",
        multiple=True,
        help="temperature=, top_p=, max_tokens= (of one answer), seed=, timeout= (seconds). "
        "Repeatable.",
    ),
    click.option(
        "--max-tokens",
        type=click.IntRange(min=1),
        metavar="N",
        help="Stop before the model has read and written more tokens than this; run again to "
        "go on.",
    ),
    click.option(
        "--concurrency", type=click.IntRange(1, 100), metavar="N", help="Calls at once; 4."
    ),
    click.option(
        "--price",
        type=_Prices(),
        metavar="IN,OUT",
        help="What a million tokens cost, read and written: to be told the cost.",
    ),
)
