"""What a model is asked."""

from __future__ import annotations

import hashlib
import json

from jsonschema import Draft202012Validator

from cogx.derive.chat.prompt import (
    PROMPT_VERSION,
    answer_schema,
    passage_message,
    system_message,
)
from cogx.ports import Passage
from tests.unit.derive.chat.conftest import entity, fact

DIGESTS = {"1": "94fa775cc76ce0f6"}
"""Of each version's words. What stands in caches and archives was made by these."""


def test_a_version_has_its_words() -> None:
    message = passage_message(Passage("p", ("document", "d"), 0, "text", "before"))
    asked = json.dumps([system_message(None), message, answer_schema(None)])
    assert hashlib.sha256(asked.encode()).hexdigest()[:16] == DIGESTS[PROMPT_VERSION]


def test_the_form_is_one_that_strict_endpoints_take() -> None:
    schema = answer_schema(None)
    Draft202012Validator.check_schema(schema)
    parts = [schema, *(one["items"] for one in schema["properties"].values())]
    for part in parts:
        assert part["required"] == list(part["properties"])
        assert part["additionalProperties"] is False


def test_an_answer_as_it_should_be_has_the_form() -> None:
    answer = {"entities": [entity("a")], "facts": [fact("a", "b", "c", "d")]}
    Draft202012Validator(answer_schema(None)).validate(answer)


def test_another_text_has_another_mark() -> None:
    marks = {
        passage_message(Passage("p", ("document", "d"), 0, text, before))["content"][-35:-3]
        for text, before in (("a", ""), ("b", ""), ("a", "b"), ("", "ab"))
    }
    assert len(marks) == 4
