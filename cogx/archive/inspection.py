"""Knows the words in which an archive's content is told; looks into no archive itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cogx.format.manifest import Manifest
from cogx.format.timestamps import format_timestamp


@dataclass(slots=True)
class Span:
    """The earliest and the latest of some instants."""

    first: datetime
    last: datetime

    def to_json(self) -> dict[str, str]:
        """Return both as COGX writes timestamps."""
        return {"first": format_timestamp(self.first), "last": format_timestamp(self.last)}


@dataclass(slots=True)
class MemberSummary:
    """One member: its length, its records if it has any, its digest, and whether it is as said.

    ``as_declared`` is None if the manifest says nothing about it.
    """

    bytes: int = 0
    records: int | None = None
    sha256: str = ""
    as_declared: bool | None = None


@dataclass(slots=True)
class Inspection:
    """What an archive holds. ``problems`` counts by code what stood in the way.

    ``node_types`` and ``predicates`` are ordered, the most frequent first. ``secrets`` says
    that the archive holds permissions.json. ``complete`` is False for a selection.
    """

    name: str
    form: str
    size: int | None
    manifest: Manifest | None = None
    members: dict[str, MemberSummary] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    node_types: dict[str, int] = field(default_factory=dict)
    predicates: dict[str, int] = field(default_factory=dict)
    unnamed: dict[str, int] = field(default_factory=dict)
    times: dict[str, Span] = field(default_factory=dict)
    fingerprint: dict[str, str] = field(default_factory=dict)
    fingerprint_as_declared: bool | None = None
    secrets: bool = False
    problems: dict[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain JSON; the manifest without our extension's long lists."""
        return {
            "archive": self.name,
            "form": self.form,
            "size_bytes": self.size,
            "manifest": _manifest_json(self.manifest),
            "members": {
                name: {
                    "bytes": member.bytes,
                    "records": member.records,
                    "sha256": member.sha256,
                    "as_declared": member.as_declared,
                }
                for name, member in self.members.items()
            },
            "counts": self.counts,
            "node_types": self.node_types,
            "predicates": self.predicates,
            "unnamed": self.unnamed,
            "times": {name: span.to_json() for name, span in self.times.items()},
            "fingerprint": self.fingerprint,
            "fingerprint_as_declared": self.fingerprint_as_declared,
            "secrets": self.secrets,
            "problems": self.problems,
        }


def _manifest_json(manifest: Manifest | None) -> dict[str, Any] | None:
    if manifest is None:
        return None
    plain = manifest.to_json()
    extension = plain.get("cogx")
    if extension is not None:
        for name in ("members", "fingerprint"):  # stand beside, with what was found
            extension.pop(name, None)
    return plain
