"""Knows which model is asked, where, with which key and settings; asks nothing.

The key stands in no repr and no text of an error. It comes from the environment, where nobody
else on the machine can see it, or from the caller.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlsplit

from cogx.errors import BadSetting
from cogx.remote.address import fit_key, fit_url

URL_VARIABLE: Final = "COGX_LLM_URL"
MODEL_VARIABLE: Final = "COGX_LLM_MODEL"
KEY_VARIABLES: Final = ("COGX_LLM_API_KEY", "LLM_API_KEY")
OPENAI_KEY_VARIABLE: Final = "OPENAI_API_KEY"
_OPENAI: Final = ".openai.com"
_ROUTE: Final = "/chat/completions"
_PER: Final = 1_000_000
_BOUNDS: Final = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "max_output_tokens": (16, 1_000_000),
    "seed": (-(2**63), 2**63 - 1),
    "timeout_s": (1, 86_400),
    "concurrency": (1, 100),
    "budget_tokens": (1, 10**15),
}


@dataclass(frozen=True, slots=True)
class ChatSettings:
    """How a model is asked.

    Args:
        url: the base URL, with its version: ``https://api.openai.com/v1``,
            ``http://localhost:11434/v1`` (Ollama).
        model: its name there.
        api_key: sent to this URL only, as a bearer token; None sends none.
        temperature: None is 0, or the model's own where it takes no 0.
        top_p: None sends none; so for ``seed``.
        max_output_tokens: the most of one answer; a passage whose answer is longer is halved.
        timeout_s: how long the endpoint may say nothing.
        concurrency: how many calls run at once.
        budget_tokens: the most tokens of all calls together, in and out.
        prices: what a million tokens cost, in and out, in any currency.

    Raises:
        BadSetting: a value that cannot be one; the text never shows the key.
    """

    url: str
    model: str
    api_key: str | None = field(default=None, repr=False)
    temperature: float | None = None
    top_p: float | None = None
    max_output_tokens: int = 4096
    seed: int | None = None
    timeout_s: float = 300.0
    concurrency: int = 4
    budget_tokens: int | None = None
    prices: tuple[Decimal, Decimal] | None = None

    def __post_init__(self) -> None:
        for name, (least, most) in _BOUNDS.items():
            value = getattr(self, name)
            if value is not None and not least <= value <= most:
                raise BadSetting(f"{name} is {value}; it must be {least:,} to {most:,}.")
        if self.prices is not None and min(self.prices) < 0:
            raise BadSetting("A price cannot be below 0.")
        object.__setattr__(self, "url", _fit_endpoint(self.url))
        object.__setattr__(self, "api_key", fit_key(self.api_key))
        if not self.model.strip():
            raise BadSetting(
                f"No model is named. Give its name (--llm-model or {MODEL_VARIABLE}), as the "
                "endpoint has it."
            )

    @classmethod
    def from_environment(
        cls, url: str | None = None, model: str | None = None, **rest: Any
    ) -> ChatSettings:
        """Return settings; what is not given comes from the environment.

        The URL from COGX_LLM_URL, the model from COGX_LLM_MODEL, the key from COGX_LLM_API_KEY or
        LLM_API_KEY. OPENAI_API_KEY goes to OpenAI's own servers and nowhere else.
        """
        url = url or os.environ.get(URL_VARIABLE, "")
        rest.setdefault("api_key", _key_for(url))
        return cls(url, model or os.environ.get(MODEL_VARIABLE, ""), **rest)

    def cost(self, tokens_in: int, tokens_out: int) -> Decimal | None:
        """Return what so many tokens cost, None if no prices are known."""
        if self.prices is None:
            return None
        return (self.prices[0] * tokens_in + self.prices[1] * tokens_out) / _PER


def _fit_endpoint(url: str) -> str:
    if not url.strip():
        raise BadSetting(
            "No endpoint is named. Give its base URL (--llm-url or "
            f"{URL_VARIABLE}), for example http://localhost:11434/v1 for Ollama."
        )
    if "@" in url:
        raise BadSetting(
            "The endpoint's URL carries a name or a password, which everybody on this machine "
            f"could see. Leave them out, and set {KEY_VARIABLES[0]}."
        )
    return fit_url(url.strip().rstrip("/").removesuffix(_ROUTE))


def _key_for(url: str) -> str | None:
    for name in KEY_VARIABLES:
        if key := os.environ.get(name, "").strip():
            return key
    # Who sets it means OpenAI. Another endpoint must not get it because it was named in a hurry.
    host = urlsplit(url if "://" in url else f"https://{url}").hostname or ""
    return os.environ.get(OPENAI_KEY_VARIABLE) if f".{host}".endswith(_OPENAI) else None
