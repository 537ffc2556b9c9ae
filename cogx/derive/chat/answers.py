"""Knows how a model's words are taken from an answer, and what is wrong with them; repairs none.

An answer is an enemy until it is read: any value may stand anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice
from typing import Any, Final, NamedTuple

import orjson

from cogx.errors import RemoteGarbled

_MOST_FAULTS: Final = 100
_SHOWN: Final = 200
_THOUGHTS: Final = re.compile(r"\s*<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL)


class Reply(NamedTuple):
    """What a model said; ``is_cut``: it had no more tokens."""

    text: str
    is_cut: bool


def reply_in(answer: Any) -> Reply:
    """Return the reply in the body of an answer.

    Raises:
        RemoteGarbled: there is none in it, or the model would not answer.
    """
    try:
        (choice, *_) = answer["choices"]
        message, reason = choice["message"], choice.get("finish_reason")
        refusal, content = message.get("refusal"), message.get("content")
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise RemoteGarbled(
            "The endpoint's answer holds no message of a model. Is its URL the one of an "
            "OpenAI-compatible API? It usually ends in /v1."
        ) from error
    if isinstance(content, list):  # parts, as some gateways give them
        parts = [part.get("text") for part in content if isinstance(part, Mapping)]
        content = "".join(part for part in parts if isinstance(part, str))
    if isinstance(refusal, str) and refusal:
        raise RemoteGarbled(f"The model refused to answer: {refusal[:_SHOWN]}")
    if reason == "content_filter":
        raise RemoteGarbled("The endpoint's content filter kept the answer back.")
    return Reply(content if isinstance(content, str) else "", reason == "length")


def read_json(text: str) -> Any:
    """Return the JSON value in a model's words: bare, in a code fence, or behind its thoughts.

    Raises:
        ValueError: there is none, or one that is no JSON to the letter (lone surrogates).
    """
    bare = _THOUGHTS.sub("", text, count=1).strip()
    try:
        return orjson.loads(bare)
    except ValueError:
        start, end = bare.find("{"), bare.rfind("}")
        if start < 0 or end < start:
            raise
        return orjson.loads(bare[start : end + 1])


class Fault(NamedTuple):
    """What is wrong, for the model; ``is_slight`` if all the rest can be read in spite of it."""

    text: str
    is_slight: bool


def faults_of(value: Any, schema: Mapping[str, Any]) -> list[Fault]:
    """Return what is wrong with a value; unknown fields are no fault, as nobody reads them.

    Nor is it one if a field is missing that might be null. A choice that is none of those
    offered is a slight one.
    """
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - not light

    errors = Draft202012Validator(_forgiving(schema)).iter_errors(value)
    faults = [
        Fault(f"{error.json_path}: {error.message[:_SHOWN]}", error.validator == "enum")
        for error in islice(errors, _MOST_FAULTS)
    ]
    return sorted(faults, key=lambda fault: fault.is_slight)


def judged(reply: Reply, schema: Mapping[str, Any]) -> tuple[dict[str, Any] | None, list[str]]:
    """Return the object in a reply if it can be read, and what is wrong with it, for the model."""
    try:
        value = read_json(reply.text)
    except ValueError as error:
        return None, [f"That is no JSON: {error}"]
    if not isinstance(value, dict):
        return None, ["That is no JSON object."]
    faults = faults_of(value, schema)
    is_readable = all(fault.is_slight for fault in faults)
    return value if is_readable else None, [fault.text for fault in faults]


def _forgiving(schema: Any) -> Any:
    """Return a schema without what a model need not keep to."""
    if isinstance(schema, list):
        return [_forgiving(part) for part in schema]
    if not isinstance(schema, Mapping):
        return schema
    kept = {
        name: _forgiving(part)
        for name, part in schema.items()
        if not (name == "additionalProperties" and part is False)
    }
    properties, required = schema.get("properties"), schema.get("required")
    if isinstance(properties, Mapping) and isinstance(required, list):
        kept["required"] = [name for name in required if not _may_be_null(properties.get(name))]
    return kept


def _may_be_null(schema: Any) -> bool:
    return isinstance(schema, Mapping) and "null" in (schema.get("type") or ())
