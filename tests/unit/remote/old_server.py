"""A server on loopback that says again what a real older cognee once said to cogx.

The recordings are those of ``tests/interop/record_server.py``; each is one scene. What a server
says depends on what it was told, so an answer belongs to the number of requests before it that
were no GET. What was never asked of the real one gets its answer to a route it does not know.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import cogx
from tests.unit.archive.made import archive, document
from tests.unit.remote.scripted import Asked, Says, Scripted

SERVERS = Path(__file__).parents[3] / "fixtures" / "servers"
KEY = "5" * 64
"""Stands for the right key, which no recording holds."""
NOTES = {"ada": "Ada Lovelace met Babbage in London.", "grüße": "Grüße from Zürich, says Ada.\n"}
"""The texts that the dataset ``notes`` of the real server held, by document."""
SHIPPED = {"one": "Boole wrote to Morgan.", "two": "Morgan answered Boole.\n"}
"""The texts that a sync brought into its dataset ``shipped``."""

Exchange = dict[str, Any]


def write_texts(path: Path, texts: Mapping[str, str]) -> str:
    """Write an archive of texts, one document each."""
    made = archive(*(document(name, content=text) for name, text in texts.items()))
    with cogx.open_archive(made) as source, cogx.ArchiveWriter(path) as target:
        for block in source.iter_blocks():
            target.write_batch(block.kind, block.records)
    return str(path)


class OldServer(Scripted):
    """One recorded scene; a context manager. ``asked`` keeps what was asked of it."""

    def __init__(self, version: str, scene: str) -> None:
        super().__init__()
        self._recorded = _load(version, scene)
        self._unknown: dict[str, Any] = _load(version, "unknown")[0]["said"]

    @property
    def posted(self) -> list[Asked]:
        """Return the requests that were no GET."""
        return [one for one in self.asked if not one.route.startswith("GET ")]

    def answer(self, asked: Asked) -> Says:
        told = len(self.posted)
        self.asked.append(asked)
        key = {None: "none", "": "none", KEY: "right"}.get(asked.headers.get("x-api-key"), "wrong")
        found = [one for one in self._recorded if _is_asked(one["asked"], asked, key)]
        same = [one for one in found if _query(one["asked"]["query"]) == _query(asked.query)]
        known = [one for one in same or found if one["after"] <= told]
        latest = max((one["after"] for one in known), default=0)
        said = ([self._unknown] + [one["said"] for one in known if one["after"] == latest])[-1]
        body = said["body"]
        return Says(said["status"], body.encode() if isinstance(body, str) else body, said["type"])


def _load(version: str, scene: str) -> list[Exchange]:
    path = SERVERS / f"cognee-{version}" / f"{scene}.json"
    exchanges: list[Exchange] = json.loads(path.read_text("utf-8"))
    return exchanges


def _is_asked(recorded: dict[str, str], asked: Asked, key: str) -> bool:
    route = f"{recorded['method']} {recorded['path']}"
    return route == asked.route and recorded["key"] == key


def _query(text: str) -> list[tuple[str, str]]:
    return sorted(parse_qsl(text))
