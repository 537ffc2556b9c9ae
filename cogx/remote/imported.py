"""Knows what the answer to an upload proves: that an archive was imported, and how much of it.

Never takes a server's word for more than it says: accepted is not finished, and an upload that
was kept as a plain file is no import.
Source: spec/wire.md#answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cogx.errors import RemoteGarbled, RunFailed, UnsupportedServer
from cogx.remote.probe import NEEDED

_KIND: Final = "migration_import"
_FAILED: Final = frozenset({"errored", "failed"})
_MOST: Final = 1 << 62
_LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class Imported:
    """What a server says it did with an archive.

    Attributes:
        record_counts: records it read, by kind.
        graph_nodes, graph_edges: what it wrote; planned numbers, or 0, while not ``finished``.
        skipped_facts: facts it left out because an end was not there.
        deduped_edges: facts it left out because an edge of the same ends and predicate was there.
        losses: what else it says that it did not keep or make, by code.
        pipeline_run_id: the run to wait for; None if there was nothing to run.
        graph_run_id: the run of the graph alone; where content is processed, too, another one.
        status: its word: completed, started, running.
        finished: all of it is done. What was only started is not.
    """

    status: str
    finished: bool
    pipeline_run_id: str | None = None
    graph_run_id: str | None = None
    record_counts: dict[str, int] = field(default_factory=dict)
    graph_nodes: int = 0
    graph_edges: int = 0
    skipped_facts: int = 0
    deduped_edges: int = 0
    losses: dict[str, int] = field(default_factory=dict)


def imported(answer: Mapping[str, Any]) -> Imported:
    """Return what an answer to an upload proves.

    Raises:
        UnsupportedServer: nothing in it says that an archive was imported.
        RunFailed: it says that the import failed.
        RemoteGarbled: its shape is none that the routes of a cognee answer with.
    """
    status = _text(answer, "status") or "unknown"
    run_id = _text(answer, "pipeline_run_id")
    if status in _FAILED:
        reason = _text(answer, "error") or "it gives no reason"
        raise RunFailed(f"The server took the archive, but its import failed: {reason}.",
                        run_id=run_id)  # fmt: skip
    item = _import_item(answer)
    going_on = _text(item, "graph_import") == "running"
    return Imported(
        status=status,
        finished=status == "completed" and not going_on,
        pipeline_run_id=run_id,
        graph_run_id=_text(item, "pipeline_run_id"),
        record_counts=_numbers(item, "record_counts"),
        graph_nodes=_number(item, "graph_nodes"),
        graph_edges=_number(item, "graph_edges"),
        skipped_facts=_number(item, "skipped_facts"),
        deduped_edges=_number(item, "deduped_edges"),
        losses=_numbers(item, "losses"),
    )


def _import_item(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the last item that tells of an import: behind those of its contents."""
    items = answer.get("items") or []
    if not isinstance(items, list):
        raise _garbled("items")
    for item in reversed(items):
        if isinstance(item, dict) and item.get("kind") == _KIND:
            return item
    raise UnsupportedServer(
        "The server answered, but says nothing of an import: the archive was probably ingested as "
        f"a plain file, as servers before cognee {NEEDED} do. Look into the dataset, upgrade the "
        "server, or send the raw data with sync() or remember() instead.",
        None,
        NEEDED,
    )


def _text(plain: Mapping[str, Any], name: str) -> str | None:
    value = plain.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > _LONGEST:
        raise _garbled(name)
    return value


def _numbers(plain: Mapping[str, Any], name: str) -> dict[str, int]:
    counts = plain.get(name) or {}
    if not isinstance(counts, dict):
        raise _garbled(name)
    return {str(key): _number(counts, key) for key in counts}


def _number(plain: Mapping[str, Any], name: str) -> int:
    value = plain.get(name)
    if value is None:
        return 0
    if type(value) is not int or not 0 <= value < _MOST:
        raise _garbled(name)
    return value


def _garbled(name: str) -> RemoteGarbled:
    return RemoteGarbled(
        f"The server's answer to the upload is not one of a cognee: {name[:_LONGEST]!r} is not "
        "what it should be. The import may have happened; look with `cogx status`.",
        may_have_happened=True,
    )
