"""Knows the names that a node-link file of cogx gives meaning to."""

from __future__ import annotations

from typing import Final

FORMAT: Final = 1
NODE_NAMES: Final = frozenset({"id", "type", "labels", "_cogx"})
EDGE_NAMES: Final = frozenset({"source", "target", "key", "predicate", "_cogx"})
