"""Knows the index of the corpus; judges nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT / "fixtures" / "conformance" / "0.1"
MAKER = ROOT / "fixtures" / "conformance" / "make.py"
SCHEMAS = ROOT / "spec" / "schema" / "0.1"


@dataclass(frozen=True)
class Vector:
    """One entry of index.json; PROVENANCE.md says what its fields mean."""

    path: str
    valid: bool
    why: str
    codes: dict[str, int]
    also: dict[str, int] = field(default_factory=dict)
    places: tuple[dict[str, Any], ...] = ()
    neighbour: str = ""
    seen_by: str = ""
    schema_refuses: tuple[str, ...] = ()
    user_schema: str = ""
    optional: bool = False

    @property
    def source(self) -> Path:
        """Where the archive is."""
        return CORPUS / self.path

    @property
    def folder(self) -> str:
        """Return good, warn or bad."""
        return self.path.partition("/")[0]

    @property
    def named_code(self) -> str:
        """The code in its name, empty for good ones."""
        return "" if self.folder == "good" else self.path.partition("/")[2].partition("--")[0]


VECTORS = [Vector(**entry) for entry in json.loads((CORPUS / "index.json").read_bytes())]


def vectors_in(*folders: str) -> list[Vector]:
    """Return the vectors of some folders."""
    return [vector for vector in VECTORS if vector.folder in folders]
