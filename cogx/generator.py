"""Knows the name and version under which cogx signs what it writes; nothing else."""

from __future__ import annotations

from typing import Final

VERSION: Final = "0.1.0"
GENERATOR: Final = f"cogx {VERSION}"
