"""Knows the record kinds and their fields: the one declaration everything else is made from.

JSON Schemas, the fast line codec and the field rules are derived from these models; a field
is added here and nowhere else. Knows no file and no bytes. Source: spec/format.md#records.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

from cogx.format.timestamps import format_timestamp, parse_timestamp

SCOPE_KEYS: Final = ("user_id", "agent_id", "session_id", "run_id")


def _timestamp(value: Any) -> Any:
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return parse_timestamp(value)[0]
    if isinstance(value, datetime):
        return parse_timestamp(format_timestamp(value))[0]
    return value


def _scope(value: Any) -> Any:
    """Leave out nulls; a known key that is not text is refused, unknown keys are kept."""
    if not isinstance(value, dict):
        return {} if value is None else value
    for key in SCOPE_KEYS:
        if not isinstance(value.get(key), str | None):
            raise PydanticCustomError("string_type", "scope.{key} should be text", {"key": key})
    return {key: item for key, item in value.items() if item is not None}


_SCOPE_SCHEMA: Final = {
    "type": "object",
    "properties": {key: {"type": ["string", "null"]} for key in SCOPE_KEYS},
}


def _empty_if_null(factory: type) -> BeforeValidator:
    return BeforeValidator(lambda value: factory() if value is None else value)


Timestamp = Annotated[
    datetime,
    BeforeValidator(_timestamp),
    PlainSerializer(format_timestamp, when_used="json"),
    WithJsonSchema({"type": ["string", "number"], "description": "An instant; naive means UTC."}),
]
Scope = Annotated[dict[str, Any], BeforeValidator(_scope), WithJsonSchema(_SCOPE_SCHEMA)]
Object = Annotated[dict[str, Any], _empty_if_null(dict)]
Texts = Annotated[list[str], _empty_if_null(list)]


class _Part(BaseModel):
    """What all parts share: strict types, unknown fields kept."""

    model_config = ConfigDict(extra="allow", strict=True, validate_by_name=True)


class Turn(_Part):
    """One utterance of an episode."""

    role: str = Field(description="Who speaks: user, assistant, a name.")
    content: str = Field(description="What is said.")
    occurred_at: Timestamp | None = Field(default=None, description="When it was said.")


class Record(_Part):
    """What every typed record has."""

    external_system: str = Field(default="unknown", description="The system the record comes from.")
    external_id: str = Field(min_length=1, description="Its id there; unique within its kind.")
    scope: Scope = Field(
        default_factory=dict,
        description="Whose memory it is: user_id, agent_id, session_id, run_id.",
    )
    created_at: Timestamp | None = Field(default=None, description="When the source made it.")
    updated_at: Timestamp | None = Field(
        default=None, description="When the source changed it last."
    )
    metadata: Object = Field(default_factory=dict, description="Anything else, as it is.")


class Document(Record):
    """A text that memory was made from."""

    kind: Literal["document"] = "document"
    content: str = Field(description="The text; a binary original as metadata declares it.")
    title: str | None = Field(default=None, description="What people call it.")
    mime_type: str | None = Field(default=None, description="The media type of the content.")


class Episode(Record):
    """A conversation or another sequence of utterances."""

    kind: Literal["episode"] = "episode"
    turns: Annotated[list[Turn], _empty_if_null(list)] = Field(
        default_factory=list, description="The utterances, in the order they are kept."
    )
    title: str | None = Field(default=None, description="What people call it.")


class Entity(Record):
    """A thing that facts are about."""

    kind: Literal["entity"] = "entity"
    name: str = Field(min_length=1, description="What people call it.")
    entity_type: str | None = Field(default=None, description="What sort of thing it is.")
    description: str | None = Field(default=None, description="What is known of it in words.")
    aliases: Texts = Field(default_factory=list, description="Other names.")
    attributes: Object = Field(default_factory=dict, description="Its properties.")


class Fact(Record):
    """A directed, labelled statement that joins two things, and when it held."""

    kind: Literal["fact"] = "fact"
    subject_ref: str = Field(min_length=1, description="An external_id, a raw node's id or a name.")
    predicate: str = Field(min_length=1, description="What is stated, verbatim.")
    object_ref: str = Field(min_length=1, description="As subject_ref.")
    fact_text: str | None = Field(default=None, description="The statement in words.")
    valid_at: Timestamp | None = Field(default=None, description="Since when it holds.")
    invalid_at: Timestamp | None = Field(default=None, description="Since when it no longer holds.")
    confidence: float | None = Field(default=None, description="How sure, 0 to 1.")
    provenance: Texts = Field(default_factory=list, description="external_ids it was taken from.")


class Memory(Record):
    """A distilled statement that an agent keeps."""

    kind: Literal["memory"] = "memory"
    content: str = Field(description="The statement.")
    categories: Texts = Field(default_factory=list, description="What it is about.")


class MemoryBlock(Record):
    """A named part of an agent's working memory."""

    kind: Literal["memory_block"] = "memory_block"
    label: str = Field(description="Its name in the agent's memory.")
    value: str = Field(description="Its text.")
    limit: int | None = Field(default=None, description="The most characters the value may have.")


class RawNode(BaseModel):
    """A node exactly as its store has it; on its line the properties stand bare."""

    model_config = ConfigDict(strict=True)
    kind: Literal["raw_node"] = "raw_node"
    properties: dict[str, Any] = Field(description="All of it, with a text `id`; `type` by custom.")

    @property
    def external_id(self) -> str:
        """Return the node's id, under the name other kinds have for theirs."""
        return str(self.properties["id"])


AnyRecord = Document | Episode | Entity | Fact | Memory | MemoryBlock | RawNode

MODEL_OF_KIND: Final[dict[str, type[Record]]] = {
    "entity": Entity,
    "document": Document,
    "episode": Episode,
    "memory": Memory,
    "memory_block": MemoryBlock,
    "fact": Fact,
}
"""Every typed kind; raw_node has no envelope and stands apart."""
