"""The API answers as it describes itself, whatever it is sent, and never fails.

Requests are made of the description by schemathesis: those that fit it and those that do not, with
ids of the caller's own and of nobody. With COGX_FUZZ=1 there are many more of them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.transport.serialization import serialize_binary

from cogx.server.app import create_app
from cogx.server.settings import Settings

from .operations import Operation, iter_operations
from .running import Running, running
from .worlds import World, make_world

FUZZ: Final = bool(os.environ.get("COGX_FUZZ"))
EXAMPLES: Final = 60 if FUZZ else 6
CHECKS: Final = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
DOCUMENT: Final = create_app(Settings(_env_file=None, data_directory=Path("nowhere"))).openapi()
API: Final = schemathesis.openapi.from_dict(DOCUMENT)
OPERATIONS: Final = list(iter_operations(DOCUMENT))
ASKING: Final = ("/api/v1/recall", "/api/v1/search", "/api/v1/llm/custom-prompt")
"""Paths of POST that change nothing the caller has."""
HASHING: Final = ("/api/v1/auth/register", "/api/v1/auth/login", "/api/v1/users/me")
"""Paths that take their time on purpose."""


@schemathesis.serializer("application/offset+octet-stream")
def _piece(_: Any, value: Any) -> bytes:
    """Send a piece of an upload as it is."""
    return serialize_binary(value)


def cases() -> Iterator[tuple[Operation, GenerationMode]]:
    """Yield operations with what to send them; an operation that takes nothing gets nothing bad."""
    for operation in OPERATIONS:
        told = DOCUMENT["paths"][operation.path][operation.method.lower()]
        for mode in GenerationMode:
            if mode.is_positive or told.get("parameters") or "requestBody" in told:
                yield operation, mode


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Run a server of one's own: what is sent here fills it."""
    with running(tmp_path_factory.mktemp("openapi")) as one:
        yield one


@pytest.fixture(scope="module")
def reader(server: Running) -> World:
    """Return somebody whose dataset has a graph."""
    world = make_world(server)
    with server.client_of(world.key) as client:
        text = "Ada Lovelace wrote to ada@example.org on 1843-07-10."
        fields = {"datasetName": (None, world.word), "raw_data": (None, text)}
        assert client.post("/api/v1/remember", files=fields).status_code == 200
    return world


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    """Return a session that keeps its connection, and no cookies."""
    with requests.Session() as one:
        one.trust_env = False
        yield one


@pytest.mark.parametrize(
    ("operation", "mode"), [pytest.param(*one, id=f"{one[0]} {one[1].value}") for one in cases()]
)
def test_an_operation_answers_as_it_is_described(
    server: Running,
    reader: World,
    session: requests.Session,
    operation: Operation,
    mode: GenerationMode,
) -> None:
    reads = operation.method == "GET" or operation.path in ASKING
    world = reader if reads else make_world(server)
    requests_of_it = API[operation.path][operation.method].as_strategy(mode)

    @settings(
        max_examples=EXAMPLES // 3 if operation.path in HASHING else EXAMPLES,
        deadline=None,
        database=None,
        derandomize=not FUZZ,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=requests_of_it, own=st.booleans())
    def answers_as_described(case: Case, own: bool) -> None:
        if own:
            put_ids(case, operation, world)
        case.call_and_validate(
            base_url=server.url,
            session=session,
            headers={"X-Api-Key": world.key},
            checks=CHECKS,
        )

    answers_as_described()


def put_ids(case: Case, operation: Operation, world: World) -> None:
    """Let a request ask for what is the caller's own."""
    for place in operation.places:
        value = place.value(world.ids[place.kind])
        if place.where == "path":
            case.path_parameters[place.name] = value
        elif place.where == "query" and place.name in case.query:
            case.query[place.name] = value
        elif isinstance(case.body, dict) and place.name in case.body:
            case.body[place.name] = value
        elif isinstance(case.body, list):
            case.body = value
