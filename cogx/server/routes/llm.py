"""Knows the routes that propose a graph schema, and the prompt that asks for it.

With a configured language model the texts are shown to it; without one they are read by their form:
headings, keys and values, tables. Either way the answer is a schema that can be used as it is.
"""

from __future__ import annotations

import math
from typing import Any, Final

import orjson
from anyio import to_thread
from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from cogx.engine.schema_inference import infer_with_model
from cogx.errors import BadSetting, BudgetSpent, EmptyGraph, RemoteError
from cogx.graph_schema.model import GraphSchema
from cogx.graph_schema.parsing import parse_graph_schema
from cogx.graph_schema.prompt import prompt_for
from cogx.graph_schema.texts.inference import infer_from_texts
from cogx.server.bodies import Camel, JsonObject, Text
from cogx.server.context import Caller, Context, Ctx
from cogx.server.derivers import chat_settings, has_model
from cogx.server.form import Form
from cogx.server.forms import checked, multipart, received
from cogx.server.intake import texts_of
from cogx.server.refusals import Refusal, failed
from cogx.server.routes.answers import answers
from cogx.text_files import FileText

router: Final = APIRouter(prefix="/api/v1/llm", tags=["llm"])

_PARAMETERS: Final = {
    "temperature": ("temperature", float),
    "top_p": ("top_p", float),
    "max_tokens": ("max_output_tokens", int),
    "seed": ("seed", int),
}
"""The parameters that are passed on, by the name that our settings have for them."""


class InferForm(BaseModel):
    """The fields of the form beside its files."""

    text: str | None = Field(None, description="A text.")
    parameters: Text = Field(
        "{}", description="A JSON object: temperature, max_tokens, top_p, seed."
    )


class PromptBody(Camel):
    """A graph schema, and how a model is to be asked."""

    graph_model: JsonObject
    parameters: JsonObject = Field(default_factory=dict)


@router.post(
    "/infer-schema",
    openapi_extra=multipart(InferForm),
    responses=answers(400, 402, 408, 413, 415, 422, 429, 502, 503),
)
async def infer_schema(request: Request, caller: Caller, context: Ctx) -> dict[str, Any]:
    """Propose the schema of what texts and files tell of."""
    async with received(request, context) as form:
        asked = checked(InferForm, form)
        parameters = _parameters(asked.parameters)
        schema = await to_thread.run_sync(_inferred, context, form, asked, parameters)
    return {"graphSchema": schema.document}


@router.post("/custom-prompt", responses=answers(400))
def custom_prompt(body: PromptBody, caller: Caller) -> dict[str, str]:
    """Make the prompt that asks a model for a graph of a schema."""
    try:
        return {"customPrompt": prompt_for(parse_graph_schema(body.graph_model))}
    except BadSetting as error:
        raise failed(400, str(error), code="schema.invalid") from error


def _inferred(
    context: Context, form: Form, asked: InferForm, parameters: dict[str, Any]
) -> GraphSchema:
    """Return the schema of the files in their order, then the text.

    Raises:
        Refusal: there is nothing to read (400), nothing in it has a form (422), the model gives
            none (502) or its budget is spent (402).
    """
    texts: list[str | FileText] = [*texts_of(form.files)]
    if asked.text and asked.text.strip():
        texts.append(asked.text)
    if not texts:
        raise failed(400, "There is nothing to infer from: send text or files.")
    try:
        if has_model(context.settings):
            settings = chat_settings(context.settings, **parameters)
            return infer_with_model([_read(one) for one in texts], settings)
        return infer_from_texts(texts)
    except BudgetSpent as error:
        raise failed(402, "Token budget exhausted", detail=str(error)) from error
    except EmptyGraph as error:
        raise failed(422, str(error), code="schema.nothing-found") from error
    except RemoteError as error:
        raise failed(502, str(error), code="model.failed") from error


def _read(text: str | FileText) -> str:
    return text if isinstance(text, str) else text.text


def _parameters(text: str) -> dict[str, Any]:
    """Return what of the parameters is passed on; the rest is dropped, as cognee does.

    Raises:
        Refusal: it is no JSON object, or one of them is no number (422).
    """
    try:
        told = orjson.loads(text or "{}")
    except orjson.JSONDecodeError as error:
        raise failed(422, f"parameters is no JSON: {error}.") from error
    if not isinstance(told, dict):
        raise failed(422, "parameters must be a JSON object.")
    return {
        ours: _number(name, told[name], kind)
        for name, (ours, kind) in _PARAMETERS.items()
        if told.get(name) is not None
    }


def _number(name: str, value: Any, kind: type) -> Any:
    wrong: Refusal = failed(422, f"parameters: {name} must be a number, not {value!r:.80}.")
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise wrong
    if kind is int and value != int(value):
        raise wrong
    return kind(value)
