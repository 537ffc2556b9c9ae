"""Knows member names, their order in an archive, and which kind stands in which; opens nothing.

Source: spec/format.md#members.
"""

from __future__ import annotations

from typing import Final

MANIFEST: Final = "manifest.json"
PERMISSIONS: Final = "permissions.json"

MEMBER_OF_KIND: Final = {
    "raw_node": "nodes.jsonl",
    "entity": "entities.jsonl",
    "document": "documents.jsonl",
    "episode": "episodes.jsonl",
    "memory": "memories.jsonl",
    "memory_block": "memory_blocks.jsonl",
    "fact": "facts.jsonl",
}
"""Kind -> member, in the order a writer lays them out: nodes before the facts that join them."""

KIND_OF_MEMBER: Final = {member: kind for kind, member in MEMBER_OF_KIND.items()}
KINDS: Final = tuple(MEMBER_OF_KIND)
MEMBERS: Final = frozenset({MANIFEST, PERMISSIONS, *KIND_OF_MEMBER})

GRAPH_KINDS: Final = frozenset({"raw_node", "entity", "fact"})
CONTENT_KINDS: Final = frozenset({"document", "episode", "memory", "memory_block"})

SUFFIXES: Final = {".tar.gz": "gz", ".tgz": "gz", ".tar.zst": "zst", ".tar": "tar"}
"""File name ending -> compression that a writer chooses. Readers look at the bytes instead."""
