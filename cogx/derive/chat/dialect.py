"""Knows how an endpoint wants to be asked; that is found out by what it refuses. Asks nothing.

All say that they speak OpenAI's protocol. Some take no JSON Schema, some no ``response_format``
at all, some models no message of the system, and OpenAI's own later ones neither ``max_tokens``
nor a temperature.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from cogx.derive.chat.settings import ChatSettings
from cogx.errors import RemoteError, RemoteRefused

Message = Mapping[str, str]

_FORMS: Final = ("json_schema", "json_object", "text")
_SHOWN_BACK: Final = 20_000
_TOLD: Final = 8
"""How many faults a model is told at once."""
_OF_THE_REQUEST: Final = frozenset({400, 415, 422, 501})


@dataclass(frozen=True, slots=True)
class Dialect:
    """One way to ask.

    ``form`` says how the answer is bound to be JSON; without a schema in the request it stands in
    the words.
    """

    form: str = _FORMS[0]
    tokens_field: str = "max_tokens"
    temperature: bool = True
    system_role: bool = True

    def body(
        self,
        settings: ChatSettings,
        messages: Sequence[Message],
        schema: Mapping[str, Any],
        name: str,
    ) -> dict[str, Any]:
        """Return the body of a request that is to be answered by JSON of this schema."""
        body: dict[str, Any] = {
            "model": settings.model,
            "messages": self._said(messages, schema),
            self.tokens_field: settings.max_output_tokens,
            "stream": False,
        }
        if settings.temperature is not None:
            body["temperature"] = settings.temperature
        elif self.temperature:
            body["temperature"] = 0
        body |= {
            field: value
            for field, value in (("top_p", settings.top_p), ("seed", settings.seed))
            if value is not None
        }
        if self.form == "json_schema":
            shape = {"name": name, "strict": True, "schema": dict(schema)}
            body["response_format"] = {"type": self.form, "json_schema": shape}
        elif self.form == "json_object":
            body["response_format"] = {"type": self.form}
        return body

    def _said(self, messages: Sequence[Message], schema: Mapping[str, Any]) -> list[Message]:
        """Return the messages as this endpoint takes them: roles that alternate, for some."""
        said = list(messages)
        if self.form != "json_schema":
            said[-1] = _behind(said[-1], form_told(schema))
        if not self.system_role and said[0]["role"] == "system":
            rules, first, *rest = said
            said = [{"role": "user", "content": f"{rules['content']}\n\n{first['content']}"}, *rest]
        return said

    def after(self, error: RemoteError, settings: ChatSettings) -> Dialect | None:
        """Return the next way to ask, None if it cannot be the way."""
        if not isinstance(error, RemoteRefused) or error.status not in _OF_THE_REQUEST:
            return None
        told = str(error)
        if "max_completion_tokens" in told and self.tokens_field == "max_tokens":
            return replace(self, tokens_field="max_completion_tokens")
        if "temperature" in told and self.temperature and settings.temperature is None:
            return replace(self, temperature=False)
        if "system" in told.lower() and "role" in told.lower() and self.system_role:
            return replace(self, system_role=False)
        simpler = _FORMS.index(self.form) + 1
        return replace(self, form=_FORMS[simpler]) if simpler < len(_FORMS) else None


def _behind(message: Message, words: str) -> Message:
    return {**message, "content": f"{message['content']}\n\n{words}"}


def form_told(schema: Mapping[str, Any]) -> str:
    """Return the words that ask for JSON of a schema."""
    return (
        "Answer with one JSON object and nothing else: no explanation, no code fence. It keeps to "
        f"this JSON Schema: {json.dumps(schema, ensure_ascii=False, separators=(',', ':'))}"
    )


def repair(text: str, faults: Sequence[str], schema: Mapping[str, Any]) -> list[Message]:
    """Return what a model is told of an answer that is wrong, and that it gave it."""
    told = "\n".join(f"- {fault}" for fault in faults[:_TOLD])
    wanted = (
        f"That answer cannot be used:\n{told}\nGive the whole answer again, with this put right. "
    )
    return [
        {"role": "assistant", "content": text[:_SHOWN_BACK] or "(nothing)"},
        {"role": "user", "content": wanted + form_told(schema)},
    ]
