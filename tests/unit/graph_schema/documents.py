"""Knows a small graph schema to test with, and how to change it."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

TEAM: dict[str, Any] = {
    "title": "TeamGraph",
    "type": "object",
    "description": "People of a company and where they work.",
    "properties": {
        "name": {"type": "string"},
        "members": {"type": "array", "items": {"$ref": "#/$defs/Person"}},
    },
    "required": ["name"],
    "$defs": {
        "Person": {
            "title": "Person",
            "type": "object",
            "description": "A human being.",
            "properties": {
                "name": {"type": "string"},
                "description": {"type": "string"},
                "born": {"type": ["string", "null"], "format": "date"},
                "status": {"$ref": "#/$defs/Status"},
                "knows": {"type": "array", "items": {"$ref": "#/$defs/Person"}},
                "works_at": {
                    "anyOf": [{"$ref": "#/$defs/Company"}, {"type": "null"}],
                    "description": "The present employer.",
                },
                "likes": {
                    "type": "array",
                    "items": {"anyOf": [{"$ref": "#/$defs/Person"}, {"$ref": "#/$defs/Company"}]},
                },
            },
            "required": ["name", "status"],
        },
        "Company": {
            "title": "Company",
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "description": {"type": "string"},
                "employees": {"type": "integer"},
            },
            "required": ["name"],
        },
        "Status": {"enum": ["active", "retired"]},
    },
}


def team(**changes: Any) -> dict[str, Any]:
    """Return the schema with some keys of its root changed; None takes one away."""
    changed = deepcopy(TEAM) | changes
    return {key: value for key, value in changed.items() if value is not None}
