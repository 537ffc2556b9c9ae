"""What is kept of a body as it is can be given back as JSON."""

from __future__ import annotations

import math
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from cogx.server.bodies import JsonObject


class Body(BaseModel):
    """A body with an object that is kept."""

    kept: JsonObject


def _nested(depth: int) -> Any:
    return {"a": _nested(depth - 1)} if depth else 1


@pytest.mark.parametrize("value", [{}, {"a": [1, 2.5, None, True, "ä\x00"]}, _nested(64)])
def test_json_is_kept_as_it_is(value: dict[str, Any]) -> None:
    assert Body(kept=value).kept == value


@pytest.mark.parametrize(
    "value",
    [
        pytest.param({"a": math.nan}, id="no number"),
        pytest.param({"a": [math.inf]}, id="infinity"),
        pytest.param({"a": "\ud800"}, id="half a character"),
        pytest.param({"\ud800": 1}, id="half a character as a name"),
        pytest.param(_nested(65), id="deep"),
        pytest.param({"a": "x" * (1 << 20)}, id="large"),
    ],
)
def test_what_could_not_be_given_back_is_refused(value: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Body(kept=value)
