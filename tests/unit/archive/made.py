"""Knows how to make small archives by hand, good and bad; uses no writer of cogx."""

from __future__ import annotations

import json
from typing import Any

from cogx.archive.validate import Findings, validate
from cogx.format.layout import MEMBER_OF_KIND

Members = dict[str, bytes]
EXTENSION = {"version": 1, "generator": "hand"}


def lines(*records: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def archive(*records: dict[str, Any], typed: bool = False, **manifest: Any) -> Members:
    """Return an archive of records (raw nodes have no kind), counted unless told otherwise."""
    by_kind: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        by_kind.setdefault(record.get("kind", "raw_node"), []).append(record)
    said = {"source_system": "s", "counts": {kind: len(some) for kind, some in by_kind.items()}}
    said |= {"cogx": EXTENSION} if typed else {}
    members = {"manifest.json": json.dumps(said | manifest).encode()}
    return members | {MEMBER_OF_KIND[kind]: lines(*some) for kind, some in by_kind.items()}


def entity(identity: str, **fields: Any) -> dict[str, Any]:
    base = {"kind": "entity", "external_system": "s", "external_id": identity, "name": identity}
    return base | fields


def document(identity: str, **fields: Any) -> dict[str, Any]:
    base = {"kind": "document", "external_system": "s", "external_id": identity, "content": ""}
    return base | fields


def fact(identity: str, subject: str, target: str, **fields: Any) -> dict[str, Any]:
    base = {"kind": "fact", "external_system": "s", "external_id": identity}
    return base | {"subject_ref": subject, "predicate": "p", "object_ref": target} | fields


def codes(members: Any, **how: Any) -> list[str]:
    return sorted(problem.code for problem in validate(members, **how).problems)


def places(found: Findings) -> list[tuple[str, str | None, int | None, str | None]]:
    return [(p.code, p.member, p.line, p.field) for p in found.problems]
