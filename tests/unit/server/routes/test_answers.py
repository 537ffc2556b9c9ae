"""The API's description says what routes answer, and not what FastAPI believes they do."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from ..running import Running


@pytest.fixture(scope="module")
def document(server: Running) -> dict[str, Any]:
    with server.anonymous() as client:
        return client.get("/openapi.json").json()


def test_a_request_that_is_not_what_a_route_takes_is_told_as_400(document: dict[str, Any]) -> None:
    responses = document["paths"]["/api/v1/permissions/tenants"]["post"]["responses"]
    assert "400" in responses and "422" not in responses


def test_a_route_with_a_caller_tells_401(document: dict[str, Any]) -> None:
    assert "401" in document["paths"]["/api/v1/datasets"]["get"]["responses"]


def test_a_body_that_is_too_large_is_told_wherever_there_is_one(document: dict[str, Any]) -> None:
    taking = document["paths"]["/api/v1/datasets"]
    assert "413" in taking["post"]["responses"] and "413" not in taking["get"]["responses"]


def test_a_route_for_everybody_tells_no_401(document: dict[str, Any]) -> None:
    assert "401" not in document["paths"]["/health"]["get"]["responses"]


def test_the_ways_to_log_in_are_told(document: dict[str, Any]) -> None:
    assert set(document["components"]["securitySchemes"]) == {"key", "token", "cookie"}


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    def references(value: Any) -> list[str]:
        if isinstance(value, dict):
            own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
            return own + [one for inner in value.values() for one in references(inner)]
        if isinstance(value, list):
            return [one for inner in value for one in references(inner)]
        return []

    schemas = document["components"]["schemas"]
    assert {one.rpartition("/")[2] for one in references(document)} <= set(schemas)


def test_the_document_is_the_same_when_asked_again(
    document: dict[str, Any], anonymous: httpx.Client
) -> None:
    assert anonymous.get("/openapi.json").json() == document
