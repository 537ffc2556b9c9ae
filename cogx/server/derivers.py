"""Knows which deriver and which language model a server uses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cogx.derive.chat.client import ChatClient
from cogx.derive.chat.deriver import ChatDeriver
from cogx.derive.chat.settings import ChatSettings
from cogx.derive.registry import deriver_named
from cogx.graph_schema.model import GraphSchema
from cogx.graph_schema.parsing import parse_graph_schema
from cogx.ports import Deriver
from cogx.server.refusals import refused
from cogx.server.settings import Settings


def deriver_of(
    settings: Settings, schema: GraphSchema | None = None, instructions: str | None = None
) -> Deriver:
    """Return the deriver of a server: the one set, else ``chat`` if there is a model for it.

    Args:
        schema, instructions: what a model is told to keep to.

    Raises:
        MissingExtra, UnknownName, BadSetting: the server is set up for one that is not there.
    """
    name = settings.deriver or ("chat" if has_model(settings) else "vocabulary")
    if name == "chat":
        return ChatDeriver(chat_settings(settings), schema, instructions)
    return deriver_named(name)


def schema_of(asked: Mapping[str, Any]) -> GraphSchema | None:
    """Return the graph schema that a job is to keep to, None for any."""
    document = asked.get("schema")
    return parse_graph_schema(document) if document else None


def has_model(settings: Settings) -> bool:
    """Tell whether a language model is configured."""
    return bool(settings.llm_url and settings.llm_model)


def model_of(settings: Settings) -> ChatClient:
    """Return a client of the configured language model."""
    return ChatClient(chat_settings(settings))


def chat_settings(settings: Settings, **more: Any) -> ChatSettings:
    """Return how the configured language model is asked.

    Raises:
        Refusal: none is configured (503).
    """
    if not (settings.llm_url and settings.llm_model):
        raise refused(
            503,
            "This server has no language model.",
            remedy="Configure COGX_LLM_URL and COGX_LLM_MODEL.",
        )
    key = settings.llm_api_key.get_secret_value() if settings.llm_api_key else None
    return ChatSettings(url=settings.llm_url, model=settings.llm_model, api_key=key, **more)
