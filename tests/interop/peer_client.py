"""Knows what a real cognee asks of a server that it is connected to; runs beside cognee only.

Must never go round cognee: every call is one that its SDK offers, with nothing added.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import cognee
from cognee import QAEntry, SearchType
from cognee.api.v1.serve.credentials import load_credentials
from pydantic import BaseModel

CALLS: dict[str, Callable[..., Any]] = {
    "serve": cognee.serve,
    "disconnect": cognee.disconnect,
    "push": cognee.push,
    "remember": cognee.remember,
    "recall": cognee.recall,
    "search": cognee.search,
    "improve": cognee.improve,
    "forget": cognee.forget,
    "add": cognee.add,
    "cognify": cognee.cognify,
    "list_data": cognee.datasets.list_data,
    "load_credentials": load_credentials,
}


async def call(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Call a function of the SDK and return its answer.

    What JSON has no word for is made here: ids, search types, an entry of a session, an open
    ``file`` as the data.
    """
    made = {key: _made(key, value) for key, value in arguments.items()}
    path = made.pop("file", None)
    if path is None:
        answer = CALLS[name](**made)
        return {"answer": _plain(await answer if inspect.isawaitable(answer) else answer)}
    with Path(path).open("rb") as file:
        return {"answer": _plain(await CALLS[name](data=file, **made))}


def _made(key: str, value: Any) -> Any:
    if key in ("dataset_id", "data_id"):
        return UUID(value)
    if key == "query_type":
        return SearchType[value]
    return QAEntry(**value) if key == "data" and isinstance(value, dict) else value


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, SimpleNamespace):
        return vars(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    to_dict = getattr(value, "to_dict", None)
    return to_dict() if to_dict else value
